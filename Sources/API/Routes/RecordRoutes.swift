import MarketMaking
import Synchronization
import TradingCore

/// What happened, and the market.
struct RecordRoutes {
    let desk: any TradingDesk
    private let books = WrittenBooks()

    init(desk: any TradingDesk) { self.desk = desk }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/performance/:userId", "Profit by fill, newest first", tag: "performance",
                answers: .json(.array(.performance)),
                parameters: [.path("userId"), .query("strategyType", .choice(StrategyRoutes.types), isRequired: false)]
                    + Self.paging
            ) { input in .json(.array(try await performance(input).map(JSONTree.init))) },
            Endpoint(
                .get, "/performance/:userId/export.csv", "The same as CSV", tag: "performance", answers: .csv,
                parameters: [.path("userId"), .query("strategyType", .choice(StrategyRoutes.types), isRequired: false)]
                    + Self.paging
            ) { input in .csv(name: "performance.csv", CSV.performance(try await performance(input))) },
            Endpoint(
                .get, "/user-orders/market-making/history/:userId", "A user's orders, newest first", tag: "user-orders",
                answers: .json(.array(.history)),
                parameters: [.path("userId")] + Self.paging
            ) { input in
                let history = try await desk.history(.user(input.required("userId")), page(input))
                return .json(.array(history.map(JSONTree.init)))
            },
            Endpoint(
                .get, "/user-orders/market-making/history/instance/:id", "A strategy's orders, newest first",
                tag: "user-orders", answers: .json(.array(.history)),
                parameters: [.path("id", .integer(0...Int64.max))] + Self.paging
            ) { input in
                let history = try await desk.history(.instance(input.integer("id") ?? -1), page(input))
                return .json(.array(history.map(JSONTree.init)))
            },
            Endpoint(
                .get, "/market/orderbook", "An order book: bids best first, asks worst first", tag: "market",
                answers: .json(.orderBook),
                parameters: [
                    .query("exchange"), .query("symbol", .string, "BASE/QUOTE"),
                    .query("limit", .integer(1...5_000), isRequired: false, "Levels of each side, 20 if absent"),
                ]
            ) { input in
                let book = try await desk.orderBook(
                    exchange: input.required("exchange"), symbol: input.required("symbol"),
                    limit: Int(input.integer("limit") ?? 20))
                return .written(nil, books.text(book))
            },
        ]
    }

    /// Long lists are given in parts: `before` is the id of the last entry of the part before.
    private static let paging: [Parameter] = [
        .query(
            "before", .integer(0...Int64.max), isRequired: false,
            "Only entries after the one of this id, which are older"),
        .query("limit", .integer(1...RecordPage.maximum), isRequired: false, "At most so many, 10000 if absent"),
    ]

    private func page(_ input: EndpointInput) -> RecordPage {
        RecordPage(before: input.integer("before"), limit: input.integer("limit") ?? RecordPage.maximum)
    }

    private func performance(_ input: EndpointInput) async throws -> [PerformanceEntry] {
        try await desk.performance(
            userID: input.required("userId"), strategyType: input.text("strategyType"), page(input))
    }
}

/// Order books as JSON, written once for each change of the market however many ask.
private final class WrittenBooks: Sendable {
    private struct Key: Hashable, Sendable {
        var exchange: String
        var symbol: String
        var bids: Int
        var asks: Int
    }

    private static let limit = 256
    private let written = Mutex<[Key: (version: UInt64, text: String)]>([:])

    func text(_ book: OrderBookView) -> String {
        let key = Key(exchange: book.exchange, symbol: book.symbol, bids: book.bids.count, asks: book.asks.count)
        if book.version > 0, let known = written.withLock({ $0[key] }), known.version == book.version {
            return known.text
        }
        let text = JSONTree(book).json
        written.withLock { written in
            if written.count >= Self.limit { written.removeAll() }
            written[key] = (book.version, text)
        }
        return text
    }
}
