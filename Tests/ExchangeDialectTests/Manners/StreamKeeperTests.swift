import Exchanges
import Testing
import TradingCore

/// Keeps a book: asks for one when opened, and does what a frame's text says.
private struct ScriptedSession: StreamSession {
    let url = "wss://exchange.example/stream"
    let silenceLimit: Int64 = 10_000
    var nextWake: Int64?
    var market: Symbol
    var call: EndpointCall<ExchangeBook>

    mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect]) {
        nextWake = context.now + 3_000
        effects.append(.send("subscribe \(context.now)"))
        effects.append(.fetchBook(market, call))
    }

    mutating func received(
        _ frame: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect]
    ) {
        switch String(decoding: frame, as: UTF8.self) {
        case "book again": effects.append(.fetchBook(market, call))
        case "go away":
            effects.append(.event(.alive))
            effects.append(.reconnect(ExchangeFailure(.onMaintenance, message: "maintenance")))
            effects.append(.event(.alive))
        case "wrong key": effects.append(.reconnect(ExchangeFailure(.authenticationError, message: "key")))
        default: effects.append(.event(.alive))
        }
    }

    mutating func fetched(
        _ book: Result<ExchangeBook, ExchangeFailure>, _ symbol: Symbol, now: Int64, into effects: inout [StreamEffect]
    ) {
        switch book {
        case .success(let book): effects.append(.event(.book(book)))
        case .failure(let failure):
            effects.append(.event(.refused("book", failure)))
            effects.append(.fetchBook(symbol, call))
        }
    }

    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) {
        nextWake = now + 3_000
        effects.append(.send("ping"))
    }
}

/// A keeper, and what it said, as text.
private struct Bench {
    var keeper: StreamKeeper
    let market: Symbol
    let session: ScriptedSession
    var fetches: [StreamKeeper.Fetch] = []

    init() throws {
        market = try #require(Symbol("BTC/USDT"))
        let call = EndpointCall<ExchangeBook>(EndpointRequest(.get, ["public"], "depth")) { _ in
            throw UnreadableAnswer("", expected: "", found: "")
        }
        session = ScriptedSession(market: market, call: call)
        keeper = StreamKeeper(
            exchange: "test", backoff: Backoff(shortest: 100, longest: 8_000, stableAfter: 30_000, seed: 1)
        ) { SigningContext(credentials: nil, now: $0) }
    }

    mutating func step(_ body: (inout StreamKeeper, inout [StreamKeeper.Action]) -> Void) -> [String] {
        var actions: [StreamKeeper.Action] = []
        body(&keeper, &actions)
        return actions.map { action in
            switch action {
            case .prepare(let attempt): return "prepare \(attempt)"
            case .connect(let url, let attempt): return "connect \(attempt) \(url)"
            case .send(let text, let attempt): return "send \(attempt) \(text)"
            case .close(let attempt): return "close \(attempt)"
            case .fetchBook(let fetch, _):
                fetches.append(fetch)
                return "fetch"
            case .deliver(.book): return "book"
            case .deliver(.bookLost(let symbol, let failure)): return "lost \(symbol) \(failure.kind.rawValue)"
            case .deliver(.alive): return "alive"
            case .deliver(.refused(let what, let failure)): return "refused \(what) \(failure.kind.rawValue)"
            case .deliver: return "other"
            case .connected: return "connected"
            case .disconnected(let failure): return "disconnected \(failure.kind.rawValue)"
            }
        }
    }

    mutating func open(_ now: Int64) -> [String] {
        let session = session
        return step { keeper, actions in
            if keeper.phase == .idle { keeper.start(now, into: &actions) } else { keeper.wake(now, into: &actions) }
            keeper.prepared(.success(session), attempt: keeper.attempt, now: now, into: &actions)
            keeper.opened(attempt: keeper.attempt, now: now, into: &actions)
        }
    }

    mutating func frame(_ text: String, _ now: Int64, attempt: Int? = nil) -> [String] {
        step { keeper, actions in
            let attempt = attempt ?? keeper.attempt
            Array(text.utf8).withUnsafeBytes {
                keeper.received($0, isBinary: false, attempt: attempt, now: now, into: &actions)
            }
        }
    }

    mutating func answer(_ book: Result<ExchangeBook, ExchangeFailure>, _ now: Int64) -> [String] {
        guard let fetch = fetches.last else { return ["no fetch"] }
        return step { $0.fetched(book, fetch, now: now, into: &$1) }
    }

    var book: ExchangeBook { ExchangeBook(symbol: market, bids: [], asks: []) }
}

@Suite struct StreamKeeperTests {
    private let timeout = ExchangeFailure(.requestTimeout, message: "")

    @Test func `prepares, connects, opens, subscribes and fetches`() throws {
        var bench = try Bench()
        #expect(bench.step { $0.start(1_000, into: &$1) } == ["prepare 1"])
        #expect(bench.step { $0.start(1_000, into: &$1) } == [])
        let session = bench.session
        #expect(
            bench.step { $0.prepared(.success(session), attempt: 1, now: 1_100, into: &$1) }
                == ["connect 1 wss://exchange.example/stream"])
        #expect(bench.keeper.phase == .connecting)
        #expect(
            bench.step { $0.opened(attempt: 1, now: 1_200, into: &$1) }
                == ["connected", "send 1 subscribe 1200", "fetch"])
        #expect(bench.keeper.phase == .open)
        #expect(bench.answer(.success(bench.book), 1_300) == ["book"])
        #expect(bench.frame("x", 1_400) == ["alive"])
        #expect(bench.keeper.nextWake == 4_200)
        #expect(bench.step { $0.wake(4_199, into: &$1) } == [])
        #expect(bench.step { $0.wake(4_200, into: &$1) } == ["send 1 ping"])
        #expect(bench.keeper.nextWake == 7_200)
    }

    @Test func `silence ends a connection, and the book with it`() throws {
        var bench = try Bench()
        _ = bench.open(0)
        _ = bench.answer(.success(bench.book), 10)
        _ = bench.frame("x", 5_000)
        #expect(bench.step { $0.wake(14_999, into: &$1) } == ["send 1 ping"])
        #expect(
            bench.step { $0.wake(15_000, into: &$1) }
                == ["close 1", "lost BTC/USDT requestTimeout", "disconnected requestTimeout"])
        let due = try #require(bench.keeper.nextWake)
        #expect((15_050...15_100).contains(due))
        #expect(bench.step { $0.wake(due - 1, into: &$1) } == [])
        #expect(bench.step { $0.wake(due, into: &$1) } == ["prepare 2"])
    }

    @Test func `a ping of the connection is a sign of life`() throws {
        var bench = try Bench()
        _ = bench.open(0)
        bench.keeper.heard(attempt: 1, now: 9_000)
        bench.keeper.heard(attempt: 7, now: 15_000)
        _ = bench.step { $0.wake(18_999, into: &$1) }
        #expect(bench.keeper.phase == .open)
        _ = bench.step { $0.wake(19_000, into: &$1) }
        #expect(bench.keeper.phase != .open)
    }

    @Test func `what an old connection still says is not heard`() throws {
        var bench = try Bench()
        _ = bench.open(0)
        let old = try #require(bench.fetches.last)
        let book = bench.book
        _ = bench.step { $0.closed(timeout, attempt: 1, now: 10, into: &$1) }
        _ = bench.open(10_000)
        #expect(bench.keeper.attempt == 2)
        #expect(bench.frame("x", 10_001, attempt: 1) == [])
        #expect(bench.step { $0.closed(timeout, attempt: 1, now: 10_002, into: &$1) } == [])
        #expect(bench.step { $0.opened(attempt: 1, now: 10_002, into: &$1) } == [])
        #expect(bench.step { $0.fetched(.success(book), old, now: 10_003, into: &$1) } == [])
        #expect(bench.keeper.phase == .open)
    }

    @Test func `a session can ask for a new connection; what it wanted after is void`() throws {
        var bench = try Bench()
        _ = bench.open(0)
        #expect(bench.frame("go away", 100) == ["alive", "close 1", "disconnected onMaintenance"])
        #expect(bench.keeper.lastFailure?.kind == .onMaintenance)
    }

    @Test func `attempts that fail wait longer and longer; one that held begins anew`() throws {
        var bench = try Bench()
        var now: Int64 = 0
        var waits: [Int64] = []
        _ = bench.step { $0.start(0, into: &$1) }
        for attempt in 1...9 {
            let failure = timeout
            _ = bench.step { $0.prepared(.failure(failure), attempt: attempt, now: now, into: &$1) }
            let due = try #require(bench.keeper.nextWake)
            waits.append(due - now)
            now = due
            #expect(bench.step { $0.wake(now, into: &$1) } == ["prepare \(attempt + 1)"])
        }
        for (wait, bound) in zip(waits, [100, 200, 400, 800, 1_600, 3_200, 6_400, 8_000, 8_000] as [Int64]) {
            #expect((bound / 2...bound).contains(wait))
        }
        let session = bench.session
        _ = bench.step { keeper, actions in
            keeper.prepared(.success(session), attempt: 10, now: now, into: &actions)
            keeper.opened(attempt: 10, now: now, into: &actions)
            keeper.closed(timeout, attempt: 10, now: now + 30_000, into: &actions)
        }
        #expect(try #require(bench.keeper.nextWake) - now - 30_000 <= 100)
    }

    @Test func `an opening that takes too long is given up`() throws {
        var bench = try Bench()
        _ = bench.step { $0.start(0, into: &$1) }
        let session = bench.session
        _ = bench.step { $0.prepared(.success(session), attempt: 1, now: 5_000, into: &$1) }
        #expect(bench.keeper.nextWake == 20_000)
        #expect(bench.step { $0.wake(20_000, into: &$1) } == ["close 1"])
        #expect(bench.step { $0.opened(attempt: 1, now: 20_001, into: &$1) } == [])
    }

    @Test func `a refusal waits as long as it can`() throws {
        var bench = try Bench()
        _ = bench.open(0)
        _ = bench.frame("wrong key", 10)
        #expect(bench.keeper.nextWake == 8_010)
    }

    @Test func `a book that cannot be fetched is asked for again, later and later, then told`() throws {
        var bench = try Bench()
        _ = bench.open(0)
        var now: Int64 = 0
        for wait in [250, 500, 1_000] as [Int64] {
            #expect(bench.answer(.failure(timeout), now) == [])
            let due = now + wait
            #expect(bench.keeper.nextWake == min(due, 3_000))
            now = due
            #expect(bench.step { $0.wake(now, into: &$1) }.contains("fetch"))
            _ = bench.frame("x", now)
        }
        // The session asks again at once; the keeper waits all the same.
        #expect(bench.answer(.failure(timeout), now) == ["refused book requestTimeout"])
        let begun = bench.fetches.count
        _ = bench.step { $0.wake(now + 1_999, into: &$1) }
        #expect(bench.fetches.count == begun)
        #expect(bench.step { $0.wake(now + 2_000, into: &$1) }.contains("fetch"))
        #expect(bench.answer(.success(bench.book), now + 2_100) == ["book"])
        #expect(bench.frame("book again", now + 2_200) == ["fetch"])
    }

    @Test func `a book that is refused is told at once`() throws {
        var bench = try Bench()
        _ = bench.open(0)
        let refused = ExchangeFailure(.badSymbol, message: "no such market")
        #expect(bench.answer(.failure(refused), 5) == ["refused book badSymbol"])
    }

    @Test func `a newer fetch makes the older void`() throws {
        var bench = try Bench()
        _ = bench.open(0)
        let first = try #require(bench.fetches.first)
        let book = bench.book
        #expect(bench.frame("book again", 5) == ["fetch"])
        #expect(bench.step { $0.fetched(.success(book), first, now: 6, into: &$1) } == [])
        #expect(bench.answer(.success(book), 7) == ["book"])
        #expect(bench.answer(.success(book), 8) == [])
    }

    @Test func `stopped, it says what is lost, and hears nothing more`() throws {
        var bench = try Bench()
        _ = bench.open(0)
        _ = bench.answer(.success(bench.book), 10)
        #expect(
            bench.step { $0.stop(20, into: &$1) }
                == ["close 1", "lost BTC/USDT networkError", "disconnected networkError"])
        #expect(bench.frame("x", 21) == [])
        #expect(bench.keeper.nextWake == nil)
        #expect(bench.step { $0.wake(100_000, into: &$1) } == [])
        #expect(bench.step { $0.start(100_001, into: &$1) } == ["prepare 2"])
    }
}
