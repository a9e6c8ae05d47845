import Exchanges
import Execution
import Testing
import TradingCore

@testable import Networking

/// What is told of our orders, whatever the order in which the exchange tells it.
@Suite struct SidecarOrderBoardTests {
    private static let now = Timestamp(nanoseconds: 1_764_000_000_000_000_000)

    private static func board() throws -> SidecarOrderBoard {
        SidecarOrderBoard(
            Instrument(
                id: InstrumentID(
                    exchange: ExchangeID(rawValue: "some"),
                    symbol: Symbol(base: AssetID(rawValue: "BTC"), quote: AssetID(rawValue: "USDT"))
                ),
                unit: try BookUnit(price: "0.01", quantity: "0.001"),
                rules: TradingRules(priceRounding: .tick("0.01"), lotSize: "0.001")))
    }

    private static func id(_ number: UInt64 = 1) throws -> ClientOrderID {
        try #require(ClientOrderID(rawValue: number))
    }

    private static func request() throws -> OrderRequest {
        OrderRequest(id: try id(), side: .buy, price: Price(ticks: 100), quantity: Quantity(lots: 10))
    }

    private static func report(_ state: OrderState, filled: FixedDecimal = "0") -> ExchangeOrder {
        var order = ExchangeOrder(id: "E1", side: .buy, price: "1", status: state)
        order.amount = "0.01"
        order.filled = filled
        return order
    }

    private static func fill(_ trade: UInt64, _ lots: Int64) throws -> Fill {
        Fill(
            tradeID: trade, orderID: try id(), side: .buy, price: Price(ticks: 100), quantity: Quantity(lots: lots),
            liquidity: .maker, fee: .zero, feeAsset: .quote, time: now)
    }

    @Test func `an end waits for its fills`() throws {
        var board = try Self.board()
        let (id, request) = (try Self.id(), try Self.request())
        board.placing(request, now: Self.now)
        let waits = board.placed(id)
        #expect(!waits)
        let told1 = try board.report(Self.report(.open), id, now: Self.now)
        #expect(told1 == [.accepted(id)])
        let told2 = try board.report(Self.report(.open), id, now: Self.now)
        #expect(told2 == [])
        let told3 = try board.report(Self.report(.cancelled, filled: "0.004"), id, now: Self.now)
        #expect(told3 == [])
        #expect(board.needsFills && board.fillsSince == Self.now.advanced(byNanoseconds: -60 * Nanoseconds.perSecond))
        let told4 = board.filled([try Self.fill(1, 3)])
        #expect(told4 == [.filled(try Self.fill(1, 3))])
        let told5 = board.filled([try Self.fill(1, 3), try Self.fill(2, 1)])
        #expect(told5 == [.filled(try Self.fill(2, 1)), .cancelled(id)])
        #expect(!board.needsFills && board.entries.isEmpty)
        // Told again, it is told no more.
        let told6 = try board.report(Self.report(.cancelled, filled: "0.004"), id, now: Self.now)
        #expect(told6 == [])
    }

    @Test func `an answer that tells no more how much was ordered is read by what was ordered`() throws {
        var board = try Self.board()
        let id = try Self.id()
        board.placing(try Self.request(), now: Self.now)
        _ = board.placed(id)
        var end = Self.report(.cancelled, filled: "0.004")
        end.amount = nil
        let fill = try Self.fill(1, 4)
        let told = board.filled([fill])
        #expect(told == [.filled(fill)])
        // Before its end is known, and after.
        #expect(try board.answer(end, id, [fill]) == [.cancelled(id)])
        #expect(try board.report(end, id, now: Self.now) == [.cancelled(id)])
        #expect(try board.answer(end, id, [fill]) == [.cancelled(id)])
        // Of one that nobody ever heard of there is nothing to read it by.
        #expect(throws: UnreadableAnswer.self) { try board.answer(end, try Self.id(2), [fill]) }
    }

    @Test func `both sides of a trade between two orders of ours are told, each once`() throws {
        var board = try Self.board()
        let (first, second) = (try Self.id(1), try Self.id(2))
        var (bought, sold) = (try Self.fill(7, 10), try Self.fill(7, 10))
        (bought.orderID, sold.orderID, sold.side) = (first, second, .sell)
        for id in [first, second] {
            var request = try Self.request()
            request = OrderRequest(id: id, side: request.side, price: request.price, quantity: request.quantity)
            board.placing(request, now: Self.now)
            _ = board.placed(id)
        }
        func tell(_ fills: [Fill], isAgain: Bool = false) -> [AccountEvent] { board.filled(fills, isAgain: isAgain) }
        #expect(tell([bought, sold]) == [.filled(bought), .filled(sold)])
        #expect(tell([sold, bought]) == [])
        #expect(board.entries.isEmpty)
        #expect(tell([sold, bought], isAgain: true) == [.filled(sold), .filled(bought)])
    }

    @Test func `what the exchange told as filled once, and shows nowhere for a minute, keeps no order from ending`()
        throws
    {
        for told in [Self.report(.open, filled: "0.005"), Self.report(.closed, filled: "0.01")] {
            var board = try Self.board()
            let (id, end) = (try Self.id(), Self.report(.cancelled, filled: "0.002"))
            board.placing(try Self.request(), now: Self.now)
            _ = board.placed(id)
            _ = try board.report(told, id, now: Self.now)
            _ = board.filled([try Self.fill(1, 2)])
            let ended = try board.report(end, id, now: Self.now)
            #expect(ended == [])
            func look(_ seconds: Int64) throws -> (FixedDecimal?, [AccountEvent]) {
                try board.shown(end, id, now: Self.now.advanced(byNanoseconds: Nanoseconds.seconds(seconds)))
            }
            let (early, late) = (try look(1), try look(60))
            #expect(early.0 == nil && early.1 == [] && late.0 == nil && late.1 == [])
            // Whoever asks is not told it either.
            let answer = try board.answer(end, id, [try Self.fill(1, 2)])
            #expect(answer == [])
            let over = try look(61)
            #expect(over.0 == (told.status == .open ? "0.003" : "0.008"))
            #expect(over.1 == [told.status == .open ? .cancelled(id) : .expired(id, .immediateRemainder)])
            #expect(board.entries.isEmpty && !board.needsFills)
        }
    }

    @Test func `more that is told as filled, or a trade that is not told yet, begins the minute anew`() throws {
        var board = try Self.board()
        let (id, end) = (try Self.id(), Self.report(.cancelled))
        board.placing(try Self.request(), now: Self.now)
        _ = board.placed(id)
        func at(_ seconds: Int64) -> Timestamp { Self.now.advanced(byNanoseconds: Nanoseconds.seconds(seconds)) }
        _ = try board.report(Self.report(.cancelled, filled: "0.003"), id, now: at(0))
        var missing: [FixedDecimal?] = [try board.shown(end, id, now: at(1)).missing]
        _ = try board.report(Self.report(.cancelled, filled: "0.004"), id, now: at(30))
        missing.append(try board.shown(end, id, now: at(62)).missing)
        // Its trades and itself do not agree.
        missing.append(try board.shown(Self.report(.cancelled, filled: "0.002"), id, now: at(121)).missing)
        missing.append(try board.shown(end, id, now: at(122)).missing)
        missing.append(try board.shown(Self.report(.open), id, now: at(181)).missing)
        missing.append(try board.shown(end, id, now: at(182)).missing)
        missing.append(try board.shown(end, id, now: at(242)).missing)
        #expect(missing == [nil, nil, nil, nil, nil, nil, "0.004"])
    }

    @Test func `an order that has ended and lacks fills is asked about now and then`() throws {
        var board = try Self.board()
        let id = try Self.id()
        board.placing(try Self.request(), now: Self.now)
        _ = board.placed(id)
        _ = try board.report(Self.report(.open, filled: "0.003"), id, now: Self.now)
        var asked: [Int64] = []
        func look(_ seconds: Int64) {
            let now = Self.now.advanced(byNanoseconds: Nanoseconds.seconds(seconds))
            if board.owing(now: now) == [id] { asked.append(seconds) }
        }
        // While it is open the list of open orders tells of it.
        look(100)
        _ = try board.report(
            Self.report(.cancelled, filled: "0.003"), id,
            now: Self.now.advanced(byNanoseconds: Nanoseconds.seconds(100)))
        for second: Int64 in [100, 109, 110, 119, 120] { look(second) }
        _ = board.filled([try Self.fill(1, 3)])
        look(200)
        #expect(asked == [110, 120])
    }

    @Test func `one that has ended, owes fills and is forgotten by the exchange ends with what was booked`() throws {
        var board = try Self.board()
        let id = try Self.id()
        func at(_ seconds: Int64) -> Timestamp { Self.now.advanced(byNanoseconds: Nanoseconds.seconds(seconds)) }
        board.placing(try Self.request(), now: at(0))
        _ = board.placed(id)
        _ = try board.report(Self.report(.open, filled: "0.004"), id, now: at(0))
        var missing = [board.forgotten(id, now: at(1)).missing, board.forgotten(id, now: at(100)).missing]
        #expect(missing == [nil, nil], "it rests")
        _ = try board.report(Self.report(.cancelled, filled: "0.004"), id, now: at(100))
        #expect(board.owes(id))
        missing = [board.forgotten(id, now: at(170)).missing, board.forgotten(id, now: at(229)).missing]
        // What comes late may be followed by more.
        #expect(board.filled([try Self.fill(1, 1)]).count == 1)
        missing += [board.forgotten(id, now: at(231)).missing, board.forgotten(id, now: at(290)).missing]
        #expect(missing == [nil, nil, nil, nil] && board.needsFills)
        let over = board.forgotten(id, now: at(291))
        #expect(over.missing == "0.003" && over.events == [.cancelled(id)])
        #expect(board.entries.isEmpty && !board.needsFills && board.owing(now: at(400)).isEmpty)
    }

    @Test(arguments: [TimeInForce.immediateOrCancel, .fillOrKill, .goodTillCancelled])
    func `one that must not rest and does is taken off, again every two seconds while it rests`(
        _ timeInForce: TimeInForce
    ) throws {
        var board = try Self.board()
        let id = try Self.id()
        func at(_ seconds: Int64) -> Timestamp { Self.now.advanced(byNanoseconds: Nanoseconds.seconds(seconds)) }
        var request = try Self.request()
        request.timeInForce = timeInForce
        board.placing(request, now: at(0))
        var takenOff: [Int64] = []
        func look(_ seconds: Int64, _ state: OrderState = .open) throws {
            _ = try board.report(Self.report(state), id, now: at(seconds))
            if board.outstays(Self.report(state), id, now: at(seconds)) { takenOff.append(seconds) }
        }
        try look(0)
        _ = board.placed(id)
        let isMomentary = timeInForce != .goodTillCancelled
        #expect(board.mayOutstay(id) == isMomentary)
        for second: Int64 in [1, 2, 3, 4, 5] { try look(second) }
        try look(6, .cancelled)
        try look(8)
        #expect(takenOff == (isMomentary ? [1, 3, 5] : []))
        #expect(!board.mayOutstay(id))
    }

    @Test func `what is filled whole needs no end but its fills`() throws {
        var board = try Self.board()
        let id = try Self.id()
        board.placing(try Self.request(), now: Self.now)
        _ = board.placed(id)
        let told7 = board.filled([try Self.fill(1, 10)])
        #expect(told7 == [.filled(try Self.fill(1, 10))])
        let told8 = try board.report(Self.report(.closed, filled: "0.01"), id, now: Self.now)
        #expect(told8 == [])
        #expect(board.entries.isEmpty && !board.needsFills)
    }

    @Test func `an order of an earlier life is as old as the exchange says`() throws {
        var board = try Self.board()
        var order = Self.report(.open, filled: "0.002")
        order.createdAt = 1_763_000_000_000
        let told9 = try board.report(order, try Self.id(), now: Self.now)
        #expect(told9 == [.accepted(try Self.id())])
        #expect(board.fillsSince == Timestamp(nanoseconds: 1_763_000_000_000_000_000 - 60_000_000_000))
    }

    @Test func `a cancel follows the placement that it overtook`() throws {
        var board = try Self.board()
        board.placing(try Self.request(), now: Self.now)
        let id = try Self.id()
        let isSent = board.mayCancel(id)
        let follows = board.placed(id)
        let isSentThen = board.mayCancel(id)
        #expect(!isSent && follows && isSentThen)
    }

    @Test func `only two look-ups after the window prove that there never was an order`() throws {
        var board = try Self.board()
        let (id, window) = (try Self.id(), 60 * Nanoseconds.perSecond)
        board.placing(try Self.request(), now: Self.now)
        _ = board.placed(id)
        func ask(_ seconds: Int64) -> Bool {
            board.notFound(
                id, askedAt: Self.now.advanced(byNanoseconds: seconds * Nanoseconds.perSecond), window: window,
                firstHeard: Self.now)
        }
        let early = [ask(1), ask(59), ask(61)]
        #expect(early == [false, false, false])
        // Two questions at once are one.
        let (again, later) = (ask(61), ask(63))
        #expect(!again && later)
        // Of an order of an earlier life it counts from when this one began.
        let other = try Self.id(2)
        let isProven = board.notFound(
            other, askedAt: Self.now.advanced(byNanoseconds: window), window: window, firstHeard: Self.now)
        #expect(!isProven)
    }

    @Test func `one that was accepted is asked about three times before it counts as gone`() throws {
        var board = try Self.board()
        let (id, window) = (try Self.id(), 60 * Nanoseconds.perSecond)
        board.placing(try Self.request(), now: Self.now)
        _ = board.placed(id)
        _ = board.accepted(id, exchangeID: "E1")
        let proven = [61, 63, 65].map { seconds in
            board.notFound(
                id, askedAt: Self.now.advanced(byNanoseconds: seconds * Nanoseconds.perSecond), window: window,
                firstHeard: Self.now)
        }
        #expect(proven == [false, false, true])
    }

    @Test func `an order that ends without its side being told is read`() throws {
        var board = try Self.board()
        let told = try board.report(
            ExchangeOrder(id: "E1", amount: "0.01", filled: "0", status: .cancelled), try Self.id(), now: Self.now)
        #expect(told == [.cancelled(try Self.id())])
    }

    @Test func `orders under way are not missed in a list`() throws {
        var board = try Self.board()
        board.placing(try Self.request(), now: Self.now)
        let later = Self.now.advanced(byNanoseconds: 5)
        #expect(board.missing(from: [], askedAt: later) == [])
        _ = board.placed(try Self.id())
        #expect(board.missing(from: [], askedAt: Self.now) == [])
        #expect(board.missing(from: [], askedAt: later) == [try Self.id()])
        #expect(board.missing(from: [try Self.id()], askedAt: later) == [])
    }

    @Test func `numbers that the instrument cannot hold are an error that names them`() throws {
        let board = try Self.board()
        var trade = ExchangeTrade(id: "1", orderID: "E1", side: .buy, price: "1.001", amount: "0.001", time: 1)
        #expect(throws: UnreadableAnswer("price", expected: "a multiple of 0.01", found: "1.001")) {
            try board.fill(trade, try Self.id())
        }
        trade.price = "1"
        trade.amount = "-0.001"
        #expect(throws: UnreadableAnswer.self) { try board.fill(trade, try Self.id()) }
    }

    @Test func `a fee in an asset that nobody named is not booked as another, and told`() throws {
        let board = try Self.board()
        let trade = ExchangeTrade(
            id: "7", orderID: "E1", side: .buy, price: "1", amount: "0.01",
            fees: [ExchangeFee(cost: "0.3", asset: AssetID("XYZ"))], time: 5)
        let fill = try board.fill(trade, try Self.id())
        #expect(fill.fee == .zero && fill.feeAsset == .quote)
        #expect(board.unbookedFee(trade)?.contains("0.3") == false && board.unbookedFee(trade)?.contains("XYZ") == true)
        var paid = trade
        paid.fees = [ExchangeFee(cost: "0.3", asset: AssetID("USDT"))]
        #expect(board.unbookedFee(paid) == nil)
        #expect(try board.fill(paid, try Self.id()).fee == "0.3")
    }

    @Test func `one that has ended and is on two lists in a row asked for later rests again, and that is told once`()
        throws
    {
        var board = try Self.board()
        let id = try Self.id()
        board.placing(try Self.request(), now: Self.now)
        _ = board.placed(id)
        var cancelled = ExchangeOrder(id: "E1", side: .buy, price: "1", status: .cancelled)
        cancelled.filled = .zero
        let before = board.ended
        #expect(try board.report(cancelled, id, now: Self.now) == [.cancelled(id)])
        func look(_ listed: Set<ClientOrderID>, endedBefore: Set<ClientOrderID>? = nil) -> [AccountEvent] {
            board.reappeared(in: listed, endedBefore: endedBefore ?? board.ended)
        }
        // A list that was asked for before its end says nothing, nor does one that is late alone.
        #expect(look([id], endedBefore: before) == [])
        #expect(look([id]) == [])
        #expect(look([]) == [])
        #expect(look([id]) == [])
        #expect(look([id]) == [.reappeared(id)])
        #expect(look([id]) == [])
        // Gone and placed once more.
        #expect(look([]) == [])
        #expect(look([id]) == [])
        #expect(look([id]) == [.reappeared(id)])
    }

    @Test func `what rests is stated with what has not filled, from the placement on to the end`() throws {
        var board = try Self.board()
        let id = try Self.id()
        #expect(board.exposure == .zero)
        board.placing(try Self.request(), now: Self.now)
        // 10 lots of 0.001 at 1.00: what is not answered yet may rest.
        #expect(board.exposure == "0.01")
        _ = board.placed(id)
        #expect(try board.report(Self.report(.open, filled: "0.004"), id, now: Self.now) == [.accepted(id)])
        #expect(board.exposure == "0.006")
        _ = board.filled([try Self.fill(1, 4)])
        #expect(try board.report(Self.report(.cancelled, filled: "0.004"), id, now: Self.now) == [.cancelled(id)])
        #expect(board.exposure == .zero)
        // An order of an earlier life is counted from what the list says.
        let other = try Self.id(2)
        _ = try board.report(Self.report(.open), other, now: Self.now)
        #expect(board.exposure == "0.01")
    }
}
