import TradingCore

/// What fails at the moment, each with when it began to. One success ends it.
struct StandingFaults {
    private(set) var all: [JobFault] = []

    /// - Returns: whether it did not fail before, or otherwise: then it is worth a line in the log, which a full disk may have to hold.
    mutating func failed(_ what: String, _ error: any Error, now: Timestamp) -> Bool {
        failed(what, "\(error)", now: now)
    }

    mutating func failed(_ what: String, _ failure: String, now: Timestamp) -> Bool {
        let index = all.firstIndex { $0.what == what }
        let isNews = index.map { all[$0].failure != failure } ?? true
        let fault = JobFault(what, since: index.map { all[$0].since } ?? now, failure: failure)
        if let index { all[index] = fault } else { all.append(fault) }
        return isNews
    }

    mutating func succeeded(_ what: String) {
        // The good path, at every job.
        if all.isEmpty { return }
        all.removeAll { $0.what == what }
    }
}
