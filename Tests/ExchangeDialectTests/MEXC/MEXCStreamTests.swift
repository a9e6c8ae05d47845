import TestSupport
import Testing
import TradingCore

@testable import Exchanges

@Suite("MEXC public stream")
struct MEXCPublicStreamTests {
    private static let channel = "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT"

    private func steps(_ channels: [StreamChannel] = [.book(MEXCSamples.bitcoin)]) throws -> SessionSteps {
        SessionSteps(session: try MEXCSamples.dialect().publicStream(channels))
    }

    private func book(_ sequence: Int64) -> ExchangeBook {
        ExchangeBook(
            symbol: MEXCSamples.bitcoin, bids: levels(("100", "1")), asks: levels(("101", "1")), sequence: sequence)
    }

    @Test func `it subscribes, and fetches a book as soon as that is confirmed`() throws {
        var steps = try steps()
        #expect(
            steps.open(MEXCSamples.context).sent
                == ["{\"method\":\"SUBSCRIPTION\",\"params\":[\"\(Self.channel)\"]}"])
        let effects = steps.receive("{\"id\":0,\"code\":0,\"msg\":\"\(Self.channel)\"}")
        #expect(effects.events == [.confirmed(Self.channel)])
        #expect(effects.fetchedSymbols == [MEXCSamples.bitcoin])
    }

    @Test func `a book from buffered changes to a gap and back`() throws {
        var steps = try steps()
        #expect(
            steps.receive(ProtobufBytes.depth(5, 6, bids: [("100", "9")]), isBinary: true).fetchedSymbols.count == 1)
        #expect(steps.receive(ProtobufBytes.depth(7, 9, bids: [("99", "2")]), isBinary: true).isEmpty)
        // The change that spans the book's number is the first.
        let whole = steps.fetch(.success(book(7)), MEXCSamples.bitcoin).events
        let spanning = BookChange(
            symbol: MEXCSamples.bitcoin, bids: levels(("99", "2")), asks: [], time: MEXCSamples.now, sequence: 9)
        #expect(whole == [.book(book(7)), .bookChange(spanning)])
        let next = steps.receive(ProtobufBytes.depth(10, 10, asks: [("101", "0")]), isBinary: true).events
        #expect(
            next == [
                .bookChange(
                    BookChange(
                        symbol: MEXCSamples.bitcoin, bids: [], asks: levels(("101", "0")), time: MEXCSamples.now,
                        sequence: 10))
            ])
        // Told before.
        #expect(steps.receive(ProtobufBytes.depth(9, 10), isBinary: true).isEmpty)
        steps.now += 2_000
        let gap = steps.receive(ProtobufBytes.depth(12, 12), isBinary: true)
        guard case .bookLost = gap.events.first else {
            Issue.record("\(gap)")
            return
        }
        #expect(gap.fetchedSymbols == [MEXCSamples.bitcoin])
        #expect(steps.fetch(.success(book(12)), MEXCSamples.bitcoin).events == [.book(book(12))])
    }

    @Test func `a book older than the changes is fetched again, not at once`() throws {
        var steps = try steps()
        _ = steps.receive(ProtobufBytes.depth(50, 51), isBinary: true)
        #expect(steps.fetch(.success(book(10)), MEXCSamples.bitcoin).isEmpty)
        let wake = try #require(steps.session.nextWake)
        #expect(wake == steps.now + 1_000)
        steps.now = wake
        #expect(steps.wake().fetchedSymbols == [MEXCSamples.bitcoin])
        #expect(steps.fetch(.success(book(50)), MEXCSamples.bitcoin).events.count == 2)
    }

    @Test func `a book that cannot be fetched is asked for again, ever later`() throws {
        var steps = try steps()
        _ = steps.receive(ProtobufBytes.depth(50, 51), isBinary: true)
        var waits: [Int64] = []
        for _ in 0..<7 {
            #expect(
                steps.fetch(.failure(ExchangeFailure(.exchangeNotAvailable, message: "")), MEXCSamples.bitcoin).isEmpty)
            let wake = try #require(steps.session.nextWake)
            waits.append(wake - steps.now)
            steps.now = wake
            #expect(steps.wake().fetchedSymbols.count == 1)
        }
        #expect(waits == [2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
    }

    @Test func `a change that cannot be read loses the book`() throws {
        var steps = try steps()
        _ = steps.receive(ProtobufBytes.depth(5, 6), isBinary: true)
        _ = steps.fetch(.success(book(6)), MEXCSamples.bitcoin)
        for bad in [
            ProtobufBytes.depth(8, 7), ProtobufBytes.depth(7, 7, bids: [("-1", "1")]),
            ProtobufBytes.depth(7, 7, bids: [("x", "1")]), ProtobufBytes.envelope(313, ProtobufBytes().field(1, 5)),
        ] {
            let effects = steps.receive(bad, isBinary: true)
            guard case .bookLost = effects.events.first else {
                Issue.record("\(effects)")
                return
            }
            steps.now += 5_000
            _ = steps.wake()
            #expect(steps.fetch(.success(book(6)), MEXCSamples.bitcoin).events.count == 1)
        }
    }

    @Test func `trades, best prices, tickers, candles`() throws {
        let symbol = MEXCSamples.bitcoin
        var steps = try steps([.trades(symbol), .bestPrices(symbol), .ticker(symbol), .candles(symbol, .oneHour)])
        let deal = ProtobufBytes().field(1, "100").field(2, "2").field(3, 2).field(4, 7)
        let deals = ProtobufBytes().field(1, deal).field(1, deal).field(2, "type")
        let trade = ExchangeTrade(
            symbol: symbol, side: .sell, price: "100", amount: "2", cost: "200", liquidity: .taker, time: 7)
        #expect(
            steps.receive(ProtobufBytes.envelope(314, deals), isBinary: true).events == [.trade(trade), .trade(trade)])
        var best = ExchangeTicker(symbol: symbol, time: MEXCSamples.now)
        best.bid = "99"
        best.bidAmount = "1"
        let ticker = ProtobufBytes().field(1, "99").field(2, "1").field(3, "").field(4, "0")
        #expect(steps.receive(ProtobufBytes.envelope(315, ticker), isBinary: true).events == [.bestPrices(best)])
        let mini = ProtobufBytes().field(2, "110").field(3, "0.1").field(7, "1050").field(8, "10")
        guard case .ticker(let day) = steps.receive(ProtobufBytes.envelope(309, mini), isBinary: true).events.first
        else {
            Issue.record("no ticker")
            return
        }
        #expect(day.open == "100")
        #expect(day.vwap == "105")
        let candle = ProtobufBytes().field(1, "Min60").field(2, 60).field(3, "1").field(4, "2").field(5, "4").field(
            6, "0.5")
        guard
            case .candle(_, .oneHour, let hour) = steps.receive(ProtobufBytes.envelope(308, candle), isBinary: true)
                .events.first
        else {
            Issue.record("no candle")
            return
        }
        #expect(hour.time == 60_000)
        #expect(hour.close == "2")
    }

    @Test func `control messages`() throws {
        var steps = try steps()
        #expect(steps.receive("{\"id\":0,\"code\":0,\"msg\":\"PONG\"}").events == [.alive])
        #expect(steps.receive("{\"method\":\"PING\"}").sent == ["{\"method\":\"PONG\"}"])
        let blocked = steps.receive(
            "{\"id\":0,\"code\":0,\"msg\":\"Not Subscribed successfully! [\(Self.channel)]. Reason: Blocked! \"}")
        guard case .refused(Self.channel, let failure) = blocked.events.first else {
            Issue.record("\(blocked)")
            return
        }
        #expect(failure.kind == .rateLimitExceeded)
        guard case .unexplained = steps.receive("{\"x\":1}").events.first else {
            Issue.record("no word")
            return
        }
        #expect(steps.receive("{").reconnects.first?.kind == .badResponse)
        #expect(steps.receive("[]").reconnects.first?.kind == .badResponse)
    }

    @Test func `it pings, and ends before the exchange cuts`() throws {
        var steps = try steps()
        _ = steps.open(MEXCSamples.context)
        #expect(steps.session.nextWake == steps.now + 15_000)
        #expect(steps.wake().isEmpty)
        steps.now += 15_000
        #expect(steps.wake().sent == ["{\"method\":\"PING\"}"])
        _ = steps.receive("{\"id\":0,\"code\":0,\"msg\":\"\(Self.channel)\"}")
        steps.now += 86_400_000
        #expect(steps.wake().reconnects.first != nil)
    }

    @Test func `a subscription that nobody answers ends the connection`() throws {
        var steps = try steps()
        _ = steps.open(MEXCSamples.context)
        steps.now += 30_000
        #expect(steps.wake().reconnects.first?.kind == .requestTimeout)
        var answered = try self.steps()
        _ = answered.open(MEXCSamples.context)
        _ = answered.receive("{\"id\":0,\"code\":0,\"msg\":\"\(Self.channel)\"}")
        answered.now += 30_000
        #expect(answered.wake().reconnects.isEmpty)
    }

    @Test func `more than 30 channels are refused`() throws {
        let markets = (0..<31).map {
            ExchangeMarket(
                id: "A\($0)USDT", symbol: Symbol(base: AssetID("A\($0)"), quote: AssetID("USDT")), baseID: "A\($0)",
                quoteID: "USDT", rounding: OrderRounding(amount: nil, price: nil))
        }
        let dialect = MEXCDialect(catalog: MarketCatalog(markets: markets, currencies: []))
        #expect(throws: ExchangeFailure.self) { try dialect.publicStream(markets.map { .book($0.symbol) }) }
    }

    @Test func `damaged frames never crash it`() throws {
        let seed: UInt64 = .random(in: 0..<1_000_000)
        print("damaged frames, seed \(seed)")
        var words = SeededWords(seed)
        let deal = ProtobufBytes().field(1, "100").field(2, "2").field(3, 2).field(4, 7)
        let frames = [
            ProtobufBytes.depth(7, 9, bids: [("99", "2")], asks: [("101", "0.5")]),
            ProtobufBytes.envelope(314, ProtobufBytes().field(1, deal)),
            ProtobufBytes.envelope(315, ProtobufBytes().field(1, "99").field(2, "1").field(3, "100").field(4, "2")),
            ProtobufBytes.envelope(308, ProtobufBytes().field(1, "Min60").field(2, 60).field(3, "1")),
            ProtobufBytes.envelope(309, ProtobufBytes().field(2, "110").field(3, "0.1")),
        ]
        var steps = try steps()
        for round in 0..<20_000 {
            let frame = frames[Int(words.below(UInt64(frames.count)))]
            _ = steps.receive(words.damaged(frame), isBinary: words.below(20) != 0)
            if round % 7 == 0 { _ = steps.fetch(.success(book(Int64(words.below(12)))), MEXCSamples.bitcoin) }
            steps.now += 500
            _ = steps.wake()
        }
    }
}

@Suite("MEXC private stream")
struct MEXCPrivateStreamTests {
    private func steps() throws -> SessionSteps {
        SessionSteps(session: try MEXCSamples.dialect().privateStream(token: StreamToken(token: Secret("k"))))
    }

    private func order(_ status: Int64, filled: String, kind: Int64 = 1) -> ProtobufBytes {
        ProtobufBytes().field(1, "C02__1").field(2, "mm1").field(3, "100").field(4, "2").field(5, "200").field(7, kind)
            .field(8, 1).field(13, filled).field(14, "50").field(15, status).field(16, 5)
    }

    @Test func `an order's life, its cost what was filled`() throws {
        var steps = try steps()
        let states: [(Int64, OrderState)] = [
            (1, .open), (3, .open), (2, .closed), (4, .cancelled), (5, .cancelled), (9, .other("9")),
        ]
        for (number, state) in states {
            let effects = steps.receive(ProtobufBytes.envelope(304, order(number, filled: "0.5")), isBinary: true)
            guard case .order(let order) = effects.events.first else {
                Issue.record("\(effects)")
                return
            }
            #expect(order.status == state)
            #expect(order.cost == "50")
            #expect(order.remaining == "1.5")
            #expect(order.symbol == MEXCSamples.bitcoin)
            #expect(order.updatedAt == MEXCSamples.now)
        }
    }

    @Test func `fills and balances`() throws {
        var steps = try steps()
        let deal = ProtobufBytes().field(1, "100").field(2, "0.5").field(3, "50").field(4, 2).field(5, 1).field(7, "T1")
            .field(8, "mm1").field(9, "C02__1").field(10, "0.01").field(11, "USDT").field(12, 9)
        guard case .fill(let fill) = steps.receive(ProtobufBytes.envelope(306, deal), isBinary: true).events.first
        else {
            Issue.record("no fill")
            return
        }
        #expect(fill.liquidity == .maker)
        #expect(fill.side == .sell)
        #expect(fill.fees == [ExchangeFee(cost: "0.01", asset: AssetID("USDT"))])
        let account = ProtobufBytes().field(1, "USDT").field(3, "7").field(5, "3").field(8, 9)
        let event = steps.receive(ProtobufBytes.envelope(307, account, market: nil), isBinary: true).events.first
        guard case .balances(let balances, false) = event else {
            Issue.record("no balances")
            return
        }
        #expect(balances.balances.first?.total == "10")
    }

    @Test func `what cannot be read brings a new connection`() throws {
        var steps = try steps()
        for bytes in [
            [0xFF], ProtobufBytes.envelope(304, ProtobufBytes()),
            ProtobufBytes.envelope(306, ProtobufBytes().field(7, "T")),
        ] {
            #expect(steps.receive(bytes, isBinary: true).reconnects.first?.kind == .badResponse)
        }
    }

    @Test func `damaged frames never crash it`() throws {
        let seed: UInt64 = .random(in: 0..<1_000_000)
        print("damaged frames, seed \(seed)")
        var words = SeededWords(seed)
        var steps = try steps()
        let frame = ProtobufBytes.envelope(304, order(3, filled: "0.5"))
        for _ in 0..<10_000 { _ = steps.receive(words.damaged(frame), isBinary: true) }
    }
}
