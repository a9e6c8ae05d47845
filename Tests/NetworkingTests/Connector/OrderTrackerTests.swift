import Exchanges
import Testing
import TradingCore

@testable import Networking

/// The order of what is told, without a network.
@Suite struct OrderTrackerTests {
    private let symbol = VenueHarness.symbol

    private func order(_ state: OrderState, filled: FixedDecimal = "0", id: String = "x") -> ExchangeOrder {
        ExchangeOrder(
            id: id, symbol: symbol, side: .buy, price: "10", amount: "1", filled: filled, status: state, createdAt: 5)
    }

    private func fill(_ number: UInt64, _ id: ClientOrderID) -> Fill {
        Fill(
            tradeID: number, orderID: id, side: .buy, price: Price(ticks: 1), quantity: Quantity(lots: 1),
            liquidity: .maker, fee: "0", feeAsset: .quote, time: Timestamp(nanoseconds: 0))
    }

    private func placed() throws -> (OrderTracker, ClientOrderID) {
        var tracker = OrderTracker()
        let id = try #require(ClientOrderID(rawValue: 7))
        tracker.placing(id, OrderPlacement(symbol: symbol, kind: .limit, side: .buy, amount: "1", price: "10"), at: 5)
        return (tracker, id)
    }

    @Test func `an end waits for its fills, whatever order they come in`() throws {
        var (tracker, id) = try placed()
        #expect(tracker.heard(order(.open), id, at: 5) == [.accepted(id)])
        #expect(tracker.heard(order(.cancelled, filled: "0.5"), id, at: 6).isEmpty)
        #expect(tracker.heard(fill(1, id), trade: "1", amount: "0.2", symbol) == [.filled(fill(1, id))])
        #expect(
            tracker.heard(fill(2, id), trade: "2", amount: "0.3", symbol) == [.filled(fill(2, id)), .cancelled(id)])
        #expect(tracker.heard(fill(2, id), trade: "2", amount: "0.3", symbol).isEmpty)
        #expect(tracker.heard(order(.cancelled, filled: "0.5"), id, at: 7).isEmpty)
    }

    @Test func `a word that is older than the end changes nothing`() throws {
        var (tracker, id) = try placed()
        #expect(tracker.heard(order(.cancelled), id, at: 5) == [.cancelled(id)])
        #expect(tracker.heard(order(.open), id, at: 6).isEmpty)
        #expect(tracker.live(symbol).isEmpty)
    }

    @Test
    func
        `one that was said to have ended and is on a list asked for later is taken back by the exchange's own answer alone`()
        throws
    {
        var (tracker, id) = try placed()
        #expect(tracker.heard(order(.open), id, at: 5) == [.accepted(id)])
        #expect(tracker.heard(order(.cancelled), id, at: 6) == [.cancelled(id)])
        // An answer that was on its way already proves nothing.
        #expect(tracker.heard(order(.open), id, at: 7, isAnswer: true) == [.cancelled(id)])
        #expect(tracker.endedOrders(symbol) == [id])
        var isDoubted = tracker.doubtsEnd(of: id, order(.open))
        #expect(isDoubted)
        #expect(tracker.heard(order(.cancelled), id, at: 8, isAnswer: true) == [.cancelled(id)])
        #expect(tracker.heard(order(.open), id, at: 9, isAnswer: true) == [.cancelled(id)], "the list was late")
        isDoubted = tracker.doubtsEnd(of: id, order(.open))
        #expect(isDoubted)
        #expect(tracker.heard(order(.open), id, at: 10, isAnswer: true) == [.reappeared(id), .accepted(id)])
        #expect(tracker.live(symbol) == [id])
        #expect(tracker.exposure == [symbol.quote: "10"])
        #expect(tracker.heard(order(.cancelled), id, at: 11) == [.cancelled(id)])
        // Another order of the exchange's is not this one.
        isDoubted = tracker.doubtsEnd(of: id, order(.open, id: "y"))
        #expect(!isDoubted)
    }

    @Test func `one that was said to have traded whole and rests is taken back though its end was never told`() throws {
        var (tracker, id) = try placed()
        #expect(tracker.heard(order(.closed, filled: "1"), id, at: 5).isEmpty)
        #expect(tracker.heard(order(.open), id, at: 6).isEmpty)
        #expect(tracker.exposure.isEmpty)
        let isDoubted = tracker.doubtsEnd(of: id, order(.open))
        #expect(isDoubted)
        #expect(tracker.heard(order(.open), id, at: 7, isAnswer: true) == [.accepted(id)])
        #expect(tracker.exposure == [symbol.quote: "10"])
        #expect(tracker.orders[id]?.owesFills == false)
        #expect(tracker.heard(order(.cancelled), id, at: 8) == [.cancelled(id)])
    }

    @Test func `of an order found after a restart only what comes from now on is told`() throws {
        var tracker = OrderTracker()
        let id = try #require(ClientOrderID(rawValue: 8))
        #expect(tracker.heard(order(.open, filled: "0.4"), id, at: 5) == [.accepted(id)])
        #expect(tracker.orders[id]?.lacksFills == false)
        #expect(tracker.exposure == [AssetID("USDT"): "6"])
        #expect(tracker.heard(order(.open, filled: "0.6"), id, at: 6).isEmpty)
        #expect(tracker.orders[id]?.lacksFills == true)
        _ = tracker.heard(fill(3, id), trade: "3", amount: "0.2", symbol)
        #expect(tracker.orders[id]?.lacksFills == false)
    }

    @Test func `an order that was seen never counts as one that never was`() throws {
        var (tracker, id) = try placed()
        _ = tracker.heard(order(.open), id, at: 5)
        tracker.unanswered(id, AcceptanceRule(timestamp: 1, window: 1))
        #expect(tracker.orders[id]?.acceptance == nil)
        tracker.neverWas(id)
        #expect(tracker.orders[id] != nil)
        #expect(tracker.isGone(id) == [.cancelled(id)])
    }

    @Test
    func `an order that ended and was placed anew at the exchange under our id reappears, and ends by its own word`()
        throws
    {
        var (tracker, id) = try placed()
        _ = tracker.heard(order(.open), id, at: 5)
        #expect(tracker.heard(order(.cancelled), id, at: 6) == [.cancelled(id)])
        #expect(tracker.heard(order(.open, id: "y"), id, at: 7) == [.reappeared(id)])
        #expect(tracker.live(symbol) == [id] && tracker.orders[id]?.exchangeID == "y")
        #expect(tracker.exposure == [AssetID("USDT"): "10"])
        // What is said late of the first one ends nothing.
        #expect(tracker.heard(order(.cancelled), id, at: 8).isEmpty)
        #expect(tracker.live(symbol) == [id])
        #expect(tracker.heard(order(.cancelled, id: "y"), id, at: 9) == [.cancelled(id)])
        #expect(tracker.heard(order(.cancelled, id: "z"), id, at: 9).isEmpty)
    }

    @Test func `the end of an order that was replaced, told after the one in its place, ends nothing`() throws {
        var (tracker, id) = try placed()
        _ = tracker.heard(order(.open), id, at: 5)
        _ = tracker.heard(fill(1, id), trade: "1", amount: "0.2", symbol)
        _ = tracker.heard(order(.open, filled: "0.2"), id, at: 5)
        #expect(tracker.heard(order(.open, id: "y"), id, at: 7).isEmpty)
        #expect(tracker.heard(order(.cancelled, filled: "0.2"), id, at: 8).isEmpty)
        #expect(tracker.live(symbol) == [id])
        // Its fills are counted from what was filled before.
        #expect(tracker.heard(order(.cancelled, filled: "0.3", id: "y"), id, at: 9).isEmpty)
        #expect(
            tracker.heard(fill(2, id), trade: "2", amount: "0.3", symbol) == [.filled(fill(2, id)), .cancelled(id)])
    }

    @Test func `what the exchange told as filled once, and shows nowhere for a minute, keeps no order from ending`()
        throws
    {
        var (tracker, id) = try placed()
        _ = tracker.heard(order(.open, filled: "0.5"), id, at: 5)
        _ = tracker.heard(fill(1, id), trade: "1", amount: "0.2", symbol)
        let end = order(.cancelled, filled: "0.2")
        #expect(tracker.heard(end, id, at: 6, isAnswer: true).isEmpty)
        #expect(tracker.shown(end, id, at: 1_000) == nil)
        #expect(tracker.shown(end, id, at: 60_999) == nil)
        #expect(tracker.heard(end, id, at: 60_999, isAnswer: true).isEmpty)
        #expect(tracker.shown(end, id, at: 61_000) == "0.3")
        #expect(tracker.heard(end, id, at: 61_000, isAnswer: true) == [.cancelled(id)])
        // Should it come after all, it is told.
        #expect(tracker.heard(fill(2, id), trade: "2", amount: "0.3", symbol) == [.filled(fill(2, id))])
    }

    @Test func `an order told as traded to its end, most of which is taken back, ends as cancelled`() throws {
        var (tracker, id) = try placed()
        _ = tracker.heard(order(.closed, filled: "0.5"), id, at: 5)
        _ = tracker.heard(fill(1, id), trade: "1", amount: "0.2", symbol)
        for word in [order(.closed, filled: "0.2"), order(.cancelled, filled: "0.2")] {
            var tracker = tracker
            #expect(tracker.shown(word, id, at: 1_000) == nil)
            // Another order's word, and one that tells of the fill again, end no minute.
            #expect(tracker.shown(order(.cancelled, filled: "0.2", id: "other"), id, at: 61_000) == nil)
            #expect(tracker.shown(word, id, at: 61_000) == "0.3")
            #expect(tracker.heard(word, id, at: 61_000, isAnswer: true) == [.cancelled(id)])
            #expect(tracker.orders[id]?.owesFills == false)
        }
    }

    @Test func `more that is told as filled begins the minute anew`() throws {
        var (tracker, id) = try placed()
        _ = tracker.heard(order(.cancelled, filled: "0.3"), id, at: 5)
        #expect(tracker.shown(order(.cancelled, filled: "0"), id, at: 1_000) == nil)
        _ = tracker.heard(order(.cancelled, filled: "0.4"), id, at: 60_000)
        #expect(tracker.shown(order(.cancelled, filled: "0"), id, at: 61_001) == nil)
        #expect(tracker.shown(order(.cancelled, filled: "0"), id, at: 121_001) == "0.4")
    }

    @Test
    func `an exchange whose order and trades do not agree, or that goes on telling of the fill, takes nothing back`()
        throws
    {
        var (tracker, id) = try placed()
        _ = tracker.heard(order(.cancelled, filled: "0.5"), id, at: 5)
        // The trade that it shows has not been told yet.
        #expect(tracker.shown(order(.cancelled, filled: "0.2"), id, at: 1_000) == nil)
        #expect(tracker.shown(order(.cancelled, filled: "0.2"), id, at: 99_000) == nil)
        // An answer of before in between: the minute begins anew.
        #expect(tracker.shown(order(.cancelled), id, at: 100_000) == nil)
        #expect(tracker.shown(order(.cancelled, filled: "0.5"), id, at: 130_000) == nil)
        #expect(tracker.shown(order(.cancelled), id, at: 170_000) == nil)
        // One that is not over says nothing.
        #expect(tracker.shown(order(.open), id, at: 200_000) == nil)
        #expect(tracker.shown(order(.cancelled), id, at: 240_000) == nil)
        #expect(tracker.orders[id]?.owesFills == true)
        #expect(tracker.shown(order(.cancelled), id, at: 300_000) == "0.5")
    }

    @Test func `trade ids that are texts become numbers above all others`() {
        #expect(OrderTranslation.tradeID("12345") == 12_345)
        #expect(OrderTranslation.tradeID("64f8c3") >= 1 << 62)
        #expect(OrderTranslation.tradeID("64f8c3") == OrderTranslation.tradeID("64f8c3"))
        #expect(OrderTranslation.tradeID("64f8c3") != OrderTranslation.tradeID("64f8c4"))
        #expect(Int64(exactly: OrderTranslation.tradeID("-1")) != nil)
    }

    @Test func `the time that an answer carries is read`() {
        #expect(HTTPDate.milliseconds("Thu, 26 Nov 2026 05:31:00 GMT") == 1_795_671_060_000)
        #expect(HTTPDate.milliseconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777_000)
        #expect(HTTPDate.milliseconds("Thu, 29 Feb 2024 00:00:00 GMT") == 1_709_164_800_000)
        for text in ["", "now", "Thu, 26 Xxx 2026 05:31:00 GMT", "Thu, 26 Nov 2026 25:31:00 GMT"] {
            #expect(HTTPDate.milliseconds(text) == nil)
        }
    }
}
