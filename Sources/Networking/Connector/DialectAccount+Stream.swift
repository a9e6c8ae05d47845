import Exchanges
import Logging
import Scheduling
import Synchronization
import TradingCore

/// The account's stream, and what stands in for it while it is down.
extension DialectAccount {
    func startStream() {
        state.withLock { state in
            guard state.streamTask == nil, let client = state.client else { return }
            state.streamGeneration += 1
            let generation = state.streamGeneration
            state.stream = .opening(confirmed: 0, since: venue.now)
            state.streamTask = Task { await self.run(client, generation) }
        }
    }

    func stopStream() {
        let task = state.withLock { state in
            defer {
                state.streamTask = nil
                state.streamGeneration += 1
                state.streamIsDown()
            }
            return state.streamTask
        }
        task?.cancel()
    }

    private func run(_ client: ExchangeClient, _ generation: Int) async {
        // Signatures are made with the exchange's time: once it is known, logging in works at the first attempt.
        if !venue.manners.clock.isKnown { await venue.measureClock() }
        let keeper = StreamKeeper(
            exchange: venue.id.rawValue, backoff: venue.wires.reconnects(seed: UInt64(generation))
        ) { client.context($0) }
        let source = client.streamSource(isPrivate: true, headers: venue.dialect.hosts.headers) {
            [self] token throws(ExchangeFailure) in try dialect.privateStream(token: token)
        }
        let schedule = venue.schedule("/\(label): stream")
        defer { schedule.end() }
        let runner = StreamRunner(
            keeper, source, client: venue.wires.webSockets, time: venue.time, schedule: schedule
        ) {
            [weak self] update in
            self?.take(update, generation)
        }
        await runner.run()
    }

    private func take(_ update: StreamRunner.Update, _ generation: Int) {
        guard state.withLock({ $0.streamGeneration == generation }) else { return }
        switch update {
        case .connected:
            state.withLock { $0.stream = .opening(confirmed: 0, since: venue.now) }
        case .disconnected(let failure):
            state.withLock { $0.streamIsDown() }
            lose("stream: \(failure)")
        case .event(let event): take(event)
        // An account's stream has no books.
        case .bookNotFetched: break
        }
    }

    private func take(_ event: StreamEvent) {
        switch event {
        case .confirmed: confirmed()
        case .refused(let what, let failure):
            venue.logger.error("\(venue.id)/\(label): \(what) was refused: \(failure)")
            state.withLock { state in
                state.streamIsDown()
                if !failure.keyCauses.isEmpty { state.streamRefusal = failure }
            }
            lose("\(what): \(failure)")
            noteClock(failure)
        case .order(let order):
            streamTold(order)
            take(order)
        case .fill(let trade):
            streamTold(trade)
            take(trade)
        // Balances some tell to whoever begins to listen: they prove nothing of orders.
        case .balances, .alive: streamLives()
        case .unexplained(let what): venue.logger.debug("\(venue.id)/\(label): \(what)")
        case .book, .bookChange, .bookLost, .trade, .ticker, .bestPrices, .candle: break
        }
    }

    /// Subscribed first: only now a look at what is open tells all that the stream will not.
    private func confirmed() {
        let isReady = state.withLock { state in
            guard case .opening(let confirmed, let since) = state.stream else { return false }
            guard confirmed + 1 >= venue.abilities.privateConfirmations else {
                state.stream = .opening(confirmed: confirmed + 1, since: since)
                return false
            }
            state.stream = .ready
            state.streamTrust.isReady(at: venue.now)
            (state.fault, state.streamRefusal) = (nil, nil)
            state.auditedAt = venue.now
            return true
        }
        guard isReady else { return }
        spawn {
            await self.auditFirst()
            await self.protectConnection()
        }
    }

    private func auditFirst() async {
        let isAnswered = await audit()
        if Task.isCancelled { return }
        if !isAnswered { return lose("its stream is there, and questions about its orders are not answered") }
        // What broke meanwhile is for the watch to make good.
        if isStreaming { recover() }
    }

    // MARK: - What it tells

    /// Whose order it is; nil for somebody else's.
    func ownID(_ order: ExchangeOrder) -> ClientOrderID? {
        if let id = dialect.ownership(of: order).id { return id }
        return state.withLock { $0.tracker.id(exchangeID: order.id) }
    }

    private func take(_ order: ExchangeOrder) {
        guard let id = ownID(order) else {
            if let exchangeID = order.id, dialect.ownership(of: order) == .foreign {
                state.withLock { $0.tracker.noteForeign(exchangeID: exchangeID) }
            }
            return streamLives()
        }
        let symbol = order.symbol ?? state.withLock { $0.tracker.orders[id]?.symbol }
        guard let symbol else { return }
        tell(symbol) { tracker in
            let events = tracker.heard(order, id, at: venue.exchangeNow)
            if order.status?.isFinal == true { tracker.endIsConfirmed(id) }
            return events
        }
        lookForFills(id, symbol)
    }

    private func take(_ trade: ExchangeTrade) {
        // Without its fee it would be booked wrong; the order's new sum, which follows, has it asked for.
        guard venue.abilities.streamsFees, let symbol = trade.symbol else { return streamLives() }
        let ownership = dialect.ownership(of: trade)
        if let id = ownership.id ?? state.withLock({ $0.tracker.id(exchangeID: trade.orderID) }) {
            _ = tell(trade, id, symbol)
        } else if ownership == .untold, let exchangeID = trade.orderID {
            spawn {
                if let id = try? await self.owner(of: exchangeID, symbol) { _ = self.tell(trade, id, symbol) }
            }
        }
    }

    /// - Returns: false when it cannot be counted, which is told as a fault: nothing wrong is booked.
    func tell(_ trade: ExchangeTrade, _ id: ClientOrderID, _ symbol: Symbol, isAnswer: Bool = false) -> Bool {
        guard let instrument = venue.known(symbol), let text = trade.id, let amount = trade.amount else { return false }
        do throws(ConnectorError) {
            let fill = try OrderTranslation.fill(trade, id, instrument)
            tell(symbol) { tracker in
                tracker.bind(id, exchangeID: trade.orderID)
                return tracker.heard(fill, trade: text, amount: amount, symbol, isAnswer: isAnswer)
            }
            return true
        } catch {
            venue.logger.critical("\(venue.id)/\(label): \(error)")
            lose("\(error)")
            return false
        }
    }

    // MARK: - Watching

    /// Polls while the stream is down, and looks now and then whether it tells the truth while it is up.
    func watch() async {
        let schedule = venue.schedule("/\(label): watch")
        defer { schedule.end() }
        var failure: String?
        while !Task.isCancelled {
            do { try await venue.wait(venue.pace.polling, schedule, failure: failure) } catch { return }
            failure = nil
            rememberNonce()
            let (stream, auditedAt, isLost) = state.withLock { ($0.stream, $0.auditedAt, $0.isLost) }
            if stream == .ready {
                if restartIfDoubted() { continue }
                if state.withLock({ $0.streamTrust.isDoubted }) {
                    failure = await standIn()
                    continue
                }
                let isDue = isLost || venue.now &- auditedAt >= venue.pace.audit
                // The stream lives, and told something that could not be taken: nothing else would say so until it breaks.
                if isDue, await audit(), isLost { recover() }
                continue
            }
            let isAnswered = await audit()
            // Nobody listens any more, or the key is gone: that nothing was answered says nothing.
            if Task.isCancelled { return }
            if isAnswered {
                recover()
                tellAll(.alive)
            } else {
                failure = Self.nothingTells
                lose(Self.nothingTells)
            }
            restartIfStuck()
        }
    }

    private func restartIfStuck() {
        let isStuck = state.withLock { state in
            switch state.stream {
            case .opening(_, let since): venue.now &- since > venue.pace.readiness &+ venue.pace.restart
            // The runner connects anew by itself, unless what was refused leaves it connected to no avail.
            case .down: state.streamTask != nil && venue.now &- state.auditedAt > venue.pace.restart
            case .ready: false
            }
        }
        guard isStuck else { return }
        stopStream()
        state.withLock { $0.auditedAt = venue.now }
        startStream()
    }

    /// Compares the open orders with what is known of ours, and asks about every difference.
    /// - Returns: whether the exchange answered.
    func audit() async -> Bool {
        let symbols = state.withLock { state in Set(state.sinks.values.map(\.symbol)) }
        for symbol in symbols.sorted(by: { $0.description < $1.description }) {
            let (before, ended) = state.withLock { state in
                (
                    state.tracker.live(symbol).filter { state.tracker.orders[$0]?.isAcknowledged == true },
                    state.tracker.endedOrders(symbol)
                )
            }
            let listed: [ExchangeOrder]
            do { listed = try await listOpenOrders(symbol) } catch { return false }
            noteForeign(listed, symbol)
            var seen: Set<ClientOrderID> = []
            for order in listed {
                guard let id = ownID(order) else { continue }
                seen.insert(id)
                tell(symbol) { $0.heard(order, id, at: venue.exchangeNow) }
                lookForFills(id, symbol)
                if ended.contains(id), state.withLock({ $0.tracker.doubtsEnd(of: id, order) }) { look(for: id, symbol) }
            }
            for id in before where !seen.contains(id) { look(for: id, symbol) }
        }
        if isStreaming { state.withLock { $0.auditedAt = venue.now } }
        return true
    }
}
