import Exchanges
import Networking
import Scheduling
import Synchronization
import Testing
import TradingCore

@testable import ExchangeKeys

/// Bitfinex as far as nonces go: it refuses each that is not above the last of its key.
private final class NonceWire: Sendable {
    private struct State {
        var highest: [String: Int64] = [:]
        var refused = 0
        var answered = 0
        var inside: Set<String> = []
        var overlaps = 0
    }

    private let state = Mutex(State())
    var refused: Int { state.withLock { $0.refused } }
    var answered: Int { state.withLock { $0.answered } }
    var overlaps: Int { state.withLock { $0.overlaps } }
    func highest(_ key: String) -> Int64 { state.withLock { $0.highest[key] ?? 0 } }

    func send(_ request: SignedRequest) async -> EndpointAnswer {
        func header(_ name: String) -> String? { request.headers.first { $0.name == name }?.value }
        guard let key = header("bfx-apikey"), let nonce = header("bfx-nonce").flatMap({ Int64($0) }) else {
            return EndpointAnswer(status: 200, body: Array("[1]".utf8))
        }
        let isHigher = state.withLock { state in
            if !state.inside.insert(key).inserted { state.overlaps += 1 }
            let isHigher = nonce > state.highest[key] ?? 0
            state.highest[key] = max(nonce, state.highest[key] ?? 0)
            if isHigher { state.answered += 1 } else { state.refused += 1 }
            return isHigher
        }
        // Whoever may overtake does.
        for _ in 0..<Int.random(in: 0...5) { await Task.yield() }
        _ = state.withLock { $0.inside.remove(key) }
        return isHigher
            ? EndpointAnswer(status: 200, body: Array(#"[["exchange","BTC",11,0,10]]"#.utf8))
            : EndpointAnswer(status: 500, body: Array(#"["error",10114,"nonce: small"]"#.utf8))
    }
}

/// Trading, checks of keys and transfers use one key: none of them sends a smaller nonce after a higher one.
@Suite(.timeLimit(.minutes(5))) struct SharedNonceTests {
    private let wire = NonceWire()
    /// Milliseconds: a turn comes late on a busy machine.
    private static let patience: Int64 = 60_000
    private let book = MannersBook()
    private let dialect = BitfinexDialect()
    private let now = SystemTime().now().nanoseconds / 1_000_000

    private func credentials(_ key: String = "key") -> ExchangeCredentials {
        ExchangeCredentials(apiKey: key, secret: Secret("secret"))
    }

    private var send: ExchangeClient.Send {
        { [wire] (request, _) throws(HTTPFailure) in await wire.send(request) }
    }

    /// As trading has it after a restart: above a mark that lies ahead of the clock.
    private func trading(_ key: String = "key", after last: Int64) -> ExchangeClient {
        ExchangeClient(
            dialect,
            .init(label: "default", credentials: credentials(key), lastNonce: last, hasOrderedNonces: true),
            manners: book.manners(of: dialect),
            breaker: CircuitBreaker(pause: Backoff(shortest: 1_000, longest: 1_000, seed: 1)), time: SystemTime(),
            send: send)
    }

    private func check(_ key: String = "key") async throws -> KeyPermissions {
        try await NetworkKeyValidator(time: SystemTime(), patience: Self.patience, manners: book, send: send)
            .permissions(
                of: ExchangeAccountSettings(exchange: dialect.id, credentials: credentials(key)))
    }

    @Test func `a check of a key that trades goes on above what trading has used`() async throws {
        let client = trading(after: now + 120_000)
        _ = try await client.perform(try dialect.balances([]), within: Self.patience)
        #expect(wire.highest("key") > now + 120_000)
        #expect(try await check().canRead == true)
        _ = try await client.perform(try dialect.balances([]), within: Self.patience)
        #expect(wire.refused == 0)
        // And what is kept for the next start covers the check's too.
        #expect(client.lastNonce == wire.highest("key"))
    }

    @Test func `trading goes on above what a check has used, though it was made later`() async throws {
        #expect(try await check().canRead == true)
        let client = trading(after: 0)
        for _ in 0..<3 {
            _ = try await client.perform(try dialect.balances([]), within: Self.patience)
            #expect(try await check().canRead == true)
        }
        #expect(wire.refused == 0)
    }

    @Test func `all at once, one call of a key is on its way at a time, and another key waits for nobody`() async throws
    {
        let (client, other) = (trading(after: now + 60_000), trading("other", after: 0))
        try await withThrowingTaskGroup { group in
            for number in 0..<12 {
                group.addTask {
                    if number % 3 == 0 {
                        _ = try await check()
                    } else {
                        _ = try await (number % 3 == 1 ? client : other).perform(
                            try dialect.balances([]), within: Self.patience)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(wire.refused == 0 && wire.overlaps == 0)
        #expect(wire.highest("other") < now + 60_000)
    }

    @Test func `a transfer with the key shares its nonces too`() async throws {
        let client = trading(after: now + 120_000)
        _ = try await client.perform(try dialect.balances([]), within: Self.patience)
        let settings = ExchangeAccountSettings(exchange: dialect.id, credentials: credentials())
        let calls = try TransferCalls(settings, manners: book, time: SystemTime(), send: send)
        _ = try? await calls.withdrawals("BTC", since: 0)
        #expect(wire.refused == 0 && wire.answered == 2)
    }
}
