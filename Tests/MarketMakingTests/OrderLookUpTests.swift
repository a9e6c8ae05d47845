import Exchanges
import Execution
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// Orders that are looked up after a break, several at a time.
@Suite struct OrderLookUpTests {
    /// Keeps whoever asks waiting until it is opened, and counts them.
    private final class Gate: Sendable {
        private struct State {
            var isOpen = false
            var waiting: [CheckedContinuation<Void, Never>] = []
            var asked: [ClientOrderID] = []
            var now = 0
            var most = 0
        }

        private let state = Mutex(State())

        var asked: [ClientOrderID] { state.withLock { $0.asked } }
        var now: Int { state.withLock { $0.now } }
        var most: Int { state.withLock { $0.most } }

        func pass(_ id: ClientOrderID) async {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    state.asked.append(id)
                    state.now += 1
                    state.most = max(state.most, state.now)
                    if !state.isOpen { state.waiting.append(continuation) }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
            state.withLock { $0.now -= 1 }
        }

        /// Lets one of those who wait go on, the last that came.
        func letOneGo() { state.withLock { $0.waiting.popLast() }?.resume() }

        func open() {
            let waiting = state.withLock { state in
                state.isOpen = true
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    private static func wait(_ what: String, _ isSo: () -> Bool) async throws {
        for _ in 0..<10_000 {
            if isSo() { return }
            try await ContinuousClock().sleep(for: .milliseconds(1))
        }
        throw TestTimeout(what: what)
    }

    private static func placed(_ ids: [ClientOrderID]) -> [ClientOrderID: Timestamp] {
        Dictionary(uniqueKeysWithValues: ids.map { ($0, .distantPast) })
    }

    @Test func `twenty are asked for eight at a time, in their order, and each gets its own answer`() async throws {
        let exchange = TestExchange(TestInstrument.btc, time: ManualTime())
        let gate = Gate()
        let ids = try (1...20).map { try #require(ClientOrderID(rawValue: 1 << 26 | UInt64($0))) }
        exchange.state.withLock { state in
            // Every third is not known.
            for (index, id) in ids.enumerated() where index % 3 != 0 {
                let request = OrderRequest(
                    id: id, side: .buy, price: Price(ticks: 1), quantity: Quantity(lots: Int64(index)))
                state.orders[id] = TestExchange.Order(request: request, status: .cancelled)
            }
            state.onLookUp = { await gate.pass($0) }
        }
        let lookUp = OrderLookUp(account: exchange, symbol: TestInstrument.btc.id.symbol)
        async let asking = lookUp.reports(of: Self.placed(ids))
        defer { gate.open() }
        try await Self.wait("eight are asked for") { gate.now == 8 }
        #expect(Set(gate.asked) == Set(ids.prefix(8)))
        // As one is answered, the next is asked for.
        for count in 9...12 {
            gate.letOneGo()
            try await Self.wait("one more is asked for") { gate.asked.count == count && gate.now == 8 }
            #expect(gate.asked.last == ids[count - 1])
        }
        gate.open()
        let reports = try await asking
        #expect(gate.most == 8)
        #expect(reports.count == 20)
        for (index, id) in ids.enumerated() {
            let report = try #require(reports[id])
            #expect((report == nil) == (index % 3 == 0))
            if let report { #expect(report.id == id && report.quantity.lots == Int64(index)) }
        }
    }

    @Test func `one that fails is told, and no more are asked for`() async throws {
        let exchange = TestExchange(TestInstrument.btc, time: ManualTime())
        exchange.state.withLock { $0.isReachable = false }
        let ids = try (1...20).map { try #require(ClientOrderID(rawValue: 1 << 26 | UInt64($0))) }
        let asked = Mutex(0)
        exchange.state.withLock { $0.onLookUp = { _ in asked.withLock { $0 += 1 } } }
        await #expect(throws: ConnectorError.self) {
            _ = try await OrderLookUp(account: exchange, symbol: TestInstrument.btc.id.symbol).reports(
                of: Self.placed(ids))
        }
        #expect(asked.withLock { $0 } <= OrderLookUp.width)
        #expect(try await OrderLookUp(account: exchange, symbol: TestInstrument.btc.id.symbol).reports(of: [:]).isEmpty)
    }

    @Test func `a start asks for all that are not listed at once`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let (exchange, gate) = (bench.exchange, Gate())
            defer { gate.open() }
            let resting = exchange.open.map(\.request.id)
            // They ended while nobody listened.
            exchange.state.withLock { state in
                for id in resting { state.orders[id]?.status = .cancelled }
                state.onLookUp = { await gate.pass($0) }
            }
            try await bench.restart(waits: false)
            try await bench.server.wait("all are asked for") { gate.now == 4 }
            gate.open()
            try await bench.server.wait("reconciled") { [server = bench.server] in
                await server.supervisor.isReconciled
            }
            let rows = try await bench.server.database.real.read { transaction in
                try transaction.rows("SELECT client_order_id FROM orders WHERE status = 'cancelled'").count
            }
            #expect(rows == 4)
        }
    }
}
