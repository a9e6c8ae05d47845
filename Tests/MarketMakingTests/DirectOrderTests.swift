import Exchanges
import Execution
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// Orders that people place: on the path of strategies' orders, and named by exchange, account and id.
@Suite struct DirectOrderTests {
    private func request(
        _ side: Side = .buy, amount: FixedDecimal = "0.01", price: FixedDecimal? = "59000", postOnly: Bool = false,
        timeInForce: TimeInForce = .goodTillCancelled, requestID: String? = nil, exchange: String = "paper",
        account: String = "default", symbol: String = "BTC/USDT"
    ) -> DirectOrderRequest {
        DirectOrderRequest(
            userID: "u1", clientID: "c1", exchange: exchange, account: account, symbol: symbol, side: side,
            amount: amount, price: price, isPostOnly: postOnly, timeInForce: timeInForce,
            requestID: requestID)
    }

    private func with(acceptanceWindow: Int64 = 0, _ body: (Bench) async throws -> Void) async throws {
        try await withServer(acceptanceWindow: acceptanceWindow) { bench in
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await body(bench)
        }
    }

    private func error(_ body: () async throws -> some Any) async -> DeskError? {
        do { _ = try await body() } catch { return error as? DeskError }
        return nil
    }

    @Test func `its intent is stored and its funds are reserved before it leaves (H36)`() async throws {
        try await with { bench in
            let database = bench.server.database
            let stored = Mutex<[Bool]>([])
            bench.exchange.state.withLock { state in
                state.onPlace = { request in stored.withLock { $0.append(database.isStored(request.id)) } }
            }
            let order = try await bench.server.supervisor.place(request())
            #expect(order.status == .open && order.price == "59000" && order.quantity == "0.01")
            #expect(order.userID == "u1" && order.place.description == "paper/default/BTC/USDT")
            #expect(stored.withLock { $0 } == [true])
            let held = try await database.real.read { transaction in
                try transaction.rows("SELECT amount FROM ledger_transfers WHERE status = 'open'").map {
                    try $0.get(0, as: FixedDecimal.self)
                }
            }
            #expect(held == ["590"])
            #expect(bench.exchange.open.map(\.request.timeInForce) == [.goodTillCancelled])
        }
    }

    @Test(
        arguments: [
            ("0", "60000", "amount 0: must be above 0"), ("-1", "60000", "amount -1: must be above 0"),
            ("0.000000001", "60000", "amount 0.000000001: must be a multiple of 0.00000001"),
            ("100000000000", "60000", "amount 100000000000: must be at most 92233720368.54775807"),
            ("0.01", "0", "price 0: must be above 0"), ("0.01", "0.001", "price 0.001: must be a multiple of 0.01"),
            (
                "0.01", "100000000000000000000",
                "price 100000000000000000000: must be at most 92233720368547758.07"
            ),
        ] as [(FixedDecimal, FixedDecimal, String)])
    func `an amount or price that cannot be is refused with the one rule that it breaks`(
        _ amount: FixedDecimal, _ price: FixedDecimal, _ line: String
    ) async throws {
        #expect(throws: DeskError.invalid([line])) {
            _ = try DirectPlacement(request(amount: amount, price: price), TestInstrument.btc)
        }
    }

    @Test func `a market order is bounded, immediate, and told with its fills (D22)`() async throws {
        try await with { bench in
            let exchange = bench.exchange
            let placing = Task { [supervisor = bench.server.supervisor, request = request(price: nil)] in
                try await supervisor.place(request)
            }
            try await bench.server.wait("it is there") { exchange.open.count == 1 }
            let sent = try #require(exchange.open.first).request
            #expect(sent.timeInForce == .immediateOrCancel && sent.price.ticks == 6_060_101)
            exchange.fill(sent.id)
            let order = try await placing.value
            #expect(order.status == .filled && order.type == .market && order.filled == "0.01")
            #expect(order.cost.isPositive)
        }
    }

    @Test(arguments: [TimeInForce.immediateOrCancel, .fillOrKill])
    func `a limit order for a moment waits for its end, and is told as what it is`(
        _ timeInForce: TimeInForce
    ) async throws {
        try await with { bench in
            let exchange = bench.exchange
            let wanted = request(price: "60001", timeInForce: timeInForce, requestID: "r1")
            let placing = Task { [supervisor = bench.server.supervisor] in try await supervisor.place(wanted) }
            try await bench.server.wait("it is there") { exchange.open.count == 1 }
            let sent = try #require(exchange.open.first).request
            #expect(sent.timeInForce == timeInForce && sent.price.ticks == 6_000_100)
            exchange.state.withLock { $0.orders[sent.id]?.status = .expired }
            exchange.tell(.event(.expired(sent.id, .immediateRemainder)))
            let order = try await placing.value
            #expect(order.status == .expired && order.type == .limit && order.timeInForce == timeInForce)
            // Said again it is the same order, after whatever.
            let again = try await bench.server.supervisor.place(wanted)
            #expect(again.id == order.id && again.timeInForce == timeInForce)
        }
    }

    @Test func `what takes at once cannot be a maker`() {
        #expect(
            throws: DeskError.invalid([
                "postOnly true: must be false with timeInForce IOC, which takes at once"
            ])
        ) {
            _ = try DirectPlacement(request(postOnly: true, timeInForce: .immediateOrCancel), TestInstrument.btc)
        }
    }

    @Test func `an answer that is lost is unknown, asked about, and never sent again (H36)`() async throws {
        try await with { bench in
            bench.exchange.state.withLock { $0.faults = [.answerLost] }
            let order = try await bench.server.supervisor.place(request())
            // Within the patience the exchange was asked, and knew it.
            #expect(order.status == .open)
            #expect(bench.exchange.state.withLock { $0.placed.count } == 1)
            #expect(bench.exchange.state.withLock { $0.duplicates } == [])
        }
    }

    @Test func `the same request said again is the same order, another under its name is refused`() async throws {
        try await with { bench in
            let supervisor = bench.server.supervisor
            let first = try await supervisor.place(request(requestID: "r1"))
            let again = try await supervisor.place(request(requestID: "r1"))
            #expect(first.id == again.id)
            #expect(bench.exchange.state.withLock { $0.placed.count } == 1)
            let other = await error { try await supervisor.place(request(amount: "0.02", requestID: "r1")) }
            guard case .invalid(let lines)? = other else {
                Issue.record("\(String(describing: other))")
                return
            }
            #expect(lines.first?.hasPrefix("requestId r1") == true && lines.first?.hasSuffix("another amount") == true)
            let others: [(DirectOrderRequest, String)] = [
                (request(postOnly: true, requestID: "r1"), "postOnly"),
                (request(timeInForce: .fillOrKill, requestID: "r1"), "timeInForce"),
                (request(price: nil, requestID: "r1"), "type"),
                (request(.sell, price: "61000", requestID: "r1"), "side, price"),
            ]
            for (other, field) in others {
                let fault = await error { try await supervisor.place(other) }
                guard case .invalid(let lines)? = fault else {
                    Issue.record("\(field): \(String(describing: fault))")
                    continue
                }
                #expect(lines.first?.hasSuffix("another \(field)") == true, "\(lines)")
            }
            #expect(bench.exchange.state.withLock { $0.placed.count } == 1)
            #expect(request(exchange: "Paper", symbol: "btc/usdt").differences(from: first) == [])
            #expect(
                request(exchange: "okx", account: "second", symbol: "ETH/USDT").differences(from: first) == [
                    "exchange", "accountLabel", "symbol",
                ])
        }
    }

    @Test func `the same request twice at once makes one order`() async throws {
        try await with { bench in
            let supervisor = bench.server.supervisor
            let held = Signal()
            bench.exchange.state.withLock { $0.faults = [.answerLost] }
            bench.server.database.holdNextCommand { await held.wait() }
            async let first = error { try await supervisor.place(request(requestID: "r1")) }
            async let second = error { try await supervisor.place(request(requestID: "r1")) }
            for _ in 0..<50 { await Task.yield() }
            held.raise()
            let faults = await [first, second].compactMap(\.self)
            #expect(faults.count == 1, "\(faults)")
            #expect(bench.exchange.state.withLock { $0.placed.count } == 1)
        }
    }

    @Test func `it is cancelled by its id, on the exchange it was placed on (H37, D23, D24)`() async throws {
        try await with { bench in
            let supervisor = bench.server.supervisor
            let first = try await supervisor.place(request())
            let second = try await supervisor.place(request(price: "58000"))
            let wrong = await error {
                try await supervisor.cancel(
                    DirectOrderName(id: "\(first.id)", symbol: "ETH/USDT", exchange: "okx", account: "x"))
            }
            guard case .invalid(let lines)? = wrong else {
                Issue.record("\(String(describing: wrong))")
                return
            }
            #expect(lines.map { $0.prefix(while: { $0 != " " }) } == ["symbol", "exchange", "account"])
            let cancelled = try await supervisor.cancel(DirectOrderName(id: "\(first.id)", symbol: "BTC/USDT"))
            #expect(cancelled.status == .cancelled)
            #expect(bench.exchange.state.withLock { $0.cancelled } == [first.id], "nobody else's (H31)")
            #expect(bench.exchange.open.map(\.request.id) == [second.id])
            // Said again it is told as it is.
            #expect(try await supervisor.cancel(DirectOrderName(id: "\(first.id)")).status == .cancelled)
            for id in ["nonsense", "99", "-1", "99999999999999999999999999", ""] {
                let unknown = await error { try await supervisor.cancel(DirectOrderName(id: id)) }
                #expect(unknown == .unknownOrder(id))
            }
        }
    }

    @Test func `a cancel that nobody has confirmed is told as that, not as an open order`() async throws {
        try await with { bench in
            let (supervisor, exchange) = (bench.server.supervisor, bench.exchange)
            let order = try await supervisor.place(request())
            let name = DirectOrderName(id: "\(order.id)")
            exchange.state.withLock { state in
                state.tellsCancels = false
                state.answersQueries = false
            }
            let cancelling = Task { try await supervisor.cancel(name) }
            try await bench.server.wait("it is on its way") { exchange.state.withLock { $0.cancelled } == [order.id] }
            #expect([.cancelling, .unknown].contains(try await supervisor.order(name).status))
            // Nobody says anything within the patience.
            let answer = try await cancelling.value
            #expect([.cancelling, .unknown].contains(answer.status) && answer.isOutcomeUnknown)
            exchange.state.withLock { $0.answersQueries = true }
            exchange.tell(.event(.cancelled(order.id)))
            try await bench.server.wait("it is told") { try await supervisor.order(name).status == .cancelled }
        }
    }

    @Test func `a cancel that the exchange refuses leaves the order open, and says so`() async throws {
        try await with { bench in
            let (supervisor, exchange) = (bench.server.supervisor, bench.exchange)
            let order = try await supervisor.place(request())
            exchange.state.withLock { $0.refusesCancels = true }
            let answer = try await supervisor.cancel(DirectOrderName(id: "\(order.id)"))
            #expect([.open, .cancelling].contains(answer.status))
            #expect(exchange.open.map(\.request.id) == [order.id])
            exchange.state.withLock { $0.refusesCancels = false }
            #expect(try await supervisor.cancel(DirectOrderName(id: "\(order.id)")).status == .cancelled)
        }
    }

    @Test func `a strategy's order is not a person's to cancel (H31)`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let id = try #require(bench.exchange.open.first).request.id
            let refused = await error { try await bench.server.supervisor.cancel(DirectOrderName(id: "\(id)")) }
            guard case .refused(let why)? = refused else {
                Issue.record("\(String(describing: refused))")
                return
            }
            #expect(why.hasPrefix("STRATEGY_ORDER"))
            #expect(bench.exchange.open.count == 4)
        }
    }

    @Test func `what the exchange refuses is told with its reason, and holds no funds`() async throws {
        try await with { bench in
            bench.exchange.state.withLock { $0.faults = [.refused(.wouldTake)] }
            let refused = await error { try await bench.server.supervisor.place(request(postOnly: true)) }
            guard case .exchangeRefused(let why)? = refused else {
                Issue.record("\(String(describing: refused))")
                return
            }
            #expect(why.contains("would have traded at once"))
            bench.exchange.state.withLock { $0.faults = [.refused(.optionNotSupported)] }
            let unsupported = await error { try await bench.server.supervisor.place(request(timeInForce: .fillOrKill)) }
            guard case .exchangeRefused(let reason)? = unsupported else {
                Issue.record("\(String(describing: unsupported))")
                return
            }
            #expect(reason.contains("no orders of this kind (post-only, IOC or FOK)"))
            let held = try await bench.server.database.real.read {
                try $0.rows("SELECT key FROM ledger_transfers WHERE status = 'open'").count
            }
            #expect(held == 0)
        }
    }

    @Test(
        arguments: [
            .rule(.maximumNotional), .insufficientBalance, .wouldTake, .duplicateID, .noLiquidity, .marketClosed,
            .unavailable, .optionNotSupported, .key([.key, .address]), .other,
        ] as [RejectReason])
    func `a request that was refused, said again, is told the same reason, also after a restart`(
        _ reason: RejectReason
    ) async throws {
        #expect(RejectReason(code: reason.code) == reason)
        try await with { bench in
            bench.exchange.state.withLock { $0.faults = [.refused(reason)] }
            let wanted = request(requestID: "r1")
            let first = await error { try await bench.server.supervisor.place(wanted) }
            guard case .exchangeRefused(let why)? = first else {
                Issue.record("\(String(describing: first))")
                return
            }
            #expect(why.contains(reason.words))
            #expect(await error { try await bench.server.supervisor.place(wanted) } == first)
            guard reason == .wouldTake else { return }
            try await bench.restart()
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            #expect(await error { try await bench.server.supervisor.place(wanted) } == first)
            #expect(bench.exchange.state.withLock { $0.placed.count } == 1)
        }
    }

    @Test func `bad wishes are refused by field, value and rule, before anything leaves`() async throws {
        try await with { bench in
            let supervisor = bench.server.supervisor
            let bad: [(DirectOrderRequest, String)] = [
                (request(amount: "0.0000000001"), "amount 0.0000000001"),
                (request(price: "59000.001"), "price 59000.001"),
                (request(amount: "0.00000001"), "amount 0.00000001"),
                (request(amount: "0.00001", price: "1"), "amount"),
                (request(price: "61000.00"), ""), (request(price: "62000"), "price 62000"),
                (request(price: nil, postOnly: true), "postOnly"), (request(symbol: "nonsense"), "symbol nonsense"),
            ]
            for (request, start) in bad where !start.isEmpty {
                let refused = await error { try await supervisor.place(request) }
                guard case .invalid(let lines)? = refused else {
                    Issue.record("\(start): \(String(describing: refused))")
                    continue
                }
                #expect(lines.first?.hasPrefix(start) == true, "\(lines)")
            }
            #expect(await error { try await supervisor.place(request(exchange: "okx")) } == .unknownExchange("okx"))
            #expect(await error { try await supervisor.place(request(account: "two")) } == .unknownAccount("two"))
            #expect(
                await error { try await supervisor.place(request(symbol: "ETH/USDT")) }
                    == .unknownInstrument("ETH/USDT", exchange: "paper"))
            #expect(bench.exchange.state.withLock { $0.placed } == [])
        }
    }

    @Test func `trading states hold for people too: HALTED takes their orders off, REDUCING lets only reducing ones`()
        async throws
    {
        try await with { bench in
            let supervisor = bench.server.supervisor
            _ = try await supervisor.place(request())
            try await supervisor.setTradingState(
                TradingStateChange(scope: .account("paper/default"), state: .halted, reason: "test"))
            try await bench.server.wait("it is off") { [exchange = bench.exchange] in exchange.open.isEmpty }
            for state in [TradingState.halted, .reducing] {
                try await supervisor.setTradingState(
                    TradingStateChange(scope: .account("paper/default"), state: state, reason: "test"))
                let refused = await error { try await supervisor.place(request()) }
                guard case .refused(let why)? = refused else {
                    Issue.record("\(state): \(String(describing: refused))")
                    continue
                }
                #expect(why.hasPrefix(state == .halted ? "TRADING_HALTED" : "ONLY_REDUCING"))
            }
            #expect(bench.exchange.state.withLock { $0.placed.count } == 1)
        }
    }

    @Test func `funds that a strategy's orders hold are not a person's to spend`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let refused = await error {
                try await bench.server.supervisor.place(request(.sell, amount: "9.99", price: "60500"))
            }
            guard case .refused(let why)? = refused else {
                Issue.record("\(String(describing: refused))")
                return
            }
            #expect(why.hasPrefix("INSUFFICIENT_BALANCE"))
            #expect(
                try await bench.server.supervisor.place(request(.sell, amount: "9", price: "60500")).status == .open)
        }
    }

    @Test func `killed and started again, the order rests on, is known, is filled, and can be cancelled`() async throws
    {
        try await with { bench in
            let first = try await bench.server.supervisor.place(request())
            let second = try await bench.server.supervisor.place(request(price: "58000"))
            try await bench.restart()
            #expect(bench.exchange.open.map(\.request.id) == [first.id, second.id])
            bench.exchange.fill(first.id, lots: 400_000)
            try await bench.server.wait("the fill is booked") { [supervisor = bench.server.supervisor] in
                try await supervisor.order(DirectOrderName(id: "\(first.id)")).filled == "0.004"
            }
            #expect(try await bench.server.supervisor.cancel(DirectOrderName(id: "\(second.id)")).status == .cancelled)
            let third = try await bench.server.supervisor.place(request(price: "57000"))
            #expect(third.id.sequence == second.id.sequence + 1)
            #expect(bench.exchange.state.withLock { $0.duplicates } == [])
        }
    }

    @Test func `a stop of the process takes quotes off and lets people's orders rest`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let order = try await bench.server.supervisor.place(request())
            #expect(bench.exchange.open.count == 5)
            #expect(await bench.server.supervisor.shutDown(limit: Nanoseconds.seconds(10)))
            #expect(bench.exchange.open.map(\.request.id) == [order.id])
            try await bench.restart()
            #expect(try await bench.server.supervisor.order(DirectOrderName(id: "\(order.id)")).status == .open)
        }
    }

    @Test func `data that grew old takes quotes off, not a person's order`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let order = try await bench.server.supervisor.place(request())
            bench.exchange.tell(.lost)
            try await bench.server.wait("the quotes are off") { [exchange = bench.exchange] in
                exchange.open.map(\.request.id) == [order.id]
            }
            let refused = await error { try await bench.server.supervisor.place(request()) }
            guard case .refused(let why)? = refused else {
                Issue.record("\(String(describing: refused))")
                return
            }
            #expect(why.hasPrefix("OWN_ORDERS_UNKNOWN"))
        }
    }

    private static func anyID() throws -> ClientOrderID { try #require(ClientOrderID(rawValue: 1)) }

    @Test func `an order that comes before its account's stream has said what was missed waits for that`() async throws
    {
        try await withServer { bench in
            try await bench.quote()
            bench.exchange.tell(.lost)
            try await bench.server.wait("the quotes are off") { [exchange = bench.exchange] in exchange.open.isEmpty }
            let (supervisor, order) = (bench.server.supervisor, request(requestID: "one"))
            async let placed = supervisor.place(order)
            try await bench.server.wait("it is under way") { await !supervisor.directRequests.isEmpty }
            // Long enough to be refused in, and far less than it waits.
            let end = ContinuousClock.now + .milliseconds(400)
            while ContinuousClock.now < end {
                _ = try await bench.server.database.read { try OrderStore.isStored(DirectOrderTests.anyID(), $0) }
            }
            bench.exchange.tell(.recovered)
            #expect(try await placed.status == .open)
        }
    }

    @Test func `orders of people are in their history and no strategies`() async throws {
        try await with { bench in
            _ = try await bench.server.supervisor.place(request())
            let history = try await bench.server.supervisor.history(.user("u1"), RecordPage())
            #expect(history.map(\.clientID) == ["c1"] && history.map(\.strategy) == ["direct"])
            #expect(try await bench.server.supervisor.strategies(.all) == [])
            #expect(
                await bench.server.supervisor.users(of: "paper/default") == ["paper/default/BTC/USDT has 1 live orders"]
            )
        }
    }
}
