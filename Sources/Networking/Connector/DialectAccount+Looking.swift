import Exchanges
import Logging
import Synchronization
import TradingCore

/// Finding out what became of an order.
extension DialectAccount {
    private enum Finding {
        case told
        /// - Parameters:
        ///   - after: milliseconds.
        ///   - fault: what kept the exchange's word from being known; nil where only time has to pass.
        case again(after: Int64, fault: String? = nil)
    }

    /// Asks until the exchange's word is there, telling it again to whoever asked. One look for an order at a time.
    func look(for id: ClientOrderID, _ symbol: Symbol) {
        guard state.withLock({ $0.looks.insert(id).inserted }) else { return }
        let begins = spawn {
            await self.lookUntilTold(id, symbol)
            _ = self.state.withLock { $0.looks.remove(id) }
        }
        // Whoever asks again when the key is back must not be told that somebody is looking.
        if !begins { _ = state.withLock { $0.looks.remove(id) } }
    }

    /// The stream has time to tell first.
    func lookLater(for id: ClientOrderID, _ symbol: Symbol) {
        spawn {
            do { try await self.venue.sleep(self.venue.pace.shortestLook) } catch { return }
            let isOver = self.state.withLock { $0.tracker.orders[id]?.end != nil || $0.tracker.orders[id] == nil }
            if !isOver { self.look(for: id, symbol) }
        }
    }

    /// An end that the answer to a request has told may be none: the stream has time to tell of it, too. While there is no stream to be
    /// relied on, what is open is listed every few seconds, and shows it.
    func confirmEnd(of id: ClientOrderID, _ symbol: Symbol) {
        let isNeeded = state.withLock { state in
            state.tracker.orders[id]?.isEndInDoubt == true && state.stream == .ready && !state.streamTrust.isDoubted
        }
        guard isNeeded else { return }
        spawn {
            do { try await self.venue.sleep(self.venue.pace.endGrace) } catch { return }
            await self.askAboutEnd(of: id, symbol)
        }
    }

    private func askAboutEnd(of id: ClientOrderID, _ symbol: Symbol) async {
        guard state.withLock({ $0.tracker.orders[id]?.isEndInDoubt == true }),
            let order = try? await find(id, symbol)
        else { return }
        let (isDoubted, owesFills) = state.withLock { state in
            (state.tracker.doubtsEnd(of: id, order), state.tracker.orders[id]?.owesFills == true)
        }
        if isDoubted {
            // Exchanges show what has just ended for a moment: two answers must show it.
            do { try await venue.sleep(venue.pace.shortestLook) } catch { return }
        }
        if isDoubted || owesFills { look(for: id, symbol) }
    }

    private func lookUntilTold(_ id: ClientOrderID, _ symbol: Symbol) async {
        var (wait, misses, faults) = (venue.pace.shortestLook, 0, 0)
        while !Task.isCancelled {
            switch await lookOnce(id, symbol, &misses) {
            case .told: return
            case .again(let after, let fault):
                if let fault {
                    faults += 1
                    tellOfFault(fault, faults, id)
                }
                do { try await venue.sleep(max(after, wait)) } catch { return }
                wait = min(2 &* wait, venue.pace.longestLook)
            }
        }
    }

    /// An order of which nothing can be learned holds its funds and keeps its session waiting: the first time that is told, and then twice
    /// as rarely each time.
    private func tellOfFault(_ fault: String, _ count: Int, _ id: ClientOrderID) {
        guard count & (count - 1) == 0 else { return }
        let times = count == 1 ? "" : " (asked \(count) times)"
        venue.logger.warning("\(venue.id)/\(label): what became of order \(id) cannot be learned\(times): \(fault)")
    }

    private func lookOnce(_ id: ClientOrderID, _ symbol: Symbol, _ misses: inout Int) async -> Finding {
        let sentAt = venue.now
        do throws(ExchangeFailure) {
            let order = try await find(id, symbol)
            return await tellFound(order, id, symbol)
        } catch {
            guard error.kind == .orderNotFound else { return .again(after: 0, fault: "\(error)") }
            let isKnown = state.withLock { $0.tracker.orders[id]?.isAcknowledged == true }
            return isKnown
                ? await tellGone(id, symbol, &misses) : notFound(id, symbol, sentAt: sentAt)
        }
    }

    /// Fills first, then the state.
    private func tellFound(_ order: ExchangeOrder, _ id: ClientOrderID, _ symbol: Symbol) async -> Finding {
        state.withLock { $0.tracker.bind(id, exchangeID: order.id) }
        let owesFills = state.withLock { $0.tracker.orders[id]?.owesFills == true }
        if owesFills || order.filled?.isPositive == true {
            guard await tellFills(id, symbol, exchangeID: order.id, isAnswer: true) else {
                return .again(after: 0, fault: "its fills cannot be listed")
            }
        }
        var known = order
        known.symbol = symbol
        let answer = known
        if let missing = state.withLock({ $0.tracker.shown(answer, id, at: venue.exchangeNow) }) {
            venue.logger.error("\(venue.id)/\(label): \(TakenBackWait.words(id, missing))")
        }
        tell(symbol) { tracker in
            if answer.filled?.isZero ?? true { tracker.hasToldAll(id) }
            return tracker.heard(answer, id, at: venue.exchangeNow, isAnswer: true)
        }
        return state.withLock({ $0.tracker.orders[id]?.owesFills == true }) ? .again(after: 0) : .told
    }

    /// The exchange shows no order that it showed before: twice, and it is on no list either, so it is gone.
    private func tellGone(_ id: ClientOrderID, _ symbol: Symbol, _ misses: inout Int) async -> Finding {
        misses += 1
        guard misses >= AcceptanceRule.lookUpsNeeded else { return .again(after: AcceptanceRule.apart) }
        do throws(ConnectorError) {
            if try await listOpenOrders(symbol).contains(where: { ownID($0) == id }) { return .again(after: 0) }
            let placedAt = state.withLock { $0.tracker.orders[id]?.placedAt } ?? venue.exchangeNow
            for trade in try await ownTrades(symbol, since: placedAt &- 60_000) {
                let owner: ClientOrderID?
                // Perhaps its own: it is not gone before that is known.
                do { owner = try await self.owner(of: trade, symbol) } catch {
                    return .again(after: 0, fault: "whose trade \(trade.id ?? "?") is, is not known: \(error)")
                }
                if owner == id { _ = tell(trade, id, symbol, isAnswer: true) }
            }
        } catch { return .again(after: 0, fault: "\(error)") }
        tell(symbol) { $0.isGone(id) }
        return .told
    }

    /// Never accepted only when the exchange's clock is past all that the request allowed, and two looks found nothing.
    private func notFound(_ id: ClientOrderID, _ symbol: Symbol, sentAt: Int64) -> Finding {
        // One that is still on its way, or waits for its turn, says itself when it can last be accepted.
        if state.withLock({ $0.departures[id] != nil }) { return .again(after: 0) }
        let (clock, window) = (venue.manners.clock, acceptanceWindow)
        let verdict = state.withLock { state -> AcceptanceRule.Verdict in
            guard let known = state.tracker.orders[id] else { return .neverAccepted }
            var rule =
                known.acceptance
                ?? AcceptanceRule(
                    timestamp: known.placedAt ?? clock.exchangeTime(at: sentAt),
                    window: window)
            rule.lookedUp(.notFound, sentAt: sentAt, clock)
            state.tracker.setAcceptance(rule, of: id)
            return rule.verdict(venue.now, clock)
        }
        switch verdict {
        case .accepted: return .again(after: 0)
        case .unknown(let lookUpAt):
            if !clock.isKnown { spawn { await self.venue.measureClock() } }
            return .again(after: max(0, lookUpAt &- venue.now))
        case .neverAccepted:
            tell(symbol) { tracker in
                tracker.neverWas(id)
                return [.notFound(id)]
            }
            return .told
        }
    }

    // MARK: - Fills

    /// Asks for fills that the exchange has told of by their sum, and that do not come by the stream.
    func lookForFills(_ id: ClientOrderID, _ symbol: Symbol) {
        let begins = state.withLock { state in
            guard let known = state.tracker.orders[id], known.lacksFills, known.filled?.isPositive == true else {
                return false
            }
            return state.fillLooks.insert(id).inserted
        }
        guard begins else { return }
        let isAtWork = spawn {
            await self.lookForFillsUntilTold(id, symbol)
            _ = self.state.withLock { $0.fillLooks.remove(id) }
            // One may have been told of between the last look and here.
            if !Task.isCancelled { self.lookForFills(id, symbol) }
        }
        if !isAtWork { _ = state.withLock { $0.fillLooks.remove(id) } }
    }

    private func lookForFillsUntilTold(_ id: ClientOrderID, _ symbol: Symbol) async {
        var (wait, since, isAsked) = (venue.pace.fillGrace, venue.now, false)
        while !Task.isCancelled {
            do { try await venue.sleep(wait) } catch { return }
            let (lacks, exchangeID) = state.withLock { state in
                (state.tracker.orders[id]?.lacksFills == true, state.tracker.orders[id]?.exchangeID)
            }
            guard lacks else { return }
            if !isAsked, venue.now &- since >= venue.pace.endGrace {
                // Perhaps it has not ended, or did not fill what it told of.
                await askAboutEnd(of: id, symbol)
                isAsked = true
            }
            if await tellFills(id, symbol, exchangeID: exchangeID, isAnswer: false),
                state.withLock({ $0.tracker.orders[id]?.lacksFills != true })
            {
                return
            }
            wait = min(2 &* wait, venue.pace.longestLook)
        }
    }

    /// - Returns: whether all there are by now were told.
    private func tellFills(
        _ id: ClientOrderID, _ symbol: Symbol, exchangeID: String?, isAnswer: Bool
    ) async -> Bool {
        guard let exchangeID else { return false }
        let earlier = state.withLock { $0.tracker.orders[id]?.earlierIDs ?? [] }
        for exchangeID in earlier + [exchangeID] {
            let trades: [ExchangeTrade]
            do { trades = try await self.trades(of: exchangeID, symbol) } catch { return false }
            for trade in trades {
                guard tell(trade, id, symbol, isAnswer: isAnswer) else { return false }
            }
        }
        tell(symbol) { tracker in
            tracker.hasToldAll(id)
            return tracker.endEvents(id, isAnswer: false)
        }
        return true
    }

    // MARK: - One look

    func reference(_ id: ClientOrderID, _ symbol: Symbol) -> OrderReference {
        let known = state.withLock { $0.tracker.orders[id] }
        return OrderReference(
            id: known?.exchangeID, clientOrderID: dialect.clientOrderID(id), symbol: symbol,
            placedAt: known?.placedAt)
    }

    /// - Throws: `orderNotFound` only when every place where the order may be has none.
    func find(_ id: ClientOrderID, _ symbol: Symbol) async throws(ExchangeFailure) -> ExchangeOrder {
        let reference = reference(id, symbol)
        do throws(ExchangeFailure) { return try await find(reference) } catch {
            guard error.kind == .orderNotFound else { throw error }
        }
        // Where our id alone does not find an order for as long as it may matter, the lists do.
        if reference.id == nil, !venue.abilities.findsByClientOrderID, reference.placedAt == nil {
            return try await search(id, symbol)
        }
        throw ExchangeFailure(.orderNotFound, exchange: venue.id.rawValue, message: "no order \(id)")
    }

    /// Among what is open, and where the exchange keeps what is done.
    func find(_ reference: OrderReference) async throws(ExchangeFailure) -> ExchangeOrder {
        do throws(ExchangeFailure) {
            return try await perform { dialect throws(ExchangeFailure) in try dialect.order(reference) }
        } catch {
            guard error.kind == .orderNotFound || error.kind == .argumentsRequired else { throw error }
        }
        let done: EndpointCall<ExchangeOrder>?
        do { done = try dialect.doneOrder(reference) } catch { done = nil }
        guard let done else {
            throw ExchangeFailure(.orderNotFound, exchange: venue.id.rawValue, message: "no such order")
        }
        return try await perform { _ in done }
    }

    /// Through the lists of what is open and what has ended in the last two weeks.
    private func search(_ id: ClientOrderID, _ symbol: Symbol) async throws(ExchangeFailure) -> ExchangeOrder {
        let open = try await allOpenOrders(symbol)
        let since = venue.exchangeNow &- 14 * 86_400_000
        let closed: [ExchangeOrder] = try await perform { dialect throws(ExchangeFailure) in
            try dialect.closedOrders(HistoryQuery(symbol: symbol, since: since, limit: 1_000))
        }
        if let found = (open + closed).first(where: { ownID($0) == id }) { return found }
        throw ExchangeFailure(.orderNotFound, exchange: venue.id.rawValue, message: "no order \(id) on the lists")
    }

    func perform<Answer: Sendable>(
        _ make: (any ExchangeDialect) throws(ExchangeFailure) -> EndpointCall<Answer>
    ) async throws(ExchangeFailure) -> Answer {
        guard let client = state.withLock({ $0.client }) else {
            throw ExchangeFailure(.authenticationError, exchange: venue.id.rawValue, message: "the key was taken away")
        }
        let call = try make(dialect)
        do throws(CallFailure) { return try await client.perform(call, within: venue.pace.question) } catch {
            noteClock(error.failure)
            throw error.failure
        }
    }
}
