import Strategies
import Testing
import TradingCore

@testable import Execution

/// An exchange that does not cancel.
@Suite struct OverdueCancelTests {
    private static let second = Nanoseconds.seconds(1)

    @Test(arguments: [true, false])
    func `cancels go on every two seconds for as long as they fail, and those that had no effect are counted`(
        _ isAnswered: Bool
    ) throws {
        let plan = Plan([Quote(side: .buy, level: 0, price: Price(ticks: 9_990), quantity: Quantity(lots: 10))])
        let bench = try EngineBench(plan)
        bench.decide()
        let id = try #require(bench.orders.first?.id)
        bench.tell(.accepted(id))
        bench.engine.actions.removeAll()
        let begun = bench.now
        bench.engine.setState(.halted, of: bench.session.id, reason: .operatorCommand, now: bench.now)
        var sent: [Timestamp] = []
        for step in 0..<600 {
            let actions = bench.engine.actions
            bench.engine.actions.removeAll()
            for action in actions {
                switch action {
                case .cancel:
                    sent.append(bench.now)
                    bench.tell(isAnswered ? .cancelRejected(id, .refused) : .outcomeUnknown(id))
                // What the exchange shows when it is asked: it rests.
                case .query: bench.tell(.accepted(id))
                default: break
                }
            }
            let overdue = bench.engine.overdueCancels(at: bench.now, after: 5 * Self.second)
            #expect(overdue?.count == (step * 100 < 5_000 ? nil : 1), "after \(step * 100) ms")
            #expect(overdue.map { $0.since == begun } ?? true)
            bench.pass(milliseconds: 100)
        }
        let gaps = zip(sent.dropFirst(), sent).map { $0.nanoseconds(since: $1) }
        #expect(sent.count > 20)
        #expect(gaps.allSatisfy { $0 <= 3 * Self.second }, "\(gaps.map { $0 / Nanoseconds.perMillisecond })")
        // Not flooded, either.
        #expect(sent.count < 60)
        bench.tell(.cancelled(id))
        #expect(bench.engine.overdueCancels(at: bench.now, after: 5 * Self.second) == nil)
    }
}
