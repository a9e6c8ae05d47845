import TradingCore

/// What fails at the moment, each with when it began to. One success ends it.
struct StandingFaults {
    private(set) var all: [JobFault] = []

    mutating func failed(_ what: String, _ error: any Error, now: Timestamp) { failed(what, "\(error)", now: now) }

    mutating func failed(_ what: String, _ failure: String, now: Timestamp) {
        let index = all.firstIndex { $0.what == what }
        let fault = JobFault(what, since: index.map { all[$0].since } ?? now, failure: failure)
        if let index { all[index] = fault } else { all.append(fault) }
    }

    mutating func succeeded(_ what: String) {
        // The good path, at every job.
        if all.isEmpty { return }
        all.removeAll { $0.what == what }
    }
}
