import Exchanges
import TradingCore

extension StreamCase {
    mutating func judge(
        _ resolves: [JSONValue], _ events: [StreamEvent], bookBefore: DepthBook?, _ place: String
    ) -> [String] {
        var differences = events.compactMap(Self.complaint).map { place + ": " + $0 }
        if resolves.isEmpty {
            var surprises = events.compactMap(Self.news)
            if book != bookBefore { surprises.append("another book") }
            return differences + surprises.map { "\(place): expected nothing new, found \($0)" }
        }
        let expectsLoss = resolves.contains { $0.text("error") != nil }
        hasExpectedLoss = hasExpectedLoss || expectsLoss
        if !expectsLoss, let loss = events.first(where: Self.isLoss) {
            differences.append("\(place): expected a book, found \(loss)")
        }
        for resolve in resolves {
            guard let hash = resolve.text("hash").flatMap({ StreamHash($0) }) else {
                differences.append("\(place): unknown hash \(resolve.text("hash") ?? "")")
                continue
            }
            if let error = resolve.text("error") {
                if !events.contains(where: Self.isLoss) {
                    differences.append("\(place): expected \(error), and the book is still there")
                }
            } else {
                differences += judge(hash.kind, resolve["result"] ?? .null, events, place)
            }
        }
        return differences
    }

    private static func isLoss(_ event: StreamEvent) -> Bool {
        if case .bookLost = event { true } else { false }
    }

    private static func complaint(_ event: StreamEvent) -> String? {
        switch event {
        case .refused(let what, let failure): "refused \(what): \(failure)"
        case .unexplained(let text): "not understood: \(text)"
        default: nil
        }
    }

    private static func news(_ event: StreamEvent) -> String? {
        switch event {
        case .trade, .ticker, .bestPrices, .candle, .order, .fill, .balances, .bookLost: "\(event)"
        case .book, .bookChange, .confirmed, .refused, .alive, .unexplained: nil
        }
    }

    private func judge(
        _ kind: StreamHash.Kind, _ expected: JSONValue, _ events: [StreamEvent], _ place: String
    ) -> [String] {
        switch kind {
        case .foreign: return []
        case .book: return judgeBook(expected, events, place)
        case .balances: return judgeBalances(expected, events, place)
        case .trades:
            return newest(
                expected, events.compactMap { if case .trade(let trade) = $0 { trade.unified } else { nil } }, place)
        case .fills:
            return newest(
                expected, events.compactMap { if case .fill(let trade) = $0 { trade.unified } else { nil } }, place,
                quirks: fixtures.exchange.fillQuirks)
        case .orders:
            return newest(
                expected,
                events.compactMap { if case .order(let order) = $0 { withFills(order).unified } else { nil } }, place,
                quirks: fixtures.exchange.orderQuirks)
        case .candles:
            // With symbol and interval for those who watch many.
            let rows = expected.elements?.last?.elements?.last?.elements == nil ? expected : expected.elements?.last
            return newest(
                rows ?? .null,
                events.compactMap {
                    if case .candle(_, _, let candle) = $0 {
                        fixtures.exchange.rewordCandle(candle).unified
                    } else {
                        nil
                    }
                },
                place)
        case .ticker, .bestPrices: return judgePrices(kind, expected, events, place)
        }
    }

    /// The newest of what is expected against the newest of what was told.
    private func newest(
        _ expected: JSONValue, _ found: [JSONValue], _ place: String, quirks: Set<String> = []
    ) -> [String] {
        func time(_ value: JSONValue) -> Int64 {
            let told = (try? value.integer("timestamp")) ?? (try? value.integer(0))
            return told ?? 0
        }
        func latest(_ values: [JSONValue]) -> JSONValue? {
            var best: JSONValue?
            for value in values where best.map({ time(value) >= time($0) }) ?? true { best = value }
            return best
        }
        guard let wanted = expected.elements?.last else { return ["\(place): nothing to compare with"] }
        guard let told = latest(found.map { fixtures.exchange.adapt($0, .null) }) else {
            return ["\(place): expected \(wanted.compactText.prefix(200)), found nothing"]
        }
        var skipKeys = fixtures.exchange.streamQuirks.union(quirks)
        // A word that the oracle passes through raw.
        if let status = wanted.text("status"), status.hasPrefix("POSTONLY"), told.text("status") == "canceled" {
            skipKeys.insert("status")
        }
        return AnswerJudge(skipKeys: skipKeys).differences(wanted, told, place)
    }

    private func judgeBook(_ expected: JSONValue, _ events: [StreamEvent], _ place: String) -> [String] {
        if hasExpectedLoss { return [] }
        guard let book = book ?? Self.bestLevel(events) else { return ["\(place): expected a book, found none"] }
        func levels(_ side: String) -> JSONValue {
            .array((expected[side]?.elements ?? []).map { .array(Array(($0.elements ?? []).prefix(2))) })
        }
        let judge = AnswerJudge()
        return judge.differences(levels("bids"), book.bids.unified, place + ".bids")
            + judge.differences(levels("asks"), book.asks.unified, place + ".asks")
    }

    /// A book of one level, which some exchanges send for the best prices.
    private static func bestLevel(_ events: [StreamEvent]) -> DepthBook? {
        for case .bestPrices(let best) in events.reversed() {
            guard let symbol = best.symbol else { continue }
            func level(_ price: FixedDecimal?, _ amount: FixedDecimal?) -> [PriceLevel] {
                guard let price, let amount else { return [] }
                return [PriceLevel(price: price, amount: amount)]
            }
            return DepthBook(
                ExchangeBook(
                    symbol: symbol, bids: level(best.bid, best.bidAmount), asks: level(best.ask, best.askAmount)))
        }
        return nil
    }

    private func judgeBalances(_ expected: JSONValue, _ events: [StreamEvent], _ place: String) -> [String] {
        let times = events.compactMap { event -> Int64? in
            if case .balances(let changed, _) = event { changed.time } else { nil }
        }
        let kept = balances.values.sorted { $0.asset < $1.asset }
        return AnswerJudge(skipKeys: fixtures.exchange.balanceQuirks)
            .differences(expected, ExchangeBalances(kept, time: times.last).unified, place)
    }

    private func judgePrices(
        _ kind: StreamHash.Kind, _ expected: JSONValue, _ events: [StreamEvent], _ place: String
    ) -> [String] {
        let tickers = events.compactMap { if case .ticker(let ticker) = $0 { ticker } else { nil } }
        let best = events.compactMap { if case .bestPrices(let ticker) = $0 { ticker } else { nil } }
        let told = kind == .ticker ? tickers.last ?? best.last : best.last ?? tickers.last
        // Those who watch many get them by symbol.
        let wanted = expected[symbol.description] ?? expected
        guard let told else { return ["\(place): expected a ticker, found nothing"] }
        if kind == .bestPrices || tickers.isEmpty {
            // A whole ticker also tells the best prices, and more.
            let keys = Set((wanted.members ?? []).filter { !$0.value.isNull }.map(\.key))
            let cut = (told.unified.members ?? []).filter { keys.contains($0.key) }
            return AnswerJudge().differences(wanted, .object(cut), place)
        }
        return AnswerJudge().differences(wanted, told.unified, place)
    }

    /// CCXT keeps an order's fills with it; we tell them apart.
    private func withFills(_ order: ExchangeOrder) -> ExchangeOrder {
        let own = fills.filter { $0.orderID != nil && $0.orderID == order.id }
        guard fixtures.exchange.ordersCarryFills, order.trades.isEmpty, order.fees.isEmpty, !own.isEmpty else {
            return order
        }
        var whole = order
        whole.trades = own
        return (try? whole.completed()) ?? order
    }
}
