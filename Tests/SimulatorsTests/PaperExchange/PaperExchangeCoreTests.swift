import Execution
import Foundation
import Scheduling
import Testing
import TradingCore

@testable import Simulators

@Suite struct PaperExchangeCoreTests {
    /// A script of commands at times, made from a seed: places around the touch, cancels of earlier ones.
    private struct Script {
        var steps: [(time: Timestamp, command: PaperCommand)] = []

        init(seed: UInt64, genesis: Timestamp, seconds: Int64) {
            var random = SplitMix64(seed: seed)
            var ids = ClientOrderIDSource(installation: .first, session: .first)
            var placed: [(ClientOrderID, Symbol)] = []
            let symbols = ["BTC/USDT", "ETH/USDT"].compactMap { Symbol($0) }
            var now = genesis.advanced(byNanoseconds: Nanoseconds.seconds(1))
            while now < genesis.advanced(byNanoseconds: Nanoseconds.seconds(seconds)) {
                now = now.advanced(byNanoseconds: Int64(random.next() % 300_000_000))
                if random.next() % 3 == 0, !placed.isEmpty {
                    let (id, symbol) = placed.remove(at: Int(random.next() % UInt64(placed.count)))
                    steps.append((now, PaperCommand(account: "default", symbol: symbol, action: .cancel(id))))
                } else if let id = ids.next() {
                    let symbol = symbols[Int(random.next() % 2)]
                    let side: Side = random.next() % 2 == 0 ? .buy : .sell
                    let away = Int64(random.next() % 4_000)
                    let price = MarketGeneratorConfiguration.liquid.startPrice.ticks - side.sign * away
                    let request = OrderRequest(
                        id: id, side: side, price: Price(ticks: price), quantity: Quantity(lots: 1_000_000))
                    placed.append((id, symbol))
                    steps.append((now, PaperCommand(account: "default", symbol: symbol, action: .place(request))))
                }
            }
        }
    }

    private static let genesis = Timestamp(nanoseconds: 1_760_000_000_000_000_000)
    private static let configuration = PaperExchangeConfiguration.generated(seed: 11, bases: ["BTC", "ETH"])

    /// Runs a script, `step` saying how far time moves at once; at `restart` the state goes through bytes.
    private func run(
        _ script: Script, step: (inout SplitMix64) -> Int64, restartAfter: Int? = nil
    ) throws -> (events: [String], state: Data) {
        var core = try PaperExchangeCore(Self.configuration, genesis: Self.genesis)
        var random = SplitMix64(seed: 99)
        var events: [String] = []
        for (number, (time, command)) in script.steps.enumerated() {
            var outcome = PaperExchangeCore.Outcome()
            while core.now < time {
                let next = core.now.advanced(byNanoseconds: step(&random))
                try core.advance(to: min(next, time), shows: false, into: &outcome)
            }
            core.apply(command, into: &outcome)
            events += outcome.account.map { "\($0.symbol) \($0.event)" }
            if number == restartAfter {
                let bytes = try JSONEncoder().encode(core.state)
                let state = try JSONDecoder().decode(PaperExchangeState.self, from: bytes)
                let history = core.history
                core = try PaperExchangeCore(Self.configuration, genesis: Self.genesis, restoring: state)
                core.history = history
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var state = core.state
        for symbol in state.markets.keys {
            // How the market was read in batches differs; what it does next is in the book and the events.
            state.markets[symbol]?.feed.generated = nil
            state.markets[symbol]?.feed.next = 0
            state.markets[symbol]?.feed.recordsBefore = 0
        }
        return (events, try encoder.encode(state))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `the same commands at the same times give the same outcome, however time is stepped`(_ seed: UInt64) throws {
        let script = Script(seed: seed, genesis: Self.genesis, seconds: 60)
        let whole = try run(script) { _ in Nanoseconds.seconds(10) }
        let fine = try run(script) { random in 1 + Int64(random.next() % 40_000_000) }
        #expect(whole.events.contains { $0.contains("filled") })
        #expect(whole.events == fine.events)
        #expect(whole.state == fine.state)
    }

    @Test(arguments: [4, 5, 6] as [UInt64])
    func `a state that went through bytes goes on as if nothing had been`(_ seed: UInt64) throws {
        let script = Script(seed: seed, genesis: Self.genesis, seconds: 60)
        let whole = try run(script) { _ in Nanoseconds.seconds(1) }
        for restart in [0, script.steps.count / 3, script.steps.count / 2] {
            let broken = try run(script, step: { _ in Nanoseconds.seconds(1) }, restartAfter: restart)
            #expect(whole.events == broken.events)
            #expect(whole.state == broken.state)
        }
    }
}
