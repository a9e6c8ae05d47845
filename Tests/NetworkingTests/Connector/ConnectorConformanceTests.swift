import Exchanges
import Execution
import Networking
import Synchronization
import Testing
import TradingCore

extension LiveConnectorTests {
    /// What every connector has to do, whatever its exchange speaks. The exchange is a model of it behind a port of this machine,
    /// which checks signatures, times, nonces and windows, and misbehaves as told.
    @Suite struct ConnectorConformanceTests {
        private static let symbol = VenueHarness.symbol

        // MARK: - Orders

        @Test(arguments: Tongue.allCases)
        func `an order rests, fills in two parts, and each fill is told once with its fee`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let request = try await harness.request(11)
                let id = try await harness.place(account, request)
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                harness.model.fill("0.2")
                harness.model.fill("0.3")
                try await harness.wait("both fills are told") { harness.fills.count == 2 }
                let unit = try await harness.instrument.unit
                #expect(harness.fills.map { unit.decimal($0.quantity) } == ["0.2", "0.3"])
                let feeAsset = type(of: harness.speaker).feeOfBuys
                #expect(harness.fills.allSatisfy { $0.orderID == id && $0.fee == "0.001" && $0.feeAsset == feeAsset })
                #expect(harness.fills.allSatisfy { unit.decimal($0.price) == "99.5" && $0.side == .buy })
                try await harness.connectorSettles()
                #expect(harness.fills.count == 2)
                #expect(harness.timesPlaced(id) == 1)
            }
        }

        @Test(arguments: Tongue.allCases) func `a cancel is told after the fills that came before it`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let id = try await harness.place(account, try await harness.request(12))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                // The stream says nothing of the fill.
                harness.model.fill("0.1", isTold: false)
                account.send(.cancel(id), Self.symbol)
                try await harness.wait("it is cancelled") { harness.events.contains(.cancelled(id)) }
                let fill = try #require(harness.events.firstIndex { if case .filled = $0 { true } else { false } })
                let end = try #require(harness.events.firstIndex(of: .cancelled(id)))
                #expect(fill < end)
                #expect(harness.fills.count == 1)
            }
        }

        @Test(arguments: Tongue.allCases) func `a refusal is told apart from what is unknown`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let id = try await harness.place(account, try await harness.request(13, .buy, "99.50", "1001"))
                try await harness.wait("it is refused") { !harness.events.isEmpty }
                #expect(harness.events == [.rejected(id, .insufficientBalance)])
                account.send(.cancel(id), Self.symbol)
                try await harness.wait("the cancel is refused") { harness.events.count > 1 }
                #expect(harness.events.last == .cancelRejected(id, .unknownOrder))
            }
        }

        /// Some exchanges refuse it, some take it and cancel it at once; Bitfinex and KuCoin are not modelled that far.
        @Test(arguments: [Tongue.binance, .gate, .okx, .bybit])
        func `a post-only order that would trade is told as such, and rests nowhere`(_ tongue: Tongue) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let id = try await harness.place(account, try await harness.request(14, .buy, "100.01"))
                try await harness.wait("it is over") { harness.events.contains { $0.isEnd } }
                let end: AccountEvent =
                    [.binance, .gate].contains(tongue) ? .rejected(id, .wouldTake) : .cancelled(id)
                #expect(harness.events.filter { $0 != .accepted(id) } == [end])
                #expect(!harness.isOpen(id) && harness.fills.isEmpty)
            }
        }

        // MARK: - Unknown outcomes

        @Test(arguments: Tongue.allCases)
        func `H36: an order whose answer was lost is found by its id and never sent twice`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue, prepare: { $0.change { $0.placements = [.loseAnswer] } }) {
                harness, account in
                harness.model.change { $0.isSilent = true }
                let id = try await harness.place(account, try await harness.request(15))
                try await harness.wait("it is found") { harness.events.contains(.accepted(id)) }
                // Unless a look at the account was quicker than the loss was noticed.
                #expect([.outcomeUnknown(id), .accepted(id)].contains(harness.events.first))
                #expect(!harness.events.contains(.notFound(id)))
                #expect(harness.timesPlaced(id) == 1)
                #expect(harness.isOpen(id))
            }
        }

        @Test(arguments: Tongue.allCases)
        func `a request that was lost counts as such only after its window and two looks`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue, prepare: { $0.change { $0.placements = [.loseRequest] } }) {
                harness, account in
                let begun = harness.time.milliseconds
                let id = try await harness.place(account, try await harness.request(16))
                try await harness.wait("it counts as lost") { harness.events.contains(.notFound(id)) }
                let window = try harness.connectorWindow
                #expect(harness.time.milliseconds - begun >= window)
                #expect(harness.events.filter { $0 != .outcomeUnknown(id) } == [.notFound(id)])
                #expect(harness.timesPlaced(id) == 0)
            }
        }

        @Test(arguments: Tongue.allCases) func `an order that is accepted late is found, not given up`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue, prepare: { $0.change { $0.placements = [.actLate(4_000)] } }) {
                harness, account in
                let id = try await harness.place(account, try await harness.request(17))
                try await harness.wait("it is found") { harness.events.contains(.accepted(id)) }
                // Unless a look at the account was quicker than the loss was noticed.
                #expect([.outcomeUnknown(id), .accepted(id)].contains(harness.events.first))
                #expect(!harness.events.contains(.notFound(id)))
                #expect(harness.isOpen(id))
            }
        }

        @Test(arguments: Tongue.allCases)
        func `a cancel whose answer was lost frees nothing until the order is asked about`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let id = try await harness.place(account, try await harness.request(18))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                harness.model.change { contents in
                    contents.cancels = [.loseRequest]
                    contents.isSilent = true
                }
                account.send(.cancel(id), Self.symbol)
                try await harness.wait("nobody knows") { harness.events.contains(.outcomeUnknown(id)) }
                #expect(!harness.events.contains(.cancelled(id)))
                account.send(.query(id), Self.symbol)
                try await harness.wait("it still rests") { harness.events.last == .accepted(id) }
                account.send(.cancel(id), Self.symbol)
                try await harness.wait("it is cancelled") {
                    !harness.isOpen(id) && harness.events.contains(.cancelled(id))
                }
            }
        }

        @Test(arguments: Tongue.allCases) func `a question is answered with every fill again and the state after them`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let id = try await harness.place(account, try await harness.request(19))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                harness.model.fill("0.1")
                harness.model.fill("0.2")
                try await harness.wait("both fills are told") { harness.fills.count == 2 }
                harness.forget()
                account.send(.query(id), Self.symbol)
                try await harness.wait("it is answered") { harness.events.contains(.accepted(id)) }
                #expect(harness.fills.count == 2)
                #expect(harness.events.last == .accepted(id))
            }
        }

        // MARK: - The account's stream

        @Test(arguments: Tongue.allCases) func `what is told twice is booked once`(_ tongue: Tongue) async throws {
            try await VenueHarness.with(tongue, prepare: { $0.change { $0.repeatsEvents = true } }) {
                harness, account in
                let id = try await harness.place(account, try await harness.request(20))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                harness.model.fill("0.5")
                try await harness.wait("the fill is told") { !harness.fills.isEmpty }
                try await harness.connectorSettles()
                #expect(harness.fills.count == 1)
            }
        }

        @Test(arguments: Tongue.allCases) func `a stream that goes silent is noticed, polled for, and taken up again`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let id = try await harness.place(account, try await harness.request(21))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                let begun = harness.time.milliseconds
                harness.model.change { $0.isSilent = true }
                try await harness.wait("the silence is told") { harness.told.contains(.lost) }
                #expect(harness.time.milliseconds - begun < 100_000)
                #expect(harness.market.contains { $0.kind == .gap } || harness.time.milliseconds - begun < 90_000)
                // What happens meanwhile is found by asking.
                harness.model.fill("0.2")
                try await harness.wait("the fill is found") { harness.tradeCount == 1 }
                try await harness.wait("questions stand in for the stream") { harness.told.contains(.recovered) }
                harness.model.change { $0.isSilent = false }
                try await harness.wait("the stream is back") { harness.registry.states.first?.isStreaming == true }
                harness.model.fill("0.3")
                try await harness.wait("the rest is told") { harness.tradeCount == 2 }
            }
        }

        @Test(arguments: Tongue.allCases) func `a fill during a break of the stream is found`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let id = try await harness.place(account, try await harness.request(22))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                for connection in harness.model.read({ $0.listened.keys.sorted() }) {
                    harness.server.hangUp(connection)
                }
                harness.model.fill("0.5")
                try await harness.wait("it is back") { harness.told.contains(.recovered) }
                try await harness.wait("the fill is found") { harness.tradeCount == 1 }
                #expect(harness.fills.first?.orderID == id)
                #expect(harness.told.contains(.lost))
            }
        }

        // MARK: - The market

        @Test(arguments: Tongue.allCases)
        func `the market begins with a reset and a book, and goes on with its changes`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, _ in
                try await harness.wait("the book is there") { harness.bestPrices?.bid == "99.99" }
                #expect(harness.market.first?.kind == .reset)
                harness.model.changeBook(.buy, "100", "1.5")
                harness.model.changeBook(.sell, "100.01", "0")
                try await harness.wait("its changes come") {
                    harness.bestPrices.map { $0 == ("100", "100.02") } ?? false
                }
                // Who comes later begins with the book as it stands.
                let late = MarketTold()
                let subscription = try await harness.connector.subscribe(Self.symbol) { late.take($0) }
                #expect(late.records.first?.kind == .reset)
                #expect(late.records.filter { $0.kind == .snapshot }.count == 4)
                subscription.cancel()
            }
        }

        @Test(arguments: Tongue.allCases) func `a hole in the market is told as a gap and healed by a book`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, _ in
                try await harness.wait("the book is there") { harness.bestPrices != nil }
                harness.model.changeBook(.buy, "99.97", "1", skipping: 3)
                try await harness.wait("the gap is told") { harness.market.contains { $0.kind == .gap } }
                try await harness.wait("it is healed") {
                    let resets = harness.market.lastIndex { $0.kind == .reset } ?? 0
                    return resets > harness.market.lastIndex { $0.kind == .gap } ?? .max
                }
            }
        }

        // MARK: - History

        @Test(arguments: Tongue.allCases)
        func `own trades over a long downtime are found through every window, somebody else's left out`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let now = harness.model.now
                let start = now - 20 * 86_400_000
                harness.model.addHistory(
                    from: start, count: 450, every: 3_600_000, named: type(of: harness.speaker).exchange)
                let mark = FillMark(tradeID: 0, time: Timestamp(nanoseconds: start * 1_000_000))
                let fills = try await account.fills(Self.symbol, from: mark, limit: 1_000)
                #expect(fills.count == 300)
                #expect(Set(fills.map(\.tradeID)).count == 300)
                #expect(fills.map(\.time) == fills.map(\.time).sorted())
                #expect(harness.fills.isEmpty)
            }
        }

        @Test(arguments: Tongue.allCases) func `open orders are ours alone, and balances exact`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let id = try await harness.place(account, try await harness.request(23))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                harness.model.fill("0.1")
                harness.model.addForeignOrder()
                try await harness.wait("the fill is told") { harness.fills.count == 1 }
                let listed = try await account.openOrders(Self.symbol)
                let unit = try await harness.instrument.unit
                let own = listed.filter { $0.id.installation == .first }
                #expect(own.map(\.id) == [id])
                #expect(own.map { unit.decimal($0.remaining) } == ["0.4"])
                if let symbols = try await account.symbolsWithOrders(of: .first) {
                    #expect(symbols == [Self.symbol])
                } else {
                    #expect(["kucoin", "mexc"].contains(type(of: harness.speaker).exchange.rawValue))
                }
                let balances = try await account.balances()
                #expect(balances.contains(AssetBalance(asset: AssetID("BTC"), free: "10", locked: "1")))
                let report = try await account.order(id, Self.symbol)
                #expect(report?.status == .open && report.map { unit.decimal($0.filled) } == "0.1")
                #expect(try await account.order(try #require(ClientOrderID(rawValue: 404)), Self.symbol) == nil)
            }
        }

        // MARK: - Manners

        @Test(arguments: Tongue.allCases) func `told to slow down, it keeps quiet for the time and goes on`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue, prepare: { $0.change { $0.placements = [.slowDown] } }) {
                harness, account in
                // Nothing else is on its way.
                try await harness.connectorSettles()
                let begun = harness.time.milliseconds
                let id = try await harness.place(account, try await harness.request(24))
                try await harness.wait("nobody knows") { harness.events.contains(.outcomeUnknown(id)) }
                // Time runs fast here: with a wait of a second it may be over.
                let wait = try await harness.connector.fault()
                if harness.time.milliseconds - begun < 900 {
                    #expect(wait?.contains("told us to stay away") == true)
                    #expect(harness.registry.states.first?.fault == wait)
                }
                let requests = harness.model.read { $0.requests }
                try await harness.wait("it asks again") { harness.model.read { $0.requests } > requests }
                #expect(harness.time.milliseconds - begun >= 1_000)
                try await harness.wait("the order never was") { harness.events.contains(.notFound(id)) }
                let next = try await harness.place(account, try await harness.request(25))
                try await harness.wait("the next is accepted") { harness.events.contains(.accepted(next)) }
                #expect(try await harness.connector.fault() == nil)
            }
        }

        @Test(arguments: Tongue.allCases) func `a clock that differs by minutes is measured before anything is signed`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue, prepare: { $0.clockSkew.withLock { $0 = 240_000 } }) {
                harness, account in
                let id = try await harness.place(account, try await harness.request(26))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                #expect(harness.events == [.accepted(id)])
            }
        }

        @Test func `Bitfinex: many requests at once keep their nonces in order, over a restart too`() async throws {
            let memory = KeptMemory()
            for round in 0..<2 {
                let harness = try VenueHarness(.bitfinex, memory: memory)
                try await harness.server.start()
                _ = harness.refresh()
                let account = try await harness.account()
                try await harness.listen(account)
                for number in 0..<12 {
                    try await harness.place(account, try await harness.request(UInt64(100 + round * 50 + number)))
                }
                try await harness.wait("all are accepted") { harness.model.read { $0.placedIDs.count } == 12 }
                #expect(harness.model.read { $0.faults } == [])
                // In the order in which they were sent.
                #expect(
                    harness.model.read { $0.placedIDs.compactMap { Int($0) } } == (0..<12).map { 100 + round * 50 + $0 }
                )
                #expect(Int64(memory.value(of: "nonce bitfinex default") ?? "") ?? 0 > harness.model.read { $0.nonce })
                await harness.end()
            }
        }

        @Test func `where nobody cancels for us, what rests unattended is shown`() async throws {
            try await VenueHarness.with(.binance) { harness, account in
                let id = try await harness.place(account, try await harness.request(27))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                let state = try #require(harness.registry.states.first)
                #expect(state.safety == .none && state.fault == nil && state.isStreaming)
                #expect(state.unattended == [AssetID("USDT"): "49.75"])
            }
        }

        @Test(arguments: [(Tongue.binance, "BNB"), (.kucoin, "KCS"), (.gate, "GT"), (.mexc, "MX")])
        func `a fee in a third asset is told as that`(_ tongue: Tongue, _ token: String) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                harness.model.change { $0.feeAsset = token }
                let id = try await harness.place(account, try await harness.request(28))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                harness.model.fill("0.5")
                try await harness.wait("the fill is told") { !harness.fills.isEmpty }
                #expect(harness.fills.first?.feeAsset == .other(0) && harness.fills.first?.fee == "0.001")
                let instrument = try await harness.instrument
                guard case .third(let asset, _, _) = instrument.fees.payment else {
                    Issue.record("no third asset")
                    return
                }
                #expect(asset == AssetID(token))
            }
        }

        @Test(arguments: Tongue.allCases) func `H31: no request of the runtime's cancels what is not named`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let id = try await harness.place(account, try await harness.request(29))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                harness.model.addForeignOrder()
                account.send(.cancel(id), Self.symbol)
                try await harness.wait("ours is gone") { !harness.isOpen(id) }
                #expect(harness.model.openOrders.count == 1)
                let calls = harness.model.read { $0.log }.map { $0.lowercased() }
                for name in ["delete /api/v3/openorders", "cancel-all", "cancelall", "order/all", "/cancel/multi"] {
                    #expect(!calls.contains { $0.contains(name) })
                }
            }
        }
    }
}

extension AccountEvent {
    fileprivate var isEnd: Bool {
        switch self {
        case .rejected, .cancelled, .expired, .notFound: true
        default: false
        }
    }
}
