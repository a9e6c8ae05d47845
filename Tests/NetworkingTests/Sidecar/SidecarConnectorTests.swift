import Exchanges
import Execution
import Foundation
import Logging
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import Networking

/// Trading through a real sidecar on an exchange of the test's.
@Suite(.serialized, .enabled(if: TestSidecar.isSetUp, Comment(rawValue: TestSidecar.absence)))
struct SidecarConnectorTests {
    private struct Desk {
        let exchange: FakeExchange
        let sidecar: TestSidecar
        let connector: SidecarConnector
        let account: SidecarAccount
        let desk: SidecarOrderDesk
        let told: Heard<AccountUpdate>

        func events() -> [AccountEvent] {
            told.all.compactMap { if case .event(let event) = $0 { event } else { nil } }
        }
    }

    private static let symbol = Symbol(base: AssetID(rawValue: "BTC"), quote: AssetID(rawValue: "USDT"))

    private static func id(_ number: UInt64) throws -> ClientOrderID { try #require(ClientOrderID(rawValue: number)) }

    private static func order(_ number: UInt64, price: Int64 = 5_000_000) throws -> OrderRequest {
        OrderRequest(
            id: try id(number), side: .buy, isPostOnly: false, price: Price(ticks: price),
            quantity: Quantity(lots: 1_000_000))
    }

    private static func with(
        time: any TimeSource = SystemTime(), _ body: (Desk) async throws -> Void
    ) async throws {
        let exchange = FakeExchange(now: time.now().nanoseconds / Nanoseconds.perMillisecond)
        var manners = SidecarManners()
        manners.shortestRestart = 50
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        try await ScriptedServer.with(answer: { request, _ in exchange.answer(request) }) { server in
            try await TestSidecar.with(manners: manners) { sidecar in
                let connector = SidecarConnector(
                    ExchangeID(rawValue: "binance"), client: sidecar.client,
                    accounts: ["default": ExchangeCredentials(apiKey: "key", secret: Secret("secret"))],
                    settings: FakeExchange.settings(port: server.port), time: time, logger: logger)
                try await sidecar.connected()
                let account = try #require(try await connector.account("default") as? SidecarAccount)
                let told = Heard<AccountUpdate>()
                let subscription = try await account.subscribe(symbol) { told.add($0) }
                let desk = try await account.desk(symbol)
                try await body(
                    Desk(
                        exchange: exchange, sidecar: sidecar, connector: connector, account: account, desk: desk,
                        told: told))
                subscription.cancel()
            }
        }
    }

    @Test func `instruments carry the exchange's rules exactly`() async throws {
        try await Self.with { test in
            let instruments = try await test.connector.instruments()
            let instrument = try #require(instruments.first)
            #expect(instruments.count == 1 && instrument.id.symbol == Self.symbol)
            #expect(instrument.unit == (try BookUnit(price: "0.01", quantity: "0.00000001")))
            #expect(
                instrument.rules
                    == TradingRules(
                        priceRounding: .tick("0.01"), lotSize: "0.00001", minimumPrice: "0.01",
                        maximumPrice: "1000000", minimumQuantity: "0.00001", maximumQuantity: "9000",
                        minimumNotional: "5", maximumNotional: "9000000"))
            await #expect(throws: ConnectorError.unknownAccount("other")) { try await test.connector.account("other") }
        }
    }

    @Test func `a fee in a third asset is booked as that, as natively`() async throws {
        try await Self.with { test in
            let instrument = try #require(try await test.connector.instruments().first)
            guard case .third(let token, _, _) = instrument.fees.payment else {
                Issue.record("no third asset: \(instrument.fees)")
                return
            }
            #expect(token == AssetID("BNB"))
            let order = try Self.order(9)
            test.desk.begin(order)
            try await test.sidecar.wait("it is accepted") { test.events().contains(.accepted(order.id)) }
            test.exchange.fill(SidecarClientIDs.text(nil).text(order.id), "0.01", isWhole: true, fee: ("0.0007", "BNB"))
            try await test.sidecar.wait("it is told") {
                test.events().contains { if case .filled = $0 { true } else { false } }
            }
            let fill = try #require(
                test.events().compactMap { if case .filled(let fill) = $0 { fill } else { nil } }.first)
            #expect(fill.fee == "0.0007" && fill.feeAsset == .other(0))
            #expect(try await test.account.fills(Self.symbol, from: 0, limit: 9).map(\.fee) == ["0.0007"])
        }
    }

    @Test func `an order is placed, filled in two parts and its balances read`() async throws {
        try await Self.with { test in
            let order = try Self.order(1)
            test.desk.begin(order)
            try await test.sidecar.wait("it is accepted") { test.events().contains(.accepted(order.id)) }
            let text = SidecarClientIDs.text(nil).text(order.id)
            #expect(test.exchange.state.withLock { $0.orders.map(\.clientID) } == [text])
            #expect(test.exchange.state.withLock { $0.orders.map(\.price) } == ["50000"])
            #expect(
                try await test.account.openOrders(Self.symbol) == [
                    ListedOrder(id: order.id, side: .buy, price: order.price, remaining: order.quantity)
                ])
            test.exchange.fill(text, "0.004", isWhole: false)
            try await test.sidecar.wait("a part is told") {
                test.events().contains {
                    if case .filled(let fill) = $0 { fill.quantity.lots == 400_000 } else { false }
                }
            }
            test.exchange.state.withLock { state in
                state.now += 5
                state.orders[0].filled = "0.01"
                state.orders[0].status = "FILLED"
                state.trades.append(["950", "1000", "50000", "0.006", "0.0000015", "BTC", "\(state.now)", "BUY"])
            }
            try await test.sidecar.wait("the rest is told") {
                test.events().contains {
                    if case .filled(let fill) = $0 { fill.quantity.lots == 600_000 } else { false }
                }
            }
            let fills = test.events().compactMap { if case .filled(let fill) = $0 { fill } else { nil } }
            #expect(Set(fills.map(\.tradeID)).count == 2)
            #expect(fills.allSatisfy { $0.feeAsset == .base && $0.liquidity == .maker && $0.price == order.price })
            #expect(!test.events().contains(.expired(order.id, .immediateRemainder)))
            // Asked for over any downtime, from any trade on.
            let all = try await test.account.fills(Self.symbol, from: 0, limit: 100)
            #expect(all.map(\.quantity.lots) == [400_000, 600_000] && all.map(\.orderID) == [order.id, order.id])
            #expect(try await test.account.fills(Self.symbol, from: all[1].tradeID, limit: 100) == [all[1]])
            // Where none is known, from a time on.
            let (first, second) = (all[0].time, all[1].time)
            #expect(first < second)
            for (time, fills) in [(first, all), (second, [all[1]])] {
                let mark = FillMark(tradeID: 0, time: time)
                #expect(try await test.account.fills(Self.symbol, from: mark, limit: 100) == fills)
            }
            #expect(try await test.account.order(order.id, Self.symbol)?.status == .filled)
            #expect(
                try await test.account.balances() == [
                    AssetBalance(asset: AssetID(rawValue: "BTC"), free: "1.23456789", locked: "0.1"),
                    AssetBalance(asset: AssetID(rawValue: "USDT"), free: "100000.00000001", locked: "0"),
                ])
        }
    }

    @Test func `an order is cancelled with what filled before`() async throws {
        try await Self.with { test in
            let order = try Self.order(2)
            test.desk.begin(order)
            // At once: it is taken back, or if it has left already cancelled when it is answered.
            test.desk.send(.cancel(order.id))
            try await test.sidecar.wait("it is gone") {
                test.events().contains(.cancelled(order.id)) || test.events().contains(.notFound(order.id))
            }
            test.desk.send(.cancel(order.id))
            try await test.sidecar.wait("there is nothing to cancel") {
                test.events().contains(.cancelRejected(order.id, .unknownOrder))
            }
            let partly = try Self.order(3)
            test.desk.begin(partly)
            try await test.sidecar.wait("it is accepted") { test.events().contains(.accepted(partly.id)) }
            test.exchange.fill(SidecarClientIDs.text(nil).text(partly.id), "0.002", isWhole: false)
            test.desk.send(.cancel(partly.id))
            try await test.sidecar.wait("it is cancelled") { test.events().contains(.cancelled(partly.id)) }
            let events = test.events()
            let fill = try #require(
                events.firstIndex { if case .filled(let fill) = $0 { fill.orderID == partly.id } else { false } })
            #expect(fill < (try #require(events.firstIndex(of: .cancelled(partly.id)))))
        }
    }

    @Test func `an end is told though the trades cannot be listed just then: it would not be told again`() async throws
    {
        try await Self.with { test in
            let order = try Self.order(5)
            test.desk.begin(order)
            try await test.sidecar.wait("it is accepted") { test.events().contains(.accepted(order.id)) }
            test.exchange.fill(SidecarClientIDs.text(nil).text(order.id), "0.004", isWhole: false)
            try await test.sidecar.wait("a part is told") {
                test.events().contains { if case .filled = $0 { true } else { false } }
            }
            test.exchange.state.withLock { $0.tradesAreDown = true }
            test.desk.send(.cancel(order.id))
            try await test.sidecar.wait("it is cancelled") { test.events().contains(.cancelled(order.id)) }
            #expect(test.exchange.state.withLock { $0.tradesAreDown })
        }
    }

    @Test(arguments: [TimeInForce.immediateOrCancel, .fillOrKill])
    func `one that trades at once or not at all, and rests, is cancelled though nobody asks`(
        _ timeInForce: TimeInForce
    ) async throws {
        try await Self.with { test in
            let plain = try Self.order(20)
            test.desk.begin(plain)
            var order = try Self.order(21)
            order.timeInForce = timeInForce
            test.desk.begin(order)
            try await test.sidecar.wait("it is cancelled") { test.events().contains(.cancelled(order.id)) }
            #expect(test.events().count { $0 == .accepted(order.id) } == 1)
            #expect(!test.events().contains(.cancelRejected(order.id, .unknownOrder)))
            let text = SidecarClientIDs.text(nil).text(plain.id)
            let open = test.exchange.state.withLock { $0.orders.filter { $0.status == "NEW" }.map(\.clientID) }
            #expect(open == [text], "the other rests")
        }
    }

    /// Twenty times as fast: it is waited for a minute.
    @Test func `one that has ended, owes a fill that nobody shows, and is forgotten ends with what was booked`()
        async throws
    {
        try await Self.with(time: ScaledTime(factor: 20)) { test in
            let order = try Self.order(22)
            let text = SidecarClientIDs.text(nil).text(order.id)
            test.desk.begin(order)
            try await test.sidecar.wait("it is accepted") { test.events().contains(.accepted(order.id)) }
            test.exchange.fill(text, "0.002", isWhole: false)
            try await test.sidecar.wait("the fill is told") { !test.desk.state.withLock { $0.board.needsFills } }
            test.exchange.state.withLock { state in
                state.orders[0].filled = "0.005"
                state.orders[0].status = "CANCELED"
            }
            try await test.sidecar.wait("it owes") { test.desk.state.withLock { $0.board.owes(order.id) } }
            test.exchange.state.withLock { $0.orders = [] }
            test.desk.send(.query(order.id))
            try await test.sidecar.wait("it ends") { test.events().contains(.cancelled(order.id)) }
            #expect(!test.events().contains(.notFound(order.id)))
            #expect(test.desk.state.withLock { $0.board.entries.isEmpty })
        }
    }

    /// What has just ended may be in no list, and what has filled is told as gone by nobody. Twenty times as fast.
    @Test func `an order that the exchange knows no more, and whose trades it tells, was there`() async throws {
        try await Self.with(time: ScaledTime(factor: 20)) { test in
            let (whole, part) = (try Self.order(31), try Self.order(32))
            for order in [whole, part] {
                test.desk.begin(order)
                try await test.sidecar.wait("it is accepted") { test.events().contains(.accepted(order.id)) }
            }
            // In one moment: no look comes between.
            test.exchange.forget(
                filled: [
                    (SidecarClientIDs.text(nil).text(whole.id), "0.01"),
                    (SidecarClientIDs.text(nil).text(part.id), "0.004"),
                ])
            for order in [whole, part] { test.desk.send(.query(order.id)) }
            func booked(_ order: OrderRequest) -> Int64 {
                test.events().reduce(0) {
                    if case .filled(let fill) = $1, fill.orderID == order.id { $0 + fill.quantity.lots } else { $0 }
                }
            }
            try await test.sidecar.wait("both fills are told") { booked(whole) > 0 && booked(part) > 0 }
            try await test.sidecar.wait("what is left of one ends") { test.events().contains(.cancelled(part.id)) }
            #expect(booked(whole) == whole.quantity.lots && booked(part) == 400_000)
            #expect(!test.events().contains(.notFound(whole.id)) && !test.events().contains(.notFound(part.id)))
            #expect(!test.events().contains(.cancelled(whole.id)))
            #expect(test.desk.state.withLock { $0.board.entries.isEmpty })
        }
    }

    @Test func `an order of a kind that there is not is refused for that`() {
        #expect(SidecarFailure.reason("OptionNotSupported") == .optionNotSupported)
    }

    @Test func `a refusal is a refusal, with its reason`() async throws {
        try await Self.with { test in
            let poor = try Self.order(4, price: 100)
            test.desk.begin(poor)
            try await test.sidecar.wait("it is refused") {
                test.events().contains(.rejected(poor.id, .insufficientBalance))
            }
            // ccxt would cut the price to the tick without a word.
            let failure = await #expect(throws: SidecarFailure.self) {
                try await test.account.ask(
                    "createOrder",
                    [
                        .text("symbol", "BTC/USDT"), .text("side", "buy"), .text("type", "limit"),
                        .text("amount", "0.01"), .text("price", "50000.001"), .text("clientOrderId", "mrm000000009"),
                    ])
            }
            #expect(failure?.kind == .refused && failure?.message.contains("price 50000.001") == true)
            #expect(test.exchange.placements == 1)
        }
    }

    @Test(arguments: [
        FakeExchange.Fault.answersAfter(3_000), .hangsUp, .answers("502 Bad Gateway", "<html>502</html>"),
        .answers("500 Internal Server Error", "{\"code\":-1000,\"msg\":\"unknown error\"}"),
        .answers("200 OK", "not what it should be"),
    ])
    func `an order whose answer is lost is unknown, and found by its id, never sent twice`(
        fault: FakeExchange.Fault
    ) async throws {
        try await Self.with { test in
            test.exchange.state.withLock { $0.faults = [fault] }
            let order = try Self.order(5)
            test.desk.begin(order)
            try await test.sidecar.wait("its outcome is lost") { test.events().contains(.outcomeUnknown(order.id)) }
            #expect(!test.events().contains(.rejected(order.id, .other)))
            test.desk.send(.query(order.id))
            try await test.sidecar.wait("it is found") { test.events().contains(.accepted(order.id)) }
            #expect(test.exchange.placements == 1)
        }
    }

    @Test func `an order under way when the sidecar is killed is unknown, and found in its next life`() async throws {
        try await Self.with { test in
            test.exchange.state.withLock { $0.faults = [.answersAfter(1_500)] }
            let order = try Self.order(6)
            test.desk.begin(order)
            try await test.sidecar.wait("it has arrived") { test.exchange.placements == 1 }
            kill(try #require(test.sidecar.client.condition.pid), SIGKILL)
            try await test.sidecar.wait("its outcome is lost") { test.events().contains(.outcomeUnknown(order.id)) }
            // Nobody asks: the open orders are looked at in any case.
            try await test.sidecar.wait("it is found") { test.events().contains(.accepted(order.id)) }
            #expect(test.exchange.placements == 1)
        }
    }

    @Test func `that there is no such order proves nothing while it may still come`() async throws {
        try await Self.with { test in
            let stranger = try Self.id(77)
            // Nothing at all is there since.
            #expect(try await test.account.order(stranger, Self.symbol, placedAt: test.account.startedAt) == nil)
            test.desk.send(.query(stranger))
            _ = try await test.account.balances()
            #expect(!test.events().contains(.notFound(stranger)))
        }
    }

    @Test func `of an exchange that has told no id of ours yet, that it knows none of an order proves nothing`()
        async throws
    {
        try await Self.with { test in
            let (first, stranger) = (try Self.order(76), try Self.id(77))
            // Somebody's order that bears no id of ours: it may be this one, by another name.
            test.exchange.state.withLock { state in
                state.orders.append(.init(id: 5_000, clientID: "web_1", side: "BUY", price: "40000", amount: "0.01"))
            }
            await #expect(throws: ConnectorError.self) {
                try await test.account.order(stranger, Self.symbol, placedAt: test.account.startedAt)
            }
            test.desk.begin(first)
            try await test.sidecar.wait("it is accepted") { test.events().contains(.accepted(first.id)) }
            #expect(try await test.account.order(stranger, Self.symbol, placedAt: test.account.startedAt) == nil)
        }
    }

    @Test func `a fill that comes after any number of others' trades is told`() async throws {
        try await Self.with { test in
            let order = try Self.order(1)
            test.desk.begin(order)
            try await test.sidecar.wait("it is accepted") { test.events().contains(.accepted(order.id)) }
            test.exchange.state.withLock { state in
                // As it is looked for from a while before the oldest order on.
                for number in 0..<1_500 {
                    let time = state.now - 50_000 + Int64(number) * 30
                    state.trades.append(["\(10_000 + number)", "5000", "50000", "0.001", "0", "BTC", "\(time)", "BUY"])
                }
                state.now += 5
            }
            test.exchange.fill(SidecarClientIDs.text(nil).text(order.id), "0.004", isWhole: false)
            try await test.sidecar.wait("it is told") {
                test.events().contains {
                    if case .filled(let fill) = $0 { fill.quantity.lots == 400_000 } else { false }
                }
            }
            #expect(try await test.account.fills(Self.symbol, from: 0, limit: 10).map(\.quantity.lots) == [400_000])
        }
    }

    @Test func `a look-up says since when the order can be there, and nothing where nobody knows`() async throws {
        try await Self.with { test in
            func since(_ id: ClientOrderID) -> JSONValue? {
                test.desk.lookUpArguments(id).first { $0.key == "since" }?.value
            }
            let (placed, earlier, stranger) = (try Self.order(1), try Self.id(2), try Self.id(3))
            let before = test.desk.milliseconds
            test.desk.begin(placed)
            let told = try #require(since(placed.id)?.text.flatMap { Int64($0) })
            #expect((before - 600_000...test.desk.milliseconds - 600_000).contains(told))
            let day = Timestamp(nanoseconds: before * Nanoseconds.perMillisecond - Nanoseconds.perDay)
            #expect(try await test.account.order(earlier, Self.symbol, placedAt: day) == nil)
            // What the engine asks later, of an order that this life only knows from being asked about it.
            test.desk.send(.query(earlier))
            _ = try await test.account.balances()
            #expect(since(earlier)?.text == "\(before - 86_400_000 - 600_000)")
            test.desk.send(.query(stranger))
            _ = try await test.account.balances()
            #expect(since(stranger)?.isNull == true)
        }
    }

    @Test func `an exchange that is gone loses the account, and its return is told`() async throws {
        try await Self.with { test in
            try await test.sidecar.wait("it lives") { test.told.all.contains(.alive) }
            test.exchange.state.withLock { $0.isDown = true }
            try await test.sidecar.wait("it is lost") { test.told.all.contains(.lost) }
            test.exchange.state.withLock { $0.isDown = false }
            try await test.sidecar.wait("it is back") { test.told.all.contains(.recovered) }
        }
    }

    @Test func `an account that is left and come back to at once is looked after once`() async throws {
        try await Self.with { test in
            let desk = SidecarOrderDesk(test.account, test.desk.instrument)
            for _ in 0..<20 { desk.subscribe { _ in }.cancel() }
            let heard = Heard<AccountUpdate>()
            let subscription = desk.subscribe { heard.add($0) }
            defer { subscription.cancel() }
            let order = try Self.order(8)
            desk.begin(order)
            try await test.sidecar.wait("it is accepted") { heard.all.contains(.event(.accepted(order.id))) }
            try await test.sidecar.wait("it lives") { heard.all.contains(.alive) }
        }
    }

    @Test func `a book is told as a snapshot and then by what changes, and is whole again after the sidecar's end`()
        async throws
    {
        try await Self.with { test in
            let heard = Heard<[MarketRecord]>()
            let subscription = try await test.connector.subscribe(Self.symbol) { heard.add($0) }
            defer { subscription.cancel() }
            try await test.sidecar.wait("a snapshot") { !heard.all.isEmpty }
            let first = heard.all[0]
            #expect(first.map(\.kind) == [.reset, .snapshot, .snapshot, .snapshot])
            #expect(first.map(\.price.ticks) == [0, 999_900, 5_999_900, 6_000_100])
            #expect(first[2].quantity.lots == 200_000_001 && first.last?.isLast == true)
            test.exchange.state.withLock { $0.bid = "59998.50" }
            try await test.sidecar.wait("the change") { heard.all.contains { $0.first?.kind == .level } }
            let change = try #require(heard.all.first { $0.first?.kind == .level })
            #expect(change.map(\.price.ticks) == [5_999_900, 5_999_850] && change[0].quantity == .zero)
            let told = heard.all.count
            kill(try #require(test.sidecar.client.condition.pid), SIGKILL)
            try await test.sidecar.wait("a gap and a new snapshot") {
                let later = heard.all.dropFirst(told)
                guard let gap = later.firstIndex(where: { $0.first?.kind == .gap }) else { return false }
                return later[gap...].contains { $0.first?.kind == .reset }
            }
        }
    }

    @Test(arguments: ["digifinex", "p2b", "luno"])
    func `an exchange that takes no ids of ours is not traded on, and says so`(exchange: String) async throws {
        try await TestSidecar.with { sidecar in
            try await sidecar.connected()
            let connector = SidecarConnector(
                ExchangeID(rawValue: exchange), client: sidecar.client,
                accounts: ["default": ExchangeCredentials(apiKey: "key", secret: Secret("secret"))],
                time: SystemTime(), logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            // It never comes to asking the exchange: what ccxt can do is known before.
            let error = await #expect(throws: ConnectorError.self) { try await connector.account("default") }
            guard case .refused(let text)? = error else {
                Issue.record(Comment(rawValue: "\(error, default: "nothing")"))
                return
            }
            #expect(
                text.contains("\(exchange) cannot be traded on through ccxt")
                    && text.contains("takes no client order id"))
        }
    }
}
