import Synchronization
import TestSupport

/// A book that changes all the time and remembers what it was at each number.
final class MovingBook: Sendable {
    struct State: Sendable {
        var number = 100
        var bids: [Int: Int] = [9_999: 5, 9_998: 7, 9_997: 9]
        var asks: [Int: Int] = [10_001: 5, 10_002: 7, 10_003: 9]
        /// The sides at each number.
        var history: [Int: [[Int: Int]]] = [:]
        var steps = 0
    }

    struct Change: Sendable {
        var first: Int
        var last: Int
        var bid: (Int, Int)
        var ask: (Int, Int)
        var step: Int
    }

    private let state = Mutex(State())

    var now: State { state.withLock { $0 } }

    /// One level of each side, by turns there and gone.
    func move() -> Change {
        state.withLock { state in
            state.steps += 1
            let step = state.steps
            let bid = (9_990 + step % 10, step % 3 == 0 && step % 10 != 9 ? 0 : 1 + step % 50)
            let ask = (10_001 + step % 10, step % 4 == 0 && step % 10 != 0 ? 0 : 1 + step % 40)
            state.bids[bid.0] = bid.1 == 0 ? nil : bid.1
            state.asks[ask.0] = ask.1 == 0 ? nil : ask.1
            let first = state.number + 1
            state.number += 2
            state.history[state.number] = [state.bids, state.asks]
            return Change(first: first, last: state.number, bid: bid, ask: ask, step: step)
        }
    }

    static func level(_ ticks: Int, _ lots: Int) -> String {
        "[\"\(ticks / 100).\(ticks % 100 < 10 ? "0" : "")\(ticks % 100)\",\"\(lots)\"]"
    }

    static func levels(_ side: [Int: Int], best: (Int, Int) -> Bool) -> String {
        side.keys.sorted(by: best).map { level($0, side[$0] ?? 0) }.joined(separator: ",")
    }
}

extension StreamingExchange.Script {
    /// Binance Spot with one market.
    /// - Parameters:
    ///   - breaks: steps at which the connection is cut.
    ///   - holes: steps whose change is never told.
    static func binance(_ book: MovingBook, breaks: Set<Int> = [], holes: Set<Int> = []) -> Self {
        Self { path in
            if path.contains("exchangeInfo") {
                return #"{"timezone":"UTC","serverTime":1,"rateLimits":[],"exchangeFilters":[],"symbols":["#
                    + Self.binanceMarket
                    + "]}"
            }
            guard path.contains("/depth?") else { return nil }
            let now = book.now
            return "{\"lastUpdateId\":\(now.number),\"bids\":[\(MovingBook.levels(now.bids, best: >))],"
                + "\"asks\":[\(MovingBook.levels(now.asks, best: <))]}"
        } replies: { _ in
            [#"{"result":null,"id":1}"#]
        } next: {
            let change = book.move()
            if breaks.contains(change.step) { return nil }
            if holes.contains(change.step) { return [] }
            let depth =
                #"{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":\#(change.step),"s":"BTCUSDT","U":\#(change.first),"#
                + "\"u\":\(change.last),\"b\":[\(MovingBook.level(change.bid.0, change.bid.1))],"
                + "\"a\":[\(MovingBook.level(change.ask.0, change.ask.1))]}}"
            let trade =
                #"{"stream":"btcusdt@trade","data":{"e":"trade","E":\#(change.step),"s":"BTCUSDT","t":\#(change.step),"p":"99.90","#
                + #""q":"1","T":\#(change.step),"m":true,"M":true}}"#
            return change.step % 5 == 0 ? [depth, trade] : [depth]
        }
    }

    private static let binanceMarket =
        #"{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","baseAssetPrecision":8,"quoteAsset":"USDT","quotePrecision":8,"#
        + #""quoteAssetPrecision":8,"orderTypes":["LIMIT","LIMIT_MAKER","MARKET"],"isSpotTradingAllowed":true,"#
        + #""permissions":[],"permissionSets":[["SPOT"]],"filters":[{"filterType":"PRICE_FILTER","minPrice":"0.01","#
        + #""maxPrice":"1000000.00","tickSize":"0.01"},{"filterType":"LOT_SIZE","minQty":"0.00001","maxQty":"9000","#
        + #""stepSize":"0.00001"},{"filterType":"NOTIONAL","minNotional":"5","maxNotional":"9000000"}]}"#

    /// Bybit with one market: a whole book for each subscription, then changes.
    static func bybit(_ book: MovingBook, breaks: Set<Int> = []) -> Self {
        Self { path in
            guard path.contains("instruments-info") else { return nil }
            return #"{"retCode":0,"retMsg":"OK","result":{"category":"spot","list":["#
                + #"{"symbol":"BTCUSDT","baseCoin":"BTC","quoteCoin":"USDT","innovation":"0","status":"Trading","marginTrading":"utaOnly","#
                + #""lotSizeFilter":{"basePrecision":"0.000001","quotePrecision":"0.0000001","minOrderQty":"0.000011","#
                + #""maxOrderQty":"83","minOrderAmt":"5","maxOrderAmt":"8000000"},"priceFilter":{"tickSize":"0.01"}}]},"time":1}"#
        } replies: { text in
            guard text.contains("\"subscribe\"") else { return [] }
            let now = book.now
            return [
                #"{"success":true,"ret_msg":"subscribe","conn_id":"1","op":"subscribe"}"#,
                frame(
                    "snapshot", now.number, MovingBook.levels(now.bids, best: >), MovingBook.levels(now.asks, best: <)),
            ]
        } next: {
            let change = book.move()
            if breaks.contains(change.step) { return nil }
            let trade =
                #"{"topic":"publicTrade.BTCUSDT","ts":\#(change.step),"type":"snapshot","data":[{"i":"\#(change.step)","#
                + #""T":\#(change.step),"p":"99.90","v":"1","S":"Sell","s":"BTCUSDT","BT":false}]}"#
            let delta = frame(
                "delta", change.last, MovingBook.level(change.bid.0, change.bid.1),
                MovingBook.level(change.ask.0, change.ask.1))
            return change.step % 5 == 0 ? [delta, trade] : [delta]
        }
    }

    /// Bybit's numbers go up by one.
    private static func frame(_ type: String, _ number: Int, _ bids: String, _ asks: String) -> String {
        #"{"topic":"orderbook.50.BTCUSDT","ts":\#(number),"type":"\#(type)","data":{"s":"BTCUSDT","b":[\#(bids)],"#
            + #""a":[\#(asks)],"u":\#(number / 2),"seq":\#(number)},"cts":\#(number)}"#
    }
}
