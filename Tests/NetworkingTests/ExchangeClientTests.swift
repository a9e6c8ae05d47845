import Exchanges
import Networking
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

/// An exchange that answers as told, and remembers what was sent.
private final class Wire: Sendable {
    private struct State {
        var answers: [Result<EndpointAnswer, HTTPFailure>] = []
        var sent: [SignedRequest] = []
    }

    private let state = Mutex(State())

    var sent: [SignedRequest] { state.withLock { $0.sent } }

    init(_ answers: [Result<EndpointAnswer, HTTPFailure>]) { state.withLock { $0.answers = answers } }

    func send(_ request: SignedRequest, _ milliseconds: Int64) async throws(HTTPFailure) -> EndpointAnswer {
        let answer: Result<EndpointAnswer, HTTPFailure> = state.withLock { state in
            state.sent.append(request)
            return state.answers.isEmpty ? .failure(.unknown("nothing to say")) : state.answers.removeFirst()
        }
        return try answer.get()
    }

    static func answer(
        _ body: String, _ status: Int = 200, _ headers: [(String, String)] = []
    ) -> Result<EndpointAnswer, HTTPFailure> {
        .success(
            EndpointAnswer(
                status: status, headers: headers.map { .init($0.0, $0.1) }, body: Array(body.utf8)))
    }
}

/// A clock that a test moves, and that counts who looks at it.
private final class WatchedTime: TimeSource {
    let manual = ManualTime()
    private let count = Mutex(0)
    var looks: Int { count.withLock { $0 } }

    func now() -> Timestamp {
        count.withLock { $0 += 1 }
        return manual.now()
    }

    func sleep(until deadline: Timestamp) async throws { try await manual.sleep(until: deadline) }
}

@Suite(.timeLimit(.minutes(10))) struct ExchangeClientTests {
    private let dialect = BinanceDialect()

    private func client(_ wire: Wire, manners: SharedManners? = nil, hasKey: Bool = true) -> ExchangeClient {
        let credentials = ExchangeCredentials(apiKey: "key", secret: Secret("secret"))
        return ExchangeClient(
            dialect, .init(label: "one", credentials: hasKey ? credentials : nil, receiveWindow: 5_000),
            manners: manners ?? SharedManners(limits: dialect.limits),
            breaker: CircuitBreaker(threshold: 3, pause: Backoff(shortest: 60_000, longest: 60_000, seed: 1)),
            time: SystemTime()
        ) { request, milliseconds throws(HTTPFailure) in try await wire.send(request, milliseconds) }
    }

    private func failure<Answer: Sendable>(
        _ client: ExchangeClient, _ call: EndpointCall<Answer>, _ purpose: RateBudget.Purpose = .ordinary,
        within: Int64 = 10_000
    ) async -> CallFailure? {
        do throws(CallFailure) {
            _ = try await client.perform(call, purpose, within: within)
            return nil
        } catch { return error }
    }

    private func isUnknown(_ failure: CallFailure?) -> Bool {
        if case .unknown? = failure { true } else { false }
    }

    @Test func `an answer comes back in its type, and signatures use the exchange's time`() async throws {
        let ahead = SystemTime().now().nanoseconds / 1_000_000 + 3_600_000
        let wire = Wire([Wire.answer("{\"serverTime\":\(ahead)}"), Wire.answer("{\"balances\":[]}")])
        let client = client(wire)
        try await client.measureClock()
        _ = try await client.perform(dialect.balances([]))
        let url = try #require(wire.sent.last?.url)
        let timestamp = try #require(
            url.split(whereSeparator: { "?&".contains($0) }).first { $0.hasPrefix("timestamp=") }
                .flatMap { Int64($0.dropFirst(10)) })
        #expect(abs(timestamp - ahead) < 30_000)
    }

    @Test func `refused and unknown stay apart`() async throws {
        let wire = Wire([
            Wire.answer("{\"code\":-2010,\"msg\":\"Account has insufficient balance for requested action.\"}", 400),
            .failure(.unknown("cut off")), .failure(.notSent("nobody there")), Wire.answer("<html>", 502),
            Wire.answer("<html>"), .failure(.answerTooLong(limit: 1)),
        ])
        let client = client(wire)
        let call = try dialect.balances([])
        let refused = try #require(await failure(client, call))
        #expect(refused.failure.kind == .insufficientFunds)
        #expect(!isUnknown(refused))
        let cut = try #require(await failure(client, call))
        #expect(isUnknown(cut) && cut.failure.kind == .requestTimeout)
        guard case .unknown(_, let timestamp, let window) = cut else { return }
        #expect(abs(timestamp - SystemTime().now().nanoseconds / 1_000_000) < 60_000)
        #expect(window == 5_000)
        let unsent = try #require(await failure(client, call))
        #expect(!isUnknown(unsent) && unsent.failure.kind == .networkError)
        // Two failures in a row are counted by now: another client counts anew.
        let fresh = self.client(wire)
        for _ in 0..<3 {
            let found = try #require(await failure(fresh, call))
            #expect(isUnknown(found), "\(found)")
        }
        #expect(wire.sent.count == 6)
    }

    @Test func `a call without a key is not sent`() async throws {
        let wire = Wire([])
        let found = try #require(await failure(client(wire, hasKey: false), try dialect.balances([])))
        #expect(found.failure.kind == .authenticationError && !isUnknown(found))
        #expect(wire.sent.isEmpty)
    }

    @Test func `an exchange that does not answer is left alone for a while, but for cancels`() async throws {
        let wire = Wire([])
        let client = client(wire)
        let call = try dialect.balances([])
        for _ in 0..<3 { _ = await failure(client, call) }
        let found = try #require(await failure(client, call))
        #expect(!isUnknown(found) && found.failure.kind == .exchangeNotAvailable)
        #expect(try #require(found.failure.retryAfter) > 0)
        #expect(wire.sent.count == 3)
        _ = await failure(client, call, .cancel)
        #expect(wire.sent.count == 4)
    }

    @Test func `a key that is refused is not used again, but for cancels`() async throws {
        let wire = Wire([Wire.answer("{\"code\":-2014,\"msg\":\"API-key format invalid.\"}", 401)])
        let client = client(wire)
        let call = try dialect.balances([])
        for _ in 0..<3 {
            let found = try #require(await failure(client, call))
            #expect(found.failure.kind == .authenticationError && !isUnknown(found))
        }
        #expect(wire.sent.count == 1)
        _ = await failure(client, call, .cancel)
        #expect(wire.sent.count == 2, "what rests has to be taken off")
    }

    @Test func `accounts share what the exchange allows, and its bans`() async throws {
        let manners = SharedManners(limits: dialect.limits)
        let call = try dialect.balances([])
        let wire = Wire([
            Wire.answer("{\"balances\":[]}", 200, [("X-MBX-USED-WEIGHT-1M", "5999")]),
            Wire.answer("{\"code\":-1003,\"msg\":\"Way too many requests\"}", 418, [("Retry-After", "60")]),
        ])
        let one = client(wire, manners: manners), other = client(wire, manners: manners)
        _ = try await one.perform(call)
        let full = try #require(await failure(other, call, within: 50))
        #expect(full.failure.kind == .rateLimitExceeded && !isUnknown(full))
        #expect(wire.sent.count == 1)
        let light = EndpointCall<Int64>(EndpointRequest(.get, ["public"], "time")) { _ in 0 }
        _ = await failure(one, light)
        let banned = try #require(await failure(other, light, .cancel, within: 50))
        #expect(try #require(banned.failure.retryAfter) > 50_000)
        #expect(wire.sent.count == 2)
    }

    @Test func `waits its turn, within its time`() async throws {
        let manners = SharedManners(limits: [RateLimit("few", capacity: 1, interval: 200, scope: .key)])
        let wire = Wire((0..<3).map { _ in Wire.answer("{}") })
        let client = client(wire, manners: manners)
        let call = EndpointCall<Int>(EndpointRequest(.get, ["public"], "x", costs: [RateCost("few")])) { _ in 1 }
        let begun = ContinuousClock.now
        for _ in 0..<3 { #expect(await failure(client, call) == nil) }
        #expect(ContinuousClock.now - begun > .milliseconds(400))
        #expect(wire.sent.count == 3)
    }

    @Test func `no request leaves with too little time left for its answer`() async throws {
        let time = ManualTime()
        let manners = SharedManners(limits: [RateLimit("few", capacity: 1, interval: 9_500, scope: .key)])
        let wire = Wire((0..<4).map { _ in Wire.answer("{}") })
        let client = ExchangeClient(
            dialect, .init(label: "one", credentials: nil), manners: manners,
            breaker: CircuitBreaker(pause: Backoff(seed: 1)), time: time
        ) { request, milliseconds throws(HTTPFailure) in try await wire.send(request, milliseconds) }
        let call = EndpointCall<Int>(EndpointRequest(.get, ["public"], "x", costs: [RateCost("few")])) { _ in 1 }
        #expect(await failure(client, call) == nil)
        // Its turn comes after 9.5 of 10 s: half a second is too little.
        let late = try #require(await failure(client, call, within: 10_000))
        #expect(!isUnknown(late) && late.failure.kind == .rateLimitExceeded)
        #expect(wire.sent.count == 1)
        // With 11 s it has time for an answer, and leaves.
        #expect(await failure(client, call, within: 11_000) == nil)
        #expect(wire.sent.count == 2)
    }

    @Test func `one that waited too long for the call before it does not leave either`() async throws {
        let time = WatchedTime()
        let account = ExchangeClient.Account(
            label: "one", credentials: ExchangeCredentials(apiKey: "key", secret: Secret("secret")),
            hasOrderedNonces: true)
        let sent = Mutex(0)
        let gate = Signal()
        let client = ExchangeClient(
            dialect, account, manners: SharedManners(limits: []), breaker: CircuitBreaker(pause: Backoff(seed: 1)),
            time: time
        ) { _, _ throws(HTTPFailure) in
            sent.withLock { $0 += 1 }
            await gate.wait()
            return EndpointAnswer(status: 200, body: Array("{\"balances\":[]}".utf8))
        }
        let call = try dialect.balances([])
        let first = Task { await failure(client, call) }
        while sent.withLock({ $0 }) == 0 { await Task.yield() }
        let looks = time.looks
        let second = Task { await failure(client, call, within: 10_000) }
        // Its deadline is known, and whether it was allowed to leave; then it waits for the first.
        while time.looks < looks + 2 { await Task.yield() }
        time.manual.advance(byNanoseconds: 9_500 * 1_000_000)
        gate.raise()
        #expect(await first.value == nil)
        let late = try #require(await second.value)
        #expect(!isUnknown(late) && late.failure.kind == .requestTimeout)
        #expect(sent.withLock { $0 } == 1)
    }

    @Test func `a request that is refused for its time latches nothing, whatever the exchange calls it`() async throws {
        let gate = GateDialect()
        let wire = Wire([
            Wire.answer(#"{"label":"REQUEST_EXPIRED","message":"gap between request Timestamp"}"#, 403),
            Wire.answer("[]"),
        ])
        let client = ExchangeClient(
            gate,
            .init(label: "one", credentials: ExchangeCredentials(apiKey: "key", secret: Secret("secret"))),
            manners: SharedManners(limits: gate.limits), breaker: CircuitBreaker(pause: Backoff(seed: 1)),
            time: SystemTime()
        ) { request, milliseconds throws(HTTPFailure) in try await wire.send(request, milliseconds) }
        let call = try gate.balances([])
        let expired = try #require(await failure(client, call))
        #expect(expired.failure.isForItsTime && !isUnknown(expired))
        #expect(await failure(client, call) == nil)
    }

    @Test func `who gives up while waiting for its turn has sent nothing`() async throws {
        let manners = SharedManners(limits: [RateLimit("few", capacity: 1, interval: 600_000, scope: .key)])
        let wire = Wire((0..<2).map { _ in Wire.answer("{}") })
        let client = client(wire, manners: manners)
        let call = EndpointCall<Int>(EndpointRequest(.get, ["public"], "x", costs: [RateCost("few")])) { _ in 1 }
        #expect(await failure(client, call) == nil)
        let given = Task { await failure(client, call) }
        given.cancel()
        #expect(!isUnknown(await given.value))
        #expect(wire.sent.count == 1)
    }

    @Test func `what an exchange has against a key is shown until the same call is answered well`() async throws {
        let refused = Wire.answer(#"{"code":-2010,"msg":"You don't have permission."}"#, 403)
        let rights = #"{"enableReading":true,"enableSpotAndMarginTrading":true,"enableWithdrawals":false}"#
        let wire = Wire([
            refused, Wire.answer(#"{"balances":[]}"#), Wire.answer(#"{"code":-1121,"msg":"Invalid symbol."}"#, 400),
            Wire.answer(rights),
        ])
        let client = client(wire)
        #expect(client.keyRefusal == nil)
        let first = await failure(client, try dialect.permissions())
        #expect(first != nil && client.keyRefusal?.keyCauses == [.permission, .address])
        // Another call needs less of the key, or fails for another reason.
        _ = try await client.perform(try dialect.balances([]))
        #expect(client.keyRefusal?.kind == .permissionDenied)
        _ = await failure(client, try dialect.balances([]))
        #expect(client.keyRefusal?.kind == .permissionDenied)
        _ = try await client.perform(try dialect.permissions())
        #expect(client.keyRefusal == nil)
    }

    @Test func `ordered nonces go one call at a time, cancels before others`() async throws {
        let flying = Mutex((now: 0, most: 0))
        let account = ExchangeClient.Account(
            label: "one", credentials: ExchangeCredentials(apiKey: "key", secret: Secret("secret")),
            hasOrderedNonces: true)
        let client = ExchangeClient(
            dialect, account, manners: SharedManners(limits: []), breaker: CircuitBreaker(pause: Backoff(seed: 1)),
            time: SystemTime()
        ) { _, _ throws(HTTPFailure) in
            flying.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            try? await Task.sleep(for: .milliseconds(100))
            flying.withLock { $0.now -= 1 }
            return EndpointAnswer(status: 200, body: Array("{\"balances\":[]}".utf8))
        }
        let call = try dialect.balances([])
        let done = await withTaskGroup(of: RateBudget.Purpose?.self) { group in
            for number in 0..<6 {
                let purpose: RateBudget.Purpose = number == 5 ? .cancel : .ordinary
                group.addTask {
                    try? await Task.sleep(for: .milliseconds(3 * number))
                    return (try? await client.perform(call, purpose)) == nil ? nil : purpose
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(flying.withLock { $0.most } == 1)
        #expect(done.count == 6 && !done.contains(nil))
        #expect((done.firstIndex(of: .cancel) ?? 9) < 4)
    }
}
