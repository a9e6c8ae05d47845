import Exchanges
import Scheduling
import TradingCore

/// A thousand markets followed at once, on one core: what a second of theirs costs.
enum ManyStreams {
    /// Binance's pace: a depth update every 100 ms and a trade each second, each with its own book.
    /// - Returns: CPU seconds for `seconds` of the market's time, and how many messages those were; nil when a book was lost.
    static func measure(count: Int, seconds: Int, levels: Int) throws -> (cpu: Double, messages: Int)? {
        let markets = (0..<count).map { number in
            Dialects.market("C\(number)USDT", Symbol(base: AssetID("C\(number)"), quote: AssetID("USDT")))
        }
        let dialect = BinanceDialect(catalog: MarketCatalog(markets: markets, currencies: []))
        var sessions: [any StreamSession] = []
        var books = [DepthBook](repeating: DepthBook(), count: count)
        var effects: [StreamEffect] = []
        let context = SigningContext(credentials: nil, now: 0)
        for market in markets {
            var session = try dialect.publicStream([.book(market.symbol), .trades(market.symbol)])
            session.opened(context, into: &effects)
            sessions.append(session)
        }
        var random = SplitMix64(seed: 7)
        var cpu = 0.0
        var messages = 0
        for tick in 0..<(seconds * 10 + 1) {
            let frames = markets.indices.map { depth(markets[$0].id, tick, levels, &random) }
            effects.removeAll(keepingCapacity: true)
            let start = cpuSeconds()
            for index in sessions.indices {
                frames[index].withUnsafeBytes { sessions[index].received($0, isBinary: false, now: 0, into: &effects) }
                for effect in effects {
                    switch effect {
                    case .event(.bookChange(let change)): books[index].apply(change)
                    case .event(.book(let book)): books[index] = DepthBook(book)
                    case .fetchBook(let symbol, _):
                        let whole = ExchangeBook(symbol: symbol, bids: [], asks: [], sequence: 0)
                        var answers: [StreamEffect] = []
                        sessions[index].fetched(.success(whole), symbol, now: 0, into: &answers)
                    case .event(.bookLost): return nil
                    default: break
                    }
                }
                effects.removeAll(keepingCapacity: true)
            }
            // The first round fetches the books.
            if tick > 0 {
                cpu += cpuSeconds() - start
                messages += count
            }
        }
        return (cpu, messages)
    }

    private static func depth(_ market: String, _ tick: Int, _ levels: Int, _ random: inout SplitMix64) -> [UInt8] {
        func side(_ first: Int, _ random: inout SplitMix64) -> String {
            (0..<levels / 2).map { _ in
                let ticks = first + Int(random.next() % 100)
                return "[\"\(ticks / 100).\(10 + ticks % 90)\",\"\(1 + random.next() % 90).50000000\"]"
            }.joined(separator: ",")
        }
        let text =
            "{\"stream\":\"\(market.lowercased())@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1790000000000,\"s\":\"\(market)\","
            + "\"U\":\(tick + 1),\"u\":\(tick + 1),\"b\":[\(side(990_000, &random))],\"a\":[\(side(1_010_000, &random))]}}"
        return Array(text.utf8)
    }
}
