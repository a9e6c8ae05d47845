import Exchanges
import Networking
import Scheduling
import Synchronization
import Testing
import TradingCore

/// Passes every message on, and does what some of them say.
private struct EchoSession: StreamSession {
    var url: String
    var silenceLimit: Int64 = 60_000
    var nextWake: Int64?
    var market: Symbol?

    mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect]) {
        effects.append(.send("subscribe"))
        if let market {
            let call = EndpointCall<ExchangeBook>(EndpointRequest(.get, ["public"], "depth")) { _ in
                ExchangeBook(symbol: market, bids: [], asks: [])
            }
            effects.append(.fetchBook(market, call))
        }
    }

    mutating func received(
        _ frame: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect]
    ) {
        effects.append(.event(.unexplained(String(decoding: frame, as: UTF8.self))))
    }

    mutating func fetched(
        _ book: Result<ExchangeBook, ExchangeFailure>, _ symbol: Symbol, now: Int64, into effects: inout [StreamEffect]
    ) {
        if case .success(let book) = book { effects.append(.event(.book(book))) }
    }

    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) {
        nextWake = nil
        effects.append(.send("ping"))
    }
}

/// What a runner told, as text.
private final class Told: Sendable {
    private let texts = Mutex<[String]>([])

    var all: [String] { texts.withLock { $0 } }

    func take(_ update: StreamRunner.Update) {
        let text =
            switch update {
            case .connected: "connected"
            case .disconnected(let failure): "disconnected \(failure.kind.rawValue)"
            case .bookNotFetched(let failure): "not fetched \(failure.kind.rawValue)"
            case .event(.unexplained(let text)): text
            case .event(.book(let book)): "book \(book.symbol)"
            case .event(.bookLost(let symbol, _)): "lost \(symbol)"
            case .event: "event"
            }
        texts.withLock { $0.append(text) }
    }

    /// Until `isEnough`, or five seconds have passed.
    func wait(_ isEnough: ([String]) -> Bool) async throws {
        for _ in 0..<500 where !isEnough(all) { try await Task.sleep(for: .milliseconds(10)) }
    }
}

@Suite(.timeLimit(.minutes(10))) struct StreamRunnerTests {
    private func running(
        _ session: EchoSession, _ told: Told, renewal: StreamRunner.Renewal? = nil, _ body: () async throws -> Void
    ) async throws {
        let keeper = StreamKeeper(
            exchange: "test", backoff: Backoff(shortest: 20, longest: 100, seed: 1)
        ) { SigningContext(credentials: nil, now: $0) }
        let source = StreamRunner.Source(
            prepare: { .success(StreamRunner.Prepared(session, renewal: renewal)) },
            book: { call in
                await Task.yield()
                return Result { () throws(ExchangeFailure) in
                    try call.answer(in: EndpointAnswer(status: 200, body: Array("{}".utf8)), BinanceDialect())
                }
            })
        let runner = StreamRunner(
            keeper, source, client: try WebSocketClient(.init(opening: 2_000)), time: SystemTime()
        ) { told.take($0) }
        let task = Task { await runner.run() }
        try await body()
        task.cancel()
        await task.value
        #expect(await runner.phase == .stopped)
    }

    @Test func `connects, subscribes, fetches the book and tells frames in their order`() async throws {
        try await ScriptedServer.with(take: WebSocketText.take) { text, count in
            if count == 0 { return [.send(WebSocketText.upgrade(text))] }
            return text == "1 subscribe" ? (1...100).map { .send(WebSocketText.text("frame \($0)")) } : []
        } _: { server in
            let told = Told()
            let session = EchoSession(url: "ws://127.0.0.1:\(server.port)/", market: Symbol("BTC/USDT"))
            try await running(session, told) { try await told.wait { $0.count >= 102 } }
            #expect(told.all.first == "connected")
            #expect(told.all.filter { $0.hasPrefix("frame") } == (1...100).map { "frame \($0)" })
            #expect(told.all.contains("book BTC/USDT"))
            #expect(told.all.suffix(2) == ["lost BTC/USDT", "disconnected networkError"])
        }
    }

    @Test func `comes back after each break`() async throws {
        try await ScriptedServer.with(take: WebSocketText.take) { text, count in
            count == 0 ? [.send(WebSocketText.upgrade(text) + WebSocketText.text("hello")), .wait(20), .hangUp] : []
        } _: { server in
            let told = Told()
            try await running(EchoSession(url: "ws://127.0.0.1:\(server.port)/"), told) {
                try await told.wait { $0.count { $0 == "hello" } >= 3 }
            }
            #expect(
                told.all.prefix(6) == [
                    "connected", "hello", "disconnected networkError", "connected", "hello",
                    "disconnected networkError",
                ])
        }
    }

    @Test func `notices silence, and what does not upgrade`() async throws {
        let count = Mutex(0)
        try await ScriptedServer.with(take: WebSocketText.take) { text, place in
            guard place == 0 else { return [] }
            let number = count.withLock { count in
                count += 1
                return count
            }
            return number == 1 ? [.send(HTTPText.answer("", status: "503 Busy"))] : [.send(WebSocketText.upgrade(text))]
        } _: { server in
            let told = Told()
            let session = EchoSession(url: "ws://127.0.0.1:\(server.port)/", silenceLimit: 150)
            try await running(session, told) { try await told.wait { $0.count >= 3 } }
            #expect(told.all.prefix(3) == ["connected", "disconnected requestTimeout", "connected"])
        }
    }

    @Test func `wakes a session when it wants`() async throws {
        try await ScriptedServer.with(take: WebSocketText.take) { text, count in
            if count == 0 { return [.send(WebSocketText.upgrade(text))] }
            return text == "1 ping" ? [.send(WebSocketText.text("pong"))] : []
        } _: { server in
            let told = Told()
            let session = EchoSession(url: "ws://127.0.0.1:\(server.port)/", nextWake: 1)
            try await running(session, told) { try await told.wait { $0.contains("pong") } }
            #expect(told.all.contains("pong"))
        }
    }

    @Test func `renews a token while it can, and comes back when it is refused`() async throws {
        try await ScriptedServer.with(take: WebSocketText.take) { text, count in
            count == 0 ? [.send(WebSocketText.upgrade(text))] : []
        } _: { server in
            let told = Told()
            let count = Mutex(0)
            let renewal = StreamRunner.Renewal(every: 30) {
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                switch number {
                case 1: return .success(())
                case 2: return .failure(ExchangeFailure(.requestTimeout, message: ""))
                case 3: return .failure(ExchangeFailure(.authenticationError, message: "no such listen key"))
                default: return .success(())
                }
            }
            try await running(EchoSession(url: "ws://127.0.0.1:\(server.port)/"), told, renewal: renewal) {
                try await told.wait { $0.count >= 3 }
            }
            #expect(told.all.prefix(3) == ["connected", "disconnected authenticationError", "connected"])
        }
    }
}
