import Exchanges
import Synchronization
import TradingCore

extension DialectAccount.State {
    /// What is wrong with a stream that is not relied on, for people; nil where it is.
    var silentStream: String? {
        switch streamTrust.doubt {
        case nil: nil
        case .silent:
            "its stream lives and tells nothing of what is accepted: it is asked for every few seconds instead"
        case .late(let by):
            "its stream lives and tells what happened \(by / 1_000) s ago: it is asked for every few seconds instead"
        }
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

    func streamTold(_ order: ExchangeOrder) {
        let word = StreamTrust.Word(order: ownID(order), happenedAt: moment(order.updatedAt))
        state.withLock { $0.streamTrust.hasTold(word, at: venue.now) }
    }

    func streamTold(_ trade: ExchangeTrade) {
        let known = state.withLock { $0.tracker.id(exchangeID: trade.orderID) }
        let word = StreamTrust.Word(
            order: dialect.ownership(of: trade).id ?? known, happenedAt: moment(trade.time))
        state.withLock { $0.streamTrust.hasTold(word, at: venue.now) }
    }

    /// A time of the exchange's by our clock, as late as the two may mean; nil while nothing is known of how they differ.
    private func moment(_ exchangeTime: Int64?) -> Int64? {
        let (clock, now) = (venue.manners.clock, venue.now)
        guard let exchangeTime, let offset = clock.offset(at: now), let uncertainty = clock.uncertainty(at: now) else {
            return nil
        }
        return exchangeTime &- offset &+ uncertainty
    }

    /// The exchange has accepted an order that was sent then: the stream has to tell of it.
    func streamOwesWord(on id: ClientOrderID, since sentAt: Int64) {
        state.withLock { $0.streamTrust.accepted(id, sentAt: sentAt, now: venue.now) }
    }

    /// A connection may live on without its stream, or with one that lags: fills would be learnt of by the next audit alone.
    /// - Returns: whether it was given up, and begun anew.
    func restartIfDoubted() -> Bool {
        let doubt = state.withLock { state in
            state.stream == .ready ? state.streamTrust.begunDoubt(at: venue.now) : nil
        }
        guard let doubt else { return false }
        stopStream()
        switch doubt {
        case .silent(let since):
            lose("stream: it has told nothing of an order that was accepted \(since / 1_000) s ago")
        case .late(let by):
            lose("stream: it tells what happened \(by / 1_000) s ago")
            // Unless one of the clocks was set.
            spawn { await self.venue.measureClock() }
        }
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
