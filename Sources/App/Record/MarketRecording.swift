import Exchanges
import MarketData
import Networking
import Scheduling
import ServiceLifecycle
import Synchronization
import TradingCore

/// One market being recorded: a stream that is kept alive, and a file that takes what comes every second.
final class MarketRecording: Service, Sendable {
    private let plan: RecordingPlan
    private let market: ExchangeMarket
    private let recorder: MarketRecorder
    private let caller: HTTPCaller
    private let client: ExchangeClient
    private let time: any TimeSource
    private let file: Mutex<(file: RecordingFile, total: Int, files: Int)>
    private let hasRules = Mutex(false)
    /// When a line was last told.
    private let toldAt: Mutex<Timestamp>

    /// Asks for the exchange's markets and makes the file.
    static func open(_ plan: RecordingPlan, time: any TimeSource) async throws -> MarketRecording {
        let caller: HTTPCaller
        do { caller = try HTTPCaller(time: time) } catch {
            throw BadInput("the trusted certificates cannot be read: \(error)")
        }
        do {
            let market = try await market(plan, caller, time)
            return try MarketRecording(plan, market, caller, time)
        } catch {
            await caller.shutdown()
            throw error
        }
    }

    private static func market(
        _ plan: RecordingPlan, _ caller: HTTPCaller, _ time: any TimeSource
    ) async throws -> (market: ExchangeMarket, catalog: MarketCatalog) {
        let dialect = plan.exchange.dialect(plan.hosts, .empty)
        let client = client(dialect, time) { request, milliseconds throws(HTTPFailure) in
            try await caller.send(request, within: milliseconds)
        }
        let markets: [ExchangeMarket]
        do { markets = try await client.perform(try dialect.markets(), within: 30_000) } catch let error as CallFailure
        {
            throw BadInput("--exchange \(plan.exchange.rawValue): its markets cannot be had: \(error.failure)")
        } catch { throw BadInput("--exchange \(plan.exchange.rawValue): its markets cannot be had: \(error)") }
        let catalog = MarketCatalog(markets: markets, currencies: [])
        guard let market = catalog.market(plan.symbol) else {
            throw BadInput(
                "--instrument \(plan.symbol): must be one of the \(markets.count) markets of \(dialect.name)")
        }
        return (market, catalog)
    }

    private static func client(
        _ dialect: any ExchangeDialect, _ time: any TimeSource, send: @escaping ExchangeClient.Send
    ) -> ExchangeClient {
        ExchangeClient(
            dialect, .init(label: "public", credentials: nil), manners: SharedManners(limits: dialect.limits),
            breaker: CircuitBreaker(pause: Backoff(seed: 1)), time: time, send: send)
    }

    private init(
        _ plan: RecordingPlan, _ market: (market: ExchangeMarket, catalog: MarketCatalog), _ caller: HTTPCaller,
        _ time: any TimeSource
    ) throws {
        let recorder = MarketRecorder(try plan.exchange.format(market.market, plan.tick), plan.symbol)
        self.market = market.market
        self.plan = plan
        self.recorder = recorder
        self.caller = caller
        self.time = time
        toldAt = Mutex(time.now())
        client = Self.client(plan.exchange.dialect(plan.hosts, market.catalog), time) {
            (request, milliseconds) throws(HTTPFailure) in
            let answer = try await caller.send(request, within: milliseconds)
            // Of all calls only the book is one that a recording needs.
            if answer.status == 200, request.url.contains("/depth?") { recorder.snapshot(answer.body, at: time.now()) }
            return answer
        }
        do { file = Mutex((try RecordingFile(path: plan.path, at: time.now()), 0, 1)) } catch {
            throw BadInput("--out \(error)")
        }
    }

    // MARK: - Running

    func run() async throws {
        let runner = try makeRunner()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await runner.run() }
            group.addTask { try await cancelWhenGracefulShutdown { try await self.keepWriting() } }
            defer { group.cancelAll() }
            try await group.next()
            recorder.end()
        }
        try write(time.now())
    }

    func close() async { await caller.shutdown() }

    private func makeRunner() throws -> StreamRunner {
        let (recorder, time, plan) = (recorder, time, plan)
        let dialect = client.dialect
        let source = client.streamSource(isPrivate: false) { token throws(ExchangeFailure) in
            WatchedSession(try dialect.publicStream(plan.exchange.channels(plan.symbol), token: token)) {
                recorder.frame($0, $1, at: time.now())
            }
        }
        let client = client
        let keeper = StreamKeeper(
            exchange: plan.exchange.rawValue, backoff: Backoff(seed: UInt64(bitPattern: time.now().nanoseconds))
        ) { client.context($0) }
        return StreamRunner(keeper, source, client: try WebSocketClient(), time: time) { update in
            switch update {
            // Without its book a recording waits: the next try follows within a second.
            case .connected, .bookNotFetched: break
            case .event(let event): recorder.event(event, at: time.now())
            case .disconnected(let failure): recorder.disconnected("\(failure)", at: time.now())
            }
        }
    }

    /// Every second what has come goes to the disk, until it is time to end.
    private func keepWriting() async throws {
        let startedAt = time.now()
        let interval = Nanoseconds.perSecond
        var due = startedAt
        var turning: Turning?
        while true {
            due = Timestamp(nanoseconds: max(due, time.now()).nanoseconds &+ interval)
            do { try await time.sleep(until: due) } catch { return }
            let now = time.now()
            try write(now)
            if let duration = plan.duration, now.nanoseconds(since: startedAt) >= duration { return }
            if isFull(now) {
                turning = Turning(after: recorder.bookSequence)
                try turn(now)
            }
            if let wanted = turning, await hasBook(wanted) { turning = nil }
            tell(now)
        }
    }

    private func write(_ now: Timestamp) throws(RecordingFailure) {
        let bytes = try recorder.fetch()
        try file.withLock { state throws(RecordingFailure) in try Self.append(bytes, now, &state) }
        guard let unit = recorder.unit, hasRules.withLock({ !$0 }) else { return }
        try RecordedRules(market: market, unit: unit).write(to: RecordedRules.path(plan))
        hasRules.withLock { $0 = true }
    }

    private static func append(
        _ bytes: [UInt8], _ now: Timestamp, _ state: inout (file: RecordingFile, total: Int, files: Int)
    ) throws(RecordingFailure) {
        let before = state.file.size
        try state.file.append(bytes, at: now)
        state.total += state.file.size - before
    }

    private func isFull(_ now: Timestamp) -> Bool {
        file.withLock { state in
            state.file.size >= plan.mostBytes || now.nanoseconds(since: state.file.startedAt) >= plan.longest
        }
    }

    private func turn(_ now: Timestamp) throws(RecordingFailure) {
        let bytes = try recorder.turn(at: now)
        let (size, aside) = try file.withLock { state throws(RecordingFailure) -> (Int, String?) in
            try Self.append(bytes, now, &state)
            state.files += 1
            return (state.file.size, try state.file.rotate(at: now))
        }
        guard let aside else { return }
        Terminal.clearStatus()
        Terminal.error("\(aside) is done, \(size / 1_000) kB; going on in \(plan.path)")
    }

    /// A new file of raw frames needs a book of its own, not older than its first change; an answer becomes one by itself.
    private struct Turning {
        var after: Int64?
    }

    private func hasBook(_ turning: Turning) async -> Bool {
        guard plan.exchange == .binance else { return true }
        guard let call = try? client.dialect.book(plan.symbol, limit: 1_000, []),
            let book = try? await client.perform(call), let sequence = book.sequence
        else { return false }
        return turning.after.map { sequence >= $0 } ?? true
    }

    // MARK: - Telling

    /// What is recorded, and where to.
    var greeting: String {
        "Recording \(plan.symbol) at \(client.dialect.name) to \(plan.path) (\(format)); Ctrl-C ends it."
    }

    private var format: String { plan.exchange == .binance ? "binance-raw" : "mme" }

    /// How it goes: a line that is always there on a terminal, elsewhere one now and then.
    private func tell(_ now: Timestamp) {
        if Terminal.isInteractive { return Terminal.status("\(plan.symbol): \(summary)") }
        let isDue = toldAt.withLock { last in
            guard now.nanoseconds(since: last) >= plan.progress else { return false }
            last = now
            return true
        }
        if isDue { Terminal.error("\(plan.symbol): \(summary)") }
    }

    private var summary: String {
        let counts = recorder.counts
        let bytes = file.withLock { $0.total }
        let unreadable = counts.unreadable == 0 ? "" : ", \(counts.unreadable) not understood"
        return "\(counts.messages) messages, \(bytes / 1_000) kB, \(counts.gaps) gaps\(unreadable)"
    }

    /// What was recorded, and how to use it.
    var farewell: String {
        let files = file.withLock { $0.files }
        guard recorder.counts.books > 0 else {
            return "Recorded no book of \(plan.symbol) (\(summary)): \(plan.path) cannot be backtested on."
        }
        return """
            Recorded \(plan.symbol): \(summary), in \(files == 1 ? plan.path : "\(files) files, the last \(plan.path)").
            mrmarket backtest --feed \(plan.path) --format \(format) --instrument \(plan.symbol) --rules \
            \(RecordedRules.path(plan)) …
            """
    }
}
