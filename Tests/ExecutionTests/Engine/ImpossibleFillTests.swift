import Strategies
import Testing
import TradingCore

@testable import Execution

/// Fills that an exchange tells of an order of ours and that cannot be that order's.
@Suite struct ImpossibleFillTests {
    /// What one fill says of an order of 1,000 lots at 9,990 (a bid) or 10,010 (an ask).
    struct Example: CustomTestStringConvertible {
        var side: Side
        var ticks: Int64
        var lots: Int64
        var mismatch: FillMismatch?
        var fee: (amount: FixedDecimal, asset: FeeAsset)?
        var testDescription: String { "\(side) of \(lots) at \(ticks)" }
    }

    static let examples = [
        Example(side: .buy, ticks: 9_990, lots: 1_000, mismatch: nil),
        Example(side: .buy, ticks: 1, lots: 1, mismatch: nil),
        Example(side: .buy, ticks: 9_991, lots: 1, mismatch: .price(limit: Price(ticks: 9_990))),
        Example(side: .buy, ticks: .max, lots: .max, mismatch: .price(limit: Price(ticks: 9_990))),
        Example(side: .buy, ticks: 9_990, lots: 1_001, mismatch: .quantity(left: Quantity(lots: 1_000))),
        Example(side: .buy, ticks: 9_990, lots: .max, mismatch: .quantity(left: Quantity(lots: 1_000))),
        Example(side: .buy, ticks: 0, lots: 1, mismatch: .nothing),
        Example(side: .buy, ticks: -9_990, lots: 1, mismatch: .nothing),
        Example(side: .buy, ticks: 9_990, lots: 0, mismatch: .nothing),
        Example(side: .buy, ticks: 9_990, lots: .min, mismatch: .nothing),
        Example(side: .sell, ticks: 10_010, lots: 1_000, mismatch: nil),
        Example(side: .sell, ticks: 1_000_000, lots: 1, mismatch: nil),
        Example(side: .sell, ticks: 10_009, lots: 1, mismatch: .price(limit: Price(ticks: 10_010))),
        Example(side: .sell, ticks: 10_010, lots: 1_001, mismatch: .quantity(left: Quantity(lots: 1_000))),
        Example(side: .sell, ticks: 0, lots: 1, mismatch: .nothing),
        Example(side: .sell, ticks: .max, lots: 1_000, mismatch: .absurd),
        Example(side: .buy, ticks: 9_990, lots: 1_000, mismatch: .absurd, fee: (FixedDecimal(raw: .max), .quote)),
        Example(side: .buy, ticks: 9_990, lots: 1_000, mismatch: .absurd, fee: (FixedDecimal(raw: .min), .base)),
        Example(side: .sell, ticks: 10_010, lots: 1_000, mismatch: .absurd, fee: (FixedDecimal(raw: .max), .other(0))),
        // Rounded up, of next to nothing.
        Example(side: .buy, ticks: 1, lots: 1, mismatch: nil, fee: (FixedDecimal(raw: 10_000_000_000), .base)),
    ]

    private func bench() throws -> (EngineBench, [OrderRequest]) {
        let bench = try EngineBench(Plan([bid(9_990), ask(10_010)]))
        return (bench, bench.settle())
    }

    @Test(arguments: examples)
    func `a fill that cannot be the order's is told of and not booked, at work as after the order's end`(
        _ example: Example
    ) throws {
        for hasEnded in [false, true] {
            let (bench, orders) = try bench()
            let order = try #require(orders.first { $0.side == example.side })
            if hasEnded {
                bench.engine.halt(0, .operatorCommand, bench.now)
                bench.tell(.cancelled(order.id))
            }
            _ = bench.take()
            var fill = bench.fill(order, lots: example.lots)
            fill.price = Price(ticks: example.ticks)
            if let fee = example.fee { (fill.fee, fill.feeAsset) = fee }
            bench.tell(.filled(fill))
            let isTold = bench.take().contains(.alert(.mismatchedFill(fill)))
            #expect(isTold == (example.mismatch != nil), "ended: \(hasEnded)")
            #expect(bench.engine.bookedFills.map(\.fill) == (example.mismatch == nil ? [fill] : []))
            #expect(bench.session.account.fillCount == (example.mismatch == nil ? 1 : 0))
            let bounds = FillBounds(side: order.side, limit: order.price, left: order.quantity)
            #expect(bounds.mismatch(fill, bench.engine.instrument.unit) == example.mismatch)
        }
    }

    @Test func `the fills of an order are never more than it, also where one comes after its end`() throws {
        let (bench, orders) = try bench()
        let order = try #require(orders.first)
        bench.tell(.filled(bench.fill(order, lots: 600)))
        let surplus = bench.fill(order, lots: 401)
        bench.tell(.filled(surplus))
        #expect(bench.orders.first { $0.id == order.id }?.remaining.lots == 400)
        bench.engine.halt(0, .operatorCommand, bench.now)
        bench.tell(.cancelled(order.id))
        bench.tell(.filled(bench.fill(order, lots: 300)))
        let late = bench.fill(order, lots: 101)
        bench.tell(.filled(late))
        let last = bench.fill(order, lots: 100)
        bench.tell(.filled(last))
        bench.tell(.filled(bench.fill(order, lots: 1)))
        // What was booked and is told again is no surplus.
        bench.tell(.filled(last))
        let refused = bench.take().compactMap { if case .alert(.mismatchedFill(let fill)) = $0 { fill } else { nil } }
        #expect(refused.map(\.quantity.lots) == [401, 101, 1])
        #expect(bench.session.account.position.lots == Int64(order.side.sign) * 1_000)
    }

    @Test func `of an order that was only ever listed, fills from before the listing are the order's`() throws {
        let bench = try EngineBench()
        try bench.add(1, Plan(), nextSequence: 900)
        let session = bench.session.id
        var ids = ClientOrderIDSource(installation: .bench, session: session, nextSequence: 5)
        let id = ids.required()
        let listed = ListedOrder(id: id, side: .buy, price: Price(ticks: 9_000), remaining: Quantity(lots: 10))
        bench.engine.openOrdersListed([listed], for: session, bench.book, now: bench.now)
        _ = bench.take()
        let request = OrderRequest(id: id, side: .buy, price: Price(ticks: 9_000), quantity: Quantity(lots: 50))
        bench.tell(.filled(bench.fill(request, lots: 40)))
        #expect(!bench.take().contains { if case .alert(.mismatchedFill) = $0 { true } else { false } })
        #expect(bench.session.account.position.lots == 40)
    }
}
