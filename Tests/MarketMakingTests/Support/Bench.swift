import Exchanges
import Persistence
import Scheduling
import Synchronization
import TestSupport
import TradingCore

@testable import MarketMaking

/// A server on a test exchange, with what most tests do first.
final class Bench {
    let exchange: TestExchange
    private(set) var server: TestServer
    private let place: DatabaseLocation
    /// The database beside which there is room for halts; nil: there is none.
    private let reservePath: String?

    init(
        _ place: DatabaseLocation, acceptanceWindow: Int64 = 0, time: any TimeSource = SystemTime(),
        reservePath: String? = nil
    ) async throws {
        self.place = place
        self.reservePath = reservePath
        exchange = TestExchange(TestInstrument.btc, time: time, acceptanceWindow: acceptanceWindow)
        server = try await TestServer(
            exchange, place, time: time, haltReserve: try reservePath.map { try HaltReserve(beside: $0) })
        try await reconciled()
    }

    /// Starts one strategy and waits for its four orders.
    func quote(_ body: String = TestInstrument.body()) async throws {
        _ = try await server.supervisor.startPureMarketMaking(body)
        exchange.market(bid: 5_999_900, ask: 6_000_100)
        try await server.wait("four orders rest") { [exchange] in exchange.open.count == 4 }
    }

    /// Kills the server and starts it again on the same database.
    func restart(waits: Bool = true, prepare: (ObservedDatabase) -> Void = { _ in }) async throws {
        await server.kill()
        exchange.state.withLock { state in
            (state.marketSinks, state.accountSinks) = ([:], [:])
        }
        server = try await TestServer(
            exchange, place, time: SystemTime(), haltReserve: try reservePath.map { try HaltReserve(beside: $0) },
            prepare: prepare)
        if waits { try await reconciled() }
    }

    private func reconciled() async throws {
        try await server.wait("reconciled") { [server] in await server.supervisor.isReconciled }
    }

    func end() async { await server.kill() }
}

/// Once on every engine that is here.
func withServer(acceptanceWindow: Int64 = 0, _ body: (Bench) async throws -> Void) async throws {
    for engine in DatabaseEngine.available {
        try await withTemporaryPlace(engine) { place in
            let bench = try await Bench(place, acceptanceWindow: acceptanceWindow)
            do { try await body(bench) } catch {
                await bench.end()
                throw error
            }
            await bench.end()
        }
    }
}
