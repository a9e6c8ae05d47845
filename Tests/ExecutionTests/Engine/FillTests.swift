import Strategies
import Testing
import TradingCore

@testable import Execution

/// Rows of the original server's bug list that this answers: H42, "fill-driven records".
@Suite("Fills")
struct FillTests {
    @Test("H42: an order that is cancelled unfilled leaves no volume, no fill, no position")
    func cancelledIsNotFilled() throws {
        let plan = Plan([bid(9_990)])
        let bench = try EngineBench(plan)
        let order = try #require(bench.settle().first)
        plan.quotes = []
        bench.decide()
        bench.tell(.cancelled(order.id))
        #expect(bench.session.account == PositionAccount())
        #expect(bench.engine.bookedFills == [])
    }

    @Test("H42: a fill told twice, or five times, is booked once")
    func duplicates() throws {
        let plan = Plan([bid(9_990)])
        let bench = try EngineBench(plan)
        let order = try #require(bench.settle().first)
        let fill = bench.fill(order, lots: 300, fee: "0.01")
        for _ in 0..<5 { bench.tell(.filled(fill)) }
        #expect(bench.session.account.fillCount == 1)
        #expect(bench.session.account.position.lots == 300)
        #expect(bench.session.account.quoteFees == raw("0.01"))
        #expect(plan.fills == [fill])
        #expect(bench.engine.bookedFills.map(\.fill) == [fill])
        #expect(bench.orders.map(\.remaining.lots) == [700])
    }

    @Test("H42: two orders of a session that trade with each other both book their fill")
    func selfTrade() throws {
        let bench = try EngineBench(Plan([bid(9_990), ask(10_010)]))
        let orders = bench.settle()
        for order in orders {
            var fill = bench.fill(order, lots: 100)
            fill.tradeID = 77
            bench.tell(.filled(fill))
        }
        #expect(bench.session.account.fillCount == 2)
        #expect(bench.session.account.position == .zero)
    }

    @Test("a fill before the acceptance counts, and the acceptance changes nothing more", arguments: [300, 1_000])
    func fillBeforeAcceptance(lots: Int64) throws {
        let plan = Plan([bid(9_990)])
        let bench = try EngineBench(plan)
        bench.decide()
        let order = try #require(bench.takePlaced().first)
        plan.keeps = true
        bench.tell(.filled(bench.fill(order, lots: lots)))
        bench.tell(.accepted(order.id))
        #expect(bench.take() == [])
        #expect(bench.orders.map(\.status) == (lots == 1_000 ? [] : [.open]))
        #expect(bench.session.account.position.lots == lots)
    }

    @Test("a fill after the cancellation is booked, alerted, and spends the session's funds")
    func fillAfterCancel() throws {
        let plan = Plan([bid(9_990)])
        let bench = try EngineBench(plan)
        let order = try #require(bench.settle().first)
        plan.hold = .noReferencePrice
        bench.decide()
        bench.tell(.cancelled(order.id))
        _ = bench.take()
        bench.tell(.filled(bench.fill(order, lots: 100)))
        #expect(bench.take() == [.alert(.fillOfUntracked(order.id))])
        #expect(bench.session.holdings == ("100.1", "99990.01"))
        #expect(bench.session.reservedQuote == 0)
    }

    @Test("a fill while the cancel is on its way leaves the order leaving")
    func fillDuringCancel() throws {
        let plan = Plan([bid(9_990)])
        let bench = try EngineBench(plan)
        let order = try #require(bench.settle().first)
        plan.hold = .noReferencePrice
        bench.decide()
        bench.tell(.filled(bench.fill(order, lots: 100)))
        #expect(bench.orders.map(\.status) == [.cancelling])
        bench.tell(.filled(bench.fill(order, lots: 900)))
        #expect(bench.orders == [])
        bench.tell(.cancelRejected(order.id, .unknownOrder))
        #expect(bench.take().queried == [])
        #expect(bench.session.reservedQuote == 0)
    }

    @Test(
        "fees leave the holdings in the asset they were taken in",
        arguments: [
            (FeeAsset.base, "100.999" as FixedDecimal, "99900.1" as FixedDecimal), (.quote, "101", "99900.099"),
            (.other(0), "101", "99900.1"),
        ])
    func fees(asset: FeeAsset, base: FixedDecimal, quote: FixedDecimal) throws {
        let bench = try EngineBench(Plan([bid(9_990)]))
        let order = try #require(bench.settle().first)
        bench.tell(.filled(bench.fill(order, fee: "0.001", in: asset)))
        #expect(bench.session.holdings == (base, quote))
    }

    @Test("a better price than the order's frees what it leaves over")
    func priceImprovement() throws {
        let plan = Plan([bid(9_990)])
        plan.keeps = false
        let bench = try EngineBench(plan)
        let order = try #require(bench.settle().first)
        plan.keeps = true
        var fill = bench.fill(order)
        fill.price = Price(ticks: 9_000)
        bench.tell(.filled(fill))
        #expect(bench.session.reservedQuote == 0)
        #expect(bench.session.holdings.quote == "99910")
    }

    @Test("the memory of fills holds the last 1,024 and then forgets the oldest")
    func memory() throws {
        var memory = FillMemory()
        var ids = ClientOrderIDSource(installation: .bench, session: .bench)
        let order = ids.required()
        func fill(_ trade: UInt64) -> Fill {
            Fill(
                tradeID: trade, orderID: order, side: .buy, price: Price(ticks: 1), quantity: Quantity(lots: 1),
                liquidity: .maker, fee: .zero, feeAsset: .quote, time: EngineBench.start)
        }
        func isNew(_ trade: UInt64) -> Bool {
            if memory.contains(fill(trade)) { return false }
            memory.note(fill(trade))
            return true
        }
        for trade in 0..<1_024 {
            let isUnseen = isNew(UInt64(trade))
            #expect(isUnseen)
        }
        // The newest pushes the oldest out.
        let answers = [0, 1_024, 0, 1_024].map { isNew($0) }
        #expect(answers == [false, true, true, false])
    }
}
