import Exchanges
import Execution
import Logging
import Scheduling
import Synchronization
import TradingCore

/// Looking after orders: at once when a stream says so, every two seconds all the same.
extension SidecarOrderDesk {
    func streamed(_ update: SidecarStreamUpdate, isOrders: Bool) {
        if isOrders { judge(update) }
        switch update {
        case .event(let value):
            if isOrders { reported(value) } else { state.withLock { $0.areFillsDue = true } }
            raiseNews()
        case .recovered: raiseNews()
        // The lists are looked at in any case; without a stream only later.
        case .alive, .lost, .unsupported: break
        }
    }

    private func judge(_ update: SidecarStreamUpdate) {
        let now = milliseconds
        state.withLock { state in
            switch update {
            case .event, .alive, .recovered: if !state.trust.isThere { state.trust.isReady(at: now) }
            case .lost, .unsupported: state.trust.isDown()
            }
            // ccxt's times of change are its exchanges', by clocks that nobody measures: whose orders they are says enough.
            guard case .event(let value) = update else { return }
            for element in value.elements ?? [] {
                state.trust.hasTold(.init(order: account.ids.id(element.text("clientOrderId"))), at: now)
            }
        }
    }

    /// An order was accepted, and its stream says nothing of it: fills are known only when the lists have been looked at.
    func noteSilence() {
        guard case .silent(let since)? = state.withLock({ $0.trust.begunDoubt(at: milliseconds) }) else { return }
        logger.warning(
            "\(account.label) \(symbol): its stream has told nothing of an order that was accepted \(since / 1_000) s ago"
        )
    }

    private func reported(_ value: JSONValue) {
        let now = time.now()
        var events: [AccountEvent] = []
        for element in value.elements ?? [] {
            guard let id = account.ids.id(element.text("clientOrderId")),
                let order = try? UnifiedReading.order(element)
            else { continue }
            events += state.withLock { (try? $0.board.report(order, id, now: now)) ?? [] }
        }
        tell(events)
    }

    func look(_ news: Signal) async {
        let registry = account.connector.client.registry
        let schedule = registry.schedule("\(account.connector.id)/\(account.label) \(symbol): look")
        defer { schedule.end() }
        while !Task.isCancelled {
            let began = time.now()
            schedule.works(since: began)
            var failure: String?
            do {
                try await lookAtOrders()
                try await lookAtFills()
            } catch { failure = "\(error)" }
            looked(failure)
            noteSilence()
            schedule.worked(from: began, to: time.now(), failure: failure)
            let next = began.advanced(byNanoseconds: Self.interval)
            schedule.isDue(at: next)
            await wait(until: next, news)
        }
    }

    /// Looks at fills whenever there is news, until the time has come to look at everything.
    private func wait(until deadline: Timestamp, _ news: Signal) async {
        while !Task.isCancelled, time.now() < deadline {
            await withTaskGroup { group in
                group.addTask { await news.wait() }
                group.addTask { [time] in try? await time.sleep(until: deadline) }
                await group.next()
                group.cancelAll()
            }
            // What fails here is tried again with everything else.
            if !Task.isCancelled, time.now() < deadline { try? await lookAtFills() }
        }
    }

    private func looked(_ fault: String?) {
        let now = time.now()
        let update: AccountUpdate? = state.withLock { state in
            guard fault != nil else {
                state.failingSince = nil
                defer { state.isLost = false }
                return state.isLost ? .recovered : .alive
            }
            let since = state.failingSince ?? now
            state.failingSince = since
            guard !state.isLost, now.nanoseconds(since: since) >= Self.faultLimit else { return nil }
            state.isLost = true
            return .lost
        }
        if let fault { logger.warning("orders on \(symbol) cannot be looked at: \(fault)") }
        if let update { tell([update]) }
    }

    // MARK: - Orders

    private func lookAtOrders() async throws {
        let askedAt = time.now()
        let endedBefore = state.withLock { $0.board.ended }
        let orders = try await openOrders()
        let listed = Set(orders.map(\.0))
        for (id, order) in orders {
            // Told one by one: what the board has taken in is not told again, should the next not be readable.
            tell(try state.withLock { try $0.board.report(order, id, now: askedAt) })
            takeOffIfItOutstays(order, id)
        }
        // Only the list of trades tells then that one has filled in part.
        if orders.contains(where: { $0.1.filled == nil }) { state.withLock { $0.areFillsDue = true } }
        tell(state.withLock { $0.board.reappeared(in: listed, endedBefore: endedBefore) })
        askAboutMissing(from: listed, askedAt: askedAt)
        for id in state.withLock({ $0.board.owing(now: askedAt) }) {
            if let order = try await lookUp(id) {
                try await tellWhole(order, id)
            } else {
                try await lookForForgotten(id)
            }
        }
    }

    /// So many are asked about at once.
    private static let mostQueries = 4

    /// On their own: an answer that takes long, as where lists have to tell, keeps neither fills nor the next look waiting.
    private func askAboutMissing(from listed: Set<ClientOrderID>, askedAt: Timestamp) {
        let due = state.withLock { state -> [ClientOrderID] in
            let missing = state.board.missing(from: listed, askedAt: askedAt).filter { !state.asking.contains($0) }
            let due = Array(missing.prefix(max(0, Self.mostQueries - state.asking.count)))
            state.asking.formUnion(due)
            return due
        }
        for id in due {
            Task {
                await query(id)
                _ = state.withLock { $0.asking.remove(id) }
            }
        }
    }

    /// An order that has ended and lacks fills, and that the exchange knows no more: only its trades may still tell of it.
    func lookForForgotten(_ id: ClientOrderID) async throws {
        let placedAt = state.withLock { $0.board.entries[id]?.placedAt } ?? time.now()
        let since = placedAt.advanced(byNanoseconds: -Self.lookBack).nanoseconds / Nanoseconds.perMillisecond
        let fills = try await fetchFills(since: since)
        let (booked, verdict) = state.withLock { state in
            let booked = state.board.filled(fills)
            return (booked, state.board.forgotten(id, now: time.now()))
        }
        if let missing = verdict.missing {
            logger.warning(
                """
                order \(id) has ended, and the exchange knows it no more: \(missing) that it had told as filled, and that no trade shows, \
                counts as never filled
                """)
        }
        tell(booked + verdict.events)
    }

    // MARK: - Orders that must not rest

    /// One that trades at once or not at all has been accepted: whether it rests all the same is asked at once.
    func lookForOutstaying(_ id: ClientOrderID) async {
        do {
            guard let order = try await lookUp(id) else { return }
            let now = time.now()
            tell(try state.withLock { try $0.board.report(order, id, now: now) })
            raiseNews()
            takeOffIfItOutstays(order, id)
        } catch { logger.debug("order \(id) could not be looked up: \(error)") }
    }

    private func takeOffIfItOutstays(_ order: ExchangeOrder, _ id: ClientOrderID) {
        let now = time.now()
        guard state.withLock({ $0.board.outstays(order, id, now: now) }) else { return }
        logger.warning(
            "order \(id) was to trade at once or not at all, and rests at \(account.connector.id): being cancelled")
        Task {
            // Whatever is answered: what became of it is looked at, and while it rests it is cancelled again.
            _ = try? await askToCancel(id)
            await lookForOutstaying(id)
        }
    }

    // MARK: - Lists and look-ups

    /// Ours alone: an order of somebody else's has no id of ours to be listed by.
    private func openOrders() async throws -> [(ClientOrderID, ExchangeOrder)] {
        let told = try await account.ask("openOrders", [.text("symbol", symbol.description)])
        return try told.list(named: "openOrders").compactMap { value in
            guard let id = account.ids.id(value.text("clientOrderId")) else { return nil }
            return (id, try UnifiedReading.order(value))
        }
    }

    func listOpenOrders() async throws -> [ListedOrder] {
        let orders = try await openOrders()
        return try state.withLock { state in
            try orders.map { id, order in
                guard let side = order.side else {
                    throw UnreadableAnswer("side", expected: "buy or sell", found: "nothing")
                }
                let amount = try state.board.lots(order.amount, "amount")
                let filled = try state.board.lots(order.filled ?? .zero, "filled")
                return ListedOrder(
                    id: id, side: side, price: Price(ticks: try state.board.ticks(order.price, "price")),
                    remaining: Quantity(lots: max(0, amount - filled)))
            }
        }
    }

    func lookUp(_ id: ClientOrderID) async throws(SidecarFailure) -> ExchangeOrder? {
        // Where an exchange has to be asked for lists, they may be many.
        let told = try await account.ask("lookUpOrder", lookUpArguments(id), within: 60_000)
        if told.isNull { return nil }
        do {
            let order = try UnifiedReading.order(told)
            // Its trades name the exchange's id alone.
            if let exchangeID = order.id { state.withLock { $0.board.learn(exchangeID, id) } }
            return order
        } catch { throw .unreadable("\(error)") }
    }

    /// The exchange's clock may be so far behind ours, which nobody measures.
    static let lookBack = Nanoseconds.seconds(600)

    /// An exchange that is asked for lists has to read them from the order's placement on; where nobody knows when that was, it says so
    /// rather than that there is none.
    func lookUpArguments(_ id: ClientOrderID) -> [JSONValue.Member] {
        let (entry, earlier) = state.withLock { ($0.board.entries[id], $0.earlier[id]) }
        let since = (entry?.isPlacedHere == true ? entry?.placedAt : earlier).map {
            $0.advanced(byNanoseconds: -Self.lookBack).nanoseconds / Nanoseconds.perMillisecond
        }
        return [
            .text("symbol", symbol.description), .text("id", entry?.exchangeID),
            .text("clientOrderId", account.ids.text(id)),
            .init(key: "since", value: since.map { .number(String($0)) } ?? .null),
        ]
    }

    func summary(_ order: ExchangeOrder, _ id: ClientOrderID) throws -> OrderReport {
        try state.withLock { state in
            let quantity = try state.board.lots(order.amount, "amount")
            let filled = try state.board.lots(order.filled ?? .zero, "filled")
            let status: OrderStatus =
                switch order.status {
                case .closed: filled >= quantity ? .filled : .expired
                case .cancelled: .cancelled
                case .expired: .expired
                case .rejected: filled > 0 ? .cancelled : .rejected
                case .open, .cancelling, .expiring, .other, nil: .open
                }
            // Some tell no more of one that has ended than how, and how much of it was filled.
            guard let side = order.side ?? (status.isFinal ? .buy : nil) else {
                throw UnreadableAnswer("side", expected: "buy or sell", found: "nothing")
            }
            let price = order.price.flatMap { $0.isZero ? nil : $0 } ?? instrument.unit.price
            return OrderReport(
                id: id, side: side, price: Price(ticks: try state.board.ticks(price, "price")),
                quantity: Quantity(lots: quantity), filled: Quantity(lots: filled), status: status)
        }
    }

    // MARK: - Fills

    private func lookAtFills() async throws {
        let now = time.now()
        let since: Timestamp? = state.withLock { state in
            let isDue = state.areFillsDue
            state.areFillsDue = false
            return state.board.fillsSince ?? (isDue ? now.advanced(byNanoseconds: -Nanoseconds.seconds(300)) : nil)
        }
        guard let since else { return }
        let fills = try await fetchFills(since: since.nanoseconds / Nanoseconds.perMillisecond)
        tell(state.withLock { $0.board.filled(fills) })
    }

    /// All of the account's trades on this instrument from a time on that are of our orders, oldest first.
    /// - Parameter since: milliseconds since 1970.
    func fetchFills(since: Int64) async throws -> [Fill] {
        let trades = try await fetchTrades(since: since)
        try await learnOwners(trades, since)
        noteUnbookedFees(trades)
        return try state.withLock { state in
            try trades.compactMap { trade in
                guard let owner = state.board.owner(trade) else { return nil }
                return try state.board.fill(trade, owner)
            }
        }.sorted { $0.tradeID < $1.tradeID }
    }

    /// In one answer.
    private static let mostTrades = 1_000

    /// Everybody's who has this account: ours may come after any number of others.
    private func fetchTrades(since: Int64) async throws -> [ExchangeTrade] {
        var trades: [ExchangeTrade] = []
        var known: Set<[String?]> = []
        var start = since
        while true {
            let told = try await account.ask(
                "ownTrades",
                [
                    .text("symbol", symbol.description), .whole("since", start),
                    .whole("limit", Int64(Self.mostTrades)),
                ], within: 60_000
            ).list(named: "ownTrades")
            let page = try told.map { try UnifiedReading.trade($0) }
            let new = page.filter { known.insert([$0.id, $0.orderID, $0.side?.rawValue.description]).inserted }
            trades += new
            guard page.count >= Self.mostTrades else { return trades }
            // The next answer begins with what this one ended with.
            guard !new.isEmpty, let newest = page.compactMap(\.time).max(), newest > start else {
                throw UnreadableAnswer(
                    "ownTrades", expected: "fewer than \(Self.mostTrades) of one millisecond", found: "\(page.count)")
            }
            start = newest
        }
    }

    /// Once for each trade.
    private func noteUnbookedFees(_ trades: [ExchangeTrade]) {
        let lines = state.withLock { state in
            trades.compactMap { trade -> String? in
                guard let id = trade.id, let owner = state.board.owner(trade),
                    let line = state.board.unbookedFee(trade),
                    state.unbookedFees.insert("\(owner) \(id)").inserted
                else { return nil }
                return line
            }
        }
        for line in lines { logger.error("a fee is not booked: \(line)") }
    }

    /// Trades tell the exchange's id of their order; whose that is, is asked once.
    private func learnOwners(_ trades: [ExchangeTrade], _ since: Int64) async throws {
        let unknown = state.withLock { $0.board.unknownOwners(trades) }
        guard !unknown.isEmpty else { return }
        let told = try await account.ask(
            "ordersOf",
            [
                .text("symbol", symbol.description), .whole("since", since),
                .init(key: "ids", value: .array(unknown.map(JSONValue.string))),
            ], within: 60_000)
        state.withLock { state in
            // One that the exchange does not show any more may be ours all the same: it is asked for again with the next look.
            for id in unknown where told[id] != nil { state.board.learn(id, account.ids.id(told.text(id))) }
        }
    }
}

extension SidecarFailure {
    /// ccxt's words for why an order is refused.
    var reason: RejectReason { keyCauses.isEmpty ? Self.reason(name) : .key(KeyDoubts(keyCauses)) }

    static func reason(_ name: String) -> RejectReason {
        switch name {
        case "InsufficientFunds": .insufficientBalance
        case "OrderImmediatelyFillable": .wouldTake
        case "DuplicateOrderId": .duplicateID
        case "OptionNotSupported": .optionNotSupported
        case "MarketClosed", "OnMaintenance", "ExchangeNotAvailable": .marketClosed
        default: .other
        }
    }
}
