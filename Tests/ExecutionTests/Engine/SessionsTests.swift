import Scheduling
import Strategies
import Testing
import TradingCore

@testable import Execution

@Suite("Several sessions on one engine")
struct SessionsTests {
    @Test("never cross each other, also not an order on its way out")
    func noCross() throws {
        let (seller, buyer) = (Plan([ask(10_010)]), Plan([bid(10_010)]))
        let bench = try EngineBench()
        try bench.add(1, seller)
        try bench.add(2, buyer)
        #expect(bench.settle().map(\.side) == [.sell])
        #expect(bench.engine.sessions[1].refusals == [.ownOrderCross: 1])
        buyer.quotes = [bid(10_009)]
        #expect(bench.settle().map(\.price.ticks) == [10_009])
        seller.quotes = [ask(10_009)]
        bench.decide()
        let id = try #require(bench.orders.first?.id)
        #expect(bench.take() == [.cancel(id)])
        bench.tell(.cancelled(id))
        #expect(bench.takePlaced() == [])
        #expect(bench.engine.sessions[0].refusals == [.ownOrderCross: 1])
    }

    @Test("never spend each other's funds")
    func ownFunds() throws {
        let bench = try EngineBench()
        try bench.add(1, Plan([bid(9_990), bid(9_980, level: 1)]), quote: "150")
        try bench.add(2, Plan([bid(9_970)]), quote: "99.7")
        #expect(bench.settle().map(\.price.ticks) == [9_990, 9_970])
        #expect(bench.engine.sessions[0].refusals == [.insufficientBalance: 1])
        #expect(bench.engine.sessions[1].refusals == [:])
    }

    @Test("share the exchange's limit of open orders on the account")
    func openOrders() throws {
        var rules = EngineBench.rules
        rules.maximumOpenOrders = 3
        let bench = try EngineBench(rules: rules)
        try bench.add(1, Plan([bid(9_990), bid(9_980, level: 1)]))
        try bench.add(2, Plan([bid(9_970), bid(9_960, level: 1)]))
        #expect(bench.settle().map(\.price.ticks) == [9_990, 9_980, 9_970])
        #expect(bench.engine.sessions[1].refusals == [.openOrdersLimit: 1])
    }

    @Test("one in doubt or halted does not hold up the others")
    func independent() throws {
        let (one, two) = (Plan([bid(9_990)]), Plan())
        let bench = try EngineBench()
        try bench.add(1, one)
        try bench.add(2, two)
        bench.decide()
        let order = try #require(bench.takePlaced().first)
        bench.tell(.outcomeUnknown(order.id))
        two.quotes = [bid(9_980)]
        bench.decide()
        #expect(bench.takePlaced().map(\.price.ticks) == [9_980])
        bench.engine.setState(.halted, of: .bench, reason: .operatorCommand, now: bench.now)
        two.quotes = [bid(9_980), ask(10_020)]
        bench.decide()
        #expect(bench.takePlaced().map(\.price.ticks) == [10_020])
    }

    @Test(
        "what the exchange holds beyond tolerance in either asset is drift",
        arguments: [
            ("200" as FixedDecimal, "200000" as FixedDecimal, [FeeAsset]()),
            ("200.01", "200000", []), ("200.011", "200000", [FeeAsset.base]), ("199.99", "200000.01", []),
            ("199.98", "199999.98", [FeeAsset.base, .quote]),
        ])
    func drift(base: FixedDecimal, quote: FixedDecimal, drifted: [FeeAsset]) throws {
        let bench = try EngineBench()
        try bench.add(1, Plan())
        try bench.add(2, Plan())
        bench.engine.balancesReported(base: base, quote: quote, tolerance: "0.01")
        #expect(bench.take().alerts == drifted.map { .balanceDrift($0) })
        #expect(bench.engine.health.hasBalanceDrift == !drifted.isEmpty)
        bench.engine.balancesReported(base: "200", quote: "200000", tolerance: "0.01")
        #expect(!bench.engine.health.hasBalanceDrift)
    }
}
