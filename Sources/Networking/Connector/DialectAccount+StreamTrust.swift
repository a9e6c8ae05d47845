import Exchanges
import Synchronization
import TradingCore

extension DialectAccount.State {
    /// What is wrong with a stream that is not relied on, for people; nil where it is.
    var silentStream: String? {
        streamTrust.isDoubted
            ? "its stream lives and tells nothing of what is accepted: it is asked for every few seconds instead" : nil
    }

    mutating func streamIsDown() {
        stream = .down
        streamTrust.isDown()
    }
}

/// Whether the account's stream still tells, and what stands in for one that lives and does not.
extension DialectAccount {
    static let nothingTells = "neither stream nor questions tell of the account"

    /// A stream that is not relied on proves nothing by living: questions alone tell then how fresh all is that is known.
    func streamLives() {
        if state.withLock({ !$0.streamTrust.isDoubted }) { tellAll(.alive) }
    }

    func streamTold() { state.withLock { $0.streamTrust.hasTold(at: venue.now) } }

    /// The exchange has accepted an order that was sent then: the stream has to tell of it.
    func streamOwesWord(since sentAt: Int64) {
        state.withLock { $0.streamTrust.accepted(sentAt: sentAt, now: venue.now) }
    }

    /// A connection may live on without its stream: fills would be learnt of by the next audit alone.
    /// - Returns: whether it was given up, and begun anew.
    func restartIfSilent() -> Bool {
        let silence = state.withLock { state in
            state.stream == .ready ? state.streamTrust.overdue(at: venue.now, after: venue.pace.silence) : nil
        }
        guard let silence else { return false }
        stopStream()
        lose("stream: it has told nothing of an order that was accepted \(silence / 1_000) s ago")
        state.withLock { $0.auditedAt = venue.now }
        startStream()
        return true
    }

    /// What a stream that is not relied on may have kept back is asked for as often as if there were none.
    /// - Returns: what is wrong; nil where the exchange answers.
    func standIn() async -> String? {
        let isAnswered = await audit()
        if Task.isCancelled { return nil }
        if isAnswered {
            recover()
            tellAll(.alive)
        } else {
            lose(Self.nothingTells)
        }
        if state.withLock({ $0.streamTrust.isRetryDue(at: venue.now, every: venue.pace.audit) }) {
            stopStream()
            startStream()
        }
        return isAnswered ? nil : Self.nothingTells
    }
}
