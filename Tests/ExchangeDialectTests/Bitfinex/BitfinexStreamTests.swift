import Testing
import TradingCore

@testable import Exchanges

@Suite("Bitfinex public stream")
struct BitfinexPublicStreamTests {
    private func steps(_ channels: [StreamChannel] = [.book(BitfinexSamples.bitcoin)]) throws -> SessionSteps {
        SessionSteps(session: try BitfinexSamples.dialect().publicStream(channels))
    }

    private static let subscribed =
        "{\"event\":\"subscribed\",\"channel\":\"book\",\"chanId\":100,\"symbol\":\"tBTCUST\",\"prec\":\"P0\",\"freq\":\"F0\",\"len\":\"25\"}"
    private static let subscription =
        "{\"event\":\"subscribe\",\"channel\":\"book\",\"symbol\":\"tBTCUST\",\"prec\":\"P0\",\"freq\":\"F0\",\"len\":\"25\"}"
    private static let rows = "[100,[[30000,2,1.5],[29999,1,0.25],[30001,3,-0.9],[30002,1,-4]],1,1700000000001]"

    @Test func `it asks for checksums, numbers and times, and each channel once`() throws {
        let symbol = BitfinexSamples.bitcoin
        var steps = try steps([.ticker(symbol), .bestPrices(symbol), .candles(symbol, .oneHour), .trades(symbol)])
        #expect(
            steps.open(BitfinexSamples.context).sent == [
                "{\"event\":\"conf\",\"flags\":229376}",
                "{\"event\":\"subscribe\",\"channel\":\"ticker\",\"symbol\":\"tBTCUST\"}",
                "{\"event\":\"subscribe\",\"channel\":\"candles\",\"key\":\"trade:1h:tBTCUST\"}",
                "{\"event\":\"subscribe\",\"channel\":\"trades\",\"symbol\":\"tBTCUST\"}",
            ])
    }

    @Test func `a book from acknowledgement to checksum`() throws {
        var steps = try steps()
        _ = steps.open(BitfinexSamples.context)
        #expect(steps.receive(Self.subscribed).events == [.confirmed("book tBTCUST")])
        let whole = ExchangeBook(
            symbol: BitfinexSamples.bitcoin, bids: levels(("30000", "1.5"), ("29999", "0.25")),
            asks: levels(("30001", "0.9"), ("30002", "4")), time: 1_700_000_000_001)
        #expect(steps.receive(Self.rows).events == [.book(whole)])
        #expect(steps.receive("[100,\"cs\",-1591126737,2,1700000000002]").isEmpty)
        #expect(steps.receive("[100,\"hb\",3,1700000000003]").events == [.alive])
        let change = BookChange(
            symbol: BitfinexSamples.bitcoin, bids: levels(("29999", "0")), asks: [], time: 1_700_000_000_004)
        #expect(steps.receive("[100,[29999,0,1],4,1700000000004]").events == [.bookChange(change)])
    }

    @Test func `a wrong checksum loses the book, and the channel is taken anew`() throws {
        var steps = try steps()
        _ = steps.open(BitfinexSamples.context)
        _ = steps.receive(Self.subscribed)
        _ = steps.receive(Self.rows)
        let effects = steps.receive("[100,\"cs\",5,2]")
        guard case .bookLost(let symbol, let failure) = effects.events.first else {
            Issue.record("\(effects)")
            return
        }
        #expect(symbol == BitfinexSamples.bitcoin)
        #expect(failure.kind == .checksumError)
        #expect(effects.sent == ["{\"event\":\"unsubscribe\",\"chanId\":100}"])
        // What still comes is not believed.
        #expect(steps.receive("[100,[29999,0,1],3]").events.isEmpty)
        #expect(
            steps.receive("{\"event\":\"unsubscribed\",\"status\":\"OK\",\"chanId\":100}").sent == [Self.subscription])
        #expect(steps.receive(Self.subscribed).events == [.confirmed("book tBTCUST")])
        #expect(steps.receive("[100,[[30000,1,1]],4]").events.count == 1)
    }

    @Test func `a channel that cannot be left ends the connection`() throws {
        var steps = try steps()
        _ = steps.open(BitfinexSamples.context)
        _ = steps.receive(Self.subscribed)
        _ = steps.receive("[100,[29999,0,1]]")
        #expect(steps.session.nextWake == steps.now + 10_000)
        steps.now += 10_000
        #expect(steps.wake().reconnects.first != nil)
    }

    @Test(arguments: ["[100,[29999,1,1]]", "[100,[[30000,1]]]", "[100,[[30000,1,\"x\"]]]", "[100,[[30000,1,0]]]"])
    func `rows that make no sense lose the book`(_ text: String) throws {
        var steps = try steps()
        _ = steps.receive(Self.subscribed)
        let effects = steps.receive(text)
        guard case .bookLost = effects.events.first else {
            Issue.record("\(effects)")
            return
        }
    }

    @Test(arguments: ["[100,\"hb\",3]", "[100,\"hb\",1]", "[100,[29999,0,1],4]"])
    func `a missing or doubled message begins everything anew`(_ text: String) throws {
        var steps = try steps()
        _ = steps.receive(Self.subscribed)
        _ = steps.receive(Self.rows)
        #expect(steps.receive(text).reconnects.first != nil)
    }

    @Test(arguments: [
        "", "[", "[100", "[100,", "{}", "null", "[7,[1,2,3]]", "[100,\"cs\",\"x\"]", "{\"event\":1}{", "[100,\"hb\"]x",
    ])
    func `what is no message begins everything anew`(_ text: String) throws {
        var steps = try steps()
        _ = steps.receive(Self.subscribed)
        #expect(!steps.receive(text).isEmpty)
        #expect(steps.receive(text).reconnects.first != nil)
    }

    @Test func `a subscription that nobody answers ends the connection`() throws {
        var steps = try steps([.book(BitfinexSamples.bitcoin), .trades(BitfinexSamples.bitcoin)])
        _ = steps.open(BitfinexSamples.context)
        _ = steps.receive(Self.subscribed)
        steps.now += 29_999
        #expect(steps.wake().reconnects.isEmpty)
        steps.now += 1
        #expect(steps.wake().reconnects.first?.kind == .requestTimeout)
        var answered = try self.steps()
        _ = answered.open(BitfinexSamples.context)
        _ = answered.receive(Self.subscribed)
        answered.now += 30_000
        #expect(answered.wake().reconnects.isEmpty)
    }

    @Test func `orders of one price are one level`() throws {
        var steps = try steps()
        _ = steps.receive(Self.subscribed.replacing("P0", with: "R0"))
        let effects = steps.receive("[100,[[11,30000,1.5],[12,30000,0.25],[13,30001,-0.9]]]")
        let whole = ExchangeBook(
            symbol: BitfinexSamples.bitcoin, bids: levels(("30000", "1.75")), asks: levels(("30001", "0.9")))
        #expect(effects.events == [.book(whole)])
        let change = BookChange(symbol: BitfinexSamples.bitcoin, bids: levels(("30000", "1.5")), asks: [])
        #expect(steps.receive("[100,[12,0,1]]").events == [.bookChange(change)])
    }

    @Test func `trades once, best prices with the ticker, candles`() throws {
        let symbol = BitfinexSamples.bitcoin
        var steps = try steps([.bestPrices(symbol), .trades(symbol), .candles(symbol, .oneMinute)])
        _ = steps.receive("{\"event\":\"subscribed\",\"channel\":\"trades\",\"chanId\":1,\"symbol\":\"tBTCUST\"}")
        _ = steps.receive("{\"event\":\"subscribed\",\"channel\":\"ticker\",\"chanId\":2,\"symbol\":\"tBTCUST\"}")
        _ = steps.receive(
            "{\"event\":\"subscribed\",\"channel\":\"candles\",\"chanId\":3,\"key\":\"trade:1m:tBTCUST\"}")
        #expect(steps.receive("[1,[[2,20,-1,10],[1,10,1,10]]]").events.count == 2)
        #expect(steps.receive("[1,\"te\",[3,30,-0.5,10]]").events.count == 1)
        #expect(steps.receive("[1,\"tu\",[3,30,-0.5,10]]").events == [.alive])
        guard case .bestPrices(let ticker) = steps.receive("[2,[9,1,11,1,2,0.2,10,5,12,8]]").events.first else {
            Issue.record("no best prices")
            return
        }
        #expect(ticker.bid == "9")
        #expect(ticker.bidAmount == nil)
        #expect(ticker.percentage == "20")
        guard case .candle(_, .oneMinute, let candle) = steps.receive("[3,[60000,1,2,4,0.5,7]]").events.first else {
            Issue.record("no candle")
            return
        }
        #expect(candle.close == "2")
        #expect(candle.high == "4")
    }

    @Test func `notices of the exchange`() throws {
        var steps = try steps()
        #expect(steps.receive("{\"event\":\"info\",\"version\":2,\"platform\":{\"status\":1}}").events == [.alive])
        guard
            case .refused(_, let maintenance) = steps.receive(
                "{\"event\":\"info\",\"version\":2,\"platform\":{\"status\":0}}"
            ).events.first
        else {
            Issue.record("no word on maintenance")
            return
        }
        #expect(maintenance.kind == .onMaintenance)
        #expect(steps.receive("{\"event\":\"info\",\"code\":20051,\"msg\":\"Stopping\"}").reconnects.first != nil)
        #expect(steps.receive("{\"event\":\"info\",\"code\":20061,\"msg\":\"Resume\"}").reconnects.first != nil)
        #expect(steps.receive("{\"event\":\"info\",\"version\":3}").reconnects.first?.kind == .badResponse)
        guard
            case .refused("book tX", _) = steps.receive(
                "{\"event\":\"error\",\"msg\":\"symbol: invalid\",\"code\":10300,\"channel\":\"book\",\"symbol\":\"tX\"}"
            ).events.first
        else {
            Issue.record("no refusal")
            return
        }
    }

    @Test func `more than 25 channels are refused`() throws {
        var info = OrderLimits()
        info.minimumAmount = "1"
        let names = (0..<26).map { AssetID("A\($0)") }
        let markets = names.map {
            ExchangeMarket(
                id: "t\($0):USD", symbol: Symbol(base: $0, quote: AssetID("USD")), baseID: $0.rawValue, quoteID: "USD",
                rounding: OrderRounding(amount: nil, price: nil))
        }
        let dialect = BitfinexDialect(catalog: MarketCatalog(markets: markets, currencies: []))
        #expect(throws: ExchangeFailure.self) { try dialect.publicStream(markets.map { .book($0.symbol) }) }
    }

    @Test func `damaged frames never crash it`() throws {
        let seed: UInt64 = .random(in: 0..<1_000_000)
        print("damaged frames, seed \(seed)")
        var words = SeededWords(seed)
        let frames = [
            Self.subscribed, Self.rows, "[100,\"cs\",-1591126737,2]", "[100,[29999,0,1],3]", "[100,\"hb\",4]",
            "[100,\"te\",[1,2,3,4],5]", "{\"event\":\"info\",\"code\":20051}", "[100,[[1e-7,1,1e-8]],6]",
        ]
        var steps = try steps()
        for _ in 0..<20_000 {
            let frame = frames[Int(words.below(UInt64(frames.count)))]
            let bytes = words.below(3) == 0 ? Array(frame.utf8) : words.damaged(Array(frame.utf8))
            let effects = steps.receive(bytes, isBinary: false)
            if effects.reconnects.first != nil { steps = try self.steps() }
        }
    }
}

@Suite("Bitfinex private stream")
struct BitfinexPrivateStreamTests {
    private func steps() throws -> SessionSteps {
        SessionSteps(session: try BitfinexSamples.dialect().privateStream(token: nil))
    }

    private func row(_ remaining: String, _ status: String) -> String {
        "[96,null,17,\"tBTCUST\",1,2,\(remaining),-0.5,\"EXCHANGE LIMIT\",null,null,null,4096,\"\(status)\",null,null,29900,29900,0,0]"
    }

    @Test func `it logs in, and says when that failed`() throws {
        var steps = try steps()
        let sent = steps.open(BitfinexSamples.context).sent
        #expect(sent.count == 1)
        #expect(sent.first?.contains("\"event\":\"auth\"") == true)
        #expect(
            steps.receive("{\"event\":\"auth\",\"status\":\"OK\",\"chanId\":0}").events == [.confirmed("login")])
        let failed = steps.receive(
            "{\"event\":\"auth\",\"status\":\"FAILED\",\"code\":10100,\"msg\":\"apikey: invalid\"}")
        guard case .refused("login", let failure) = failed.events.first else {
            Issue.record("\(failed)")
            return
        }
        #expect(failure.kind == .authenticationError)
        #expect(steps.open(SigningContext(credentials: nil, now: 0)).sent.isEmpty)
    }

    @Test func `a login that nobody answers ends the connection`() throws {
        var steps = try steps()
        _ = steps.open(BitfinexSamples.context)
        #expect(steps.session.nextWake == steps.now + 15_000)
        steps.now += 15_000
        #expect(steps.wake().reconnects.first?.kind == .requestTimeout)
    }

    @Test func `an order's life`() throws {
        var steps = try steps()
        let first = steps.receive("[0,\"on\",\(row("-0.5", "ACTIVE"))]").events
        let second = steps.receive("[0,\"ou\",\(row("-0.3", "PARTIALLY FILLED @ 29900.0(-0.2)"))]").events
        let last = steps.receive("[0,\"oc\",\(row("-0.3", "CANCELED was: PARTIALLY FILLED @ 29900.0(-0.2)"))]").events
        let orders = (first + second + last).compactMap { event -> ExchangeOrder? in
            if case .order(let order) = event { order } else { nil }
        }
        #expect(orders.map(\.status) == [.open, .open, .cancelled])
        #expect(orders.map(\.filled) == ["0", "0.2", "0.2"])
        #expect(orders.allSatisfy { $0.side == .sell && $0.clientOrderID == "17" && $0.isPostOnly == true })
        #expect(orders.last?.reason == "CANCELED was: PARTIALLY FILLED @ 29900.0(-0.2)")
    }

    @Test func `a fill is told once, with its fee`() throws {
        var steps = try steps()
        #expect(
            steps.receive("[0,\"te\",[5,\"tBTCUST\",9,96,-0.2,29900,\"EXCHANGE LIMIT\",29900,1,null,null,17]]").events
                == [.alive])
        let effects = steps.receive(
            "[0,\"tu\",[5,\"tBTCUST\",9,96,-0.2,29900,\"EXCHANGE LIMIT\",29900,1,-0.598,\"UST\",17]]")
        guard case .fill(let fill) = effects.events.first else {
            Issue.record("\(effects)")
            return
        }
        #expect(fill.fees == [ExchangeFee(cost: "0.598", asset: AssetID("USDT"))])
        #expect(fill.liquidity == .maker)
        #expect(fill.side == .sell)
        #expect(fill.cost == "5980")
    }

    @Test func `the free part of a wallet is asked for once when it is missing`() throws {
        var steps = try steps()
        let snapshot = steps.receive("[0,\"ws\",[[\"exchange\",\"BTC\",1.25,0,null],[\"margin\",\"UST\",1,0,1]]]")
        #expect(snapshot.sent == ["[0,\"calc\",null,[[\"wallet_exchange_BTC\"]]]"])
        #expect(steps.receive("[0,\"wu\",[\"exchange\",\"BTC\",1.25,0,null]]").sent.isEmpty)
        let known = steps.receive("[0,\"wu\",[\"exchange\",\"BTC\",1.25,0,1]]")
        guard case .balances(let balances, false) = known.events.first else {
            Issue.record("\(known)")
            return
        }
        #expect(balances.balances.first?.used == "0.25")
        #expect(steps.receive("[0,\"wu\",[\"margin\",\"UST\",1,0,1]]").events == [.alive])
    }

    @Test func `a refused order is told by its client order id`() throws {
        var steps = try steps()
        let text = "[0,\"n\",[1,\"on-req\",null,null,[null,null,17,\"tBTCUST\"],null,\"ERROR\",\"Invalid order\"]]"
        guard case .order(let order) = steps.receive(text).events.first else {
            Issue.record("no order")
            return
        }
        #expect(order.status == .rejected)
        #expect(order.clientOrderID == "17")
        #expect(order.reason == "Invalid order")
    }

    @Test(arguments: ["", "[0,\"on\",[1,2]]", "[0,\"on\"]", "[0,\"tu\",{}]", "[0,\"ws\",5]", "7", "[0,\"n\",[]]", "{}"])
    func `what cannot be read brings a new connection`(_ text: String) throws {
        var steps = try steps()
        #expect(steps.receive(text).reconnects.first != nil)
    }

    @Test func `damaged frames never crash it`() throws {
        let seed: UInt64 = .random(in: 0..<1_000_000)
        print("damaged frames, seed \(seed)")
        var words = SeededWords(seed)
        let frames = [
            "[0,\"on\",\(row("-0.5", "ACTIVE"))]", "[0,\"ws\",[[\"exchange\",\"BTC\",1.25,0,null]]]",
            "[0,\"tu\",[5,\"tBTCUST\",9,96,-0.2,29900,\"EXCHANGE LIMIT\",29900,1,-0.598,\"UST\",17]]",
            "[0,\"n\",[1,\"on-req\",null,null,[null,null,17,\"tBTCUST\"],null,\"ERROR\",\"Invalid order\"]]",
        ]
        var steps = try steps()
        for _ in 0..<10_000 {
            let frame = frames[Int(words.below(UInt64(frames.count)))]
            _ = steps.receive(words.damaged(Array(frame.utf8)), isBinary: false)
        }
    }
}
