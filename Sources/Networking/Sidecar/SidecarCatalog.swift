import Exchanges
public import Scheduling
import Synchronization
public import TradingCore

/// What ccxt says of every exchange it knows, without a key.
public final class SidecarCatalog: Sendable {
    private struct Kept {
        var markets: JSONValue
        var until: Timestamp
    }

    private let client: SidecarClient
    private let time: any TimeSource
    private let kept = Mutex<[String: Kept]>([:])

    /// How long a list of markets is kept.
    static let lifetime = Nanoseconds.seconds(3_600)

    public init(_ client: SidecarClient, time: any TimeSource) {
        self.client = client
        self.time = time
    }

    public func names() async throws(SidecarFailure) -> [String] {
        let told = try await client.ask("exchanges")
        guard let names = told.elements?.compactMap(\.text), !names.isEmpty else {
            throw .unreadable("no list of exchanges")
        }
        return names
    }

    public func details(_ exchange: String) async throws(SidecarFailure) -> JSONValue {
        try await client.ask("details", .object([.text("exchange", exchange)]))
    }

    /// Spot markets (D41), kept for an hour.
    public func markets(_ exchange: String) async throws(SidecarFailure) -> JSONValue {
        let now = time.now()
        if let known = kept.withLock({ $0[exchange] }), known.until > now { return known.markets }
        // A session of its own, gone afterwards: the markets of all exchanges at once are more than need be held.
        let session = "catalog:\(exchange)"
        _ = try await client.ask(
            "open", session: session, .object([.text("exchange", exchange)]), within: 5_000)
        defer { client.close(session) }
        let told = try await client.ask("markets", session: session, within: 60_000)
        guard let rows = told.elements else { throw .unreadable("no list of markets") }
        let markets = JSONValue.array(rows.map(SidecarCatalog.market))
        kept.withLock { $0[exchange] = Kept(markets: markets, until: now.advanced(byNanoseconds: Self.lifetime)) }
        return markets
    }

    private static let fields = [
        "symbol", "base", "quote", "baseId", "quoteId", "active", "id", "precision", "limits",
    ]

    /// The original's fields in the original's types: numbers within `precision` and `limits`.
    static func market(_ row: JSONValue) -> JSONValue {
        .object(
            fields.map { name in
                let value = row[name] ?? .null
                return .init(key: name, value: name == "precision" || name == "limits" ? numbers(value) : value)
            })
    }

    private static func numbers(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members): .object(members.map { .init(key: $0.key, value: numbers($0.value)) })
        case .string(let text): FixedDecimal(text).map { .number($0.description) } ?? value
        default: value
        }
    }
}
