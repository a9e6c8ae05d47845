import Strategies
import Testing
import TradingCore

@testable import Execution

/// Rows of the original server's bug list that this answers: H31 and D24, "own order ids only; status from the exchange".
@Suite("Stopping and foreign orders")
struct StopTests {
    private let first = SessionID.bench

    private func foreign(_ installation: UInt8, _ session: UInt16, _ sequence: UInt32) throws -> ClientOrderID {
        var ids = ClientOrderIDSource(
            installation: try #require(InstallationID(installation)), session: try #require(SessionID(session)),
            nextSequence: sequence)
        return ids.required()
    }

    private func listed(_ id: ClientOrderID) -> ListedOrder {
        ListedOrder(id: id, side: .sell, price: Price(ticks: 10_500), remaining: Quantity(lots: 10))
    }

    @Test("H31: stopping cancels the session's own orders, one by one, by their ids")
    func stopCancelsOwn() throws {
        let bench = try EngineBench(Plan([bid(9_990), bid(9_980, level: 1), ask(10_010)]))
        let orders = bench.settle()
        bench.engine.stop(first, now: bench.now)
        #expect(bench.take() == orders.map { .cancel($0.id) })
    }

    @Test("H31 D24: events and open orders of others are neither counted nor cancelled")
    func foreignOrders() throws {
        let bench = try EngineBench(Plan([bid(9_990)]))
        _ = bench.settle()
        let before = bench.session
        // Another server's, another session's, one that this session has not come to yet.
        for id in [try foreign(1, 1, 0), try foreign(0, 2, 0), try foreign(0, 1, 5)] {
            let request = OrderRequest(
                id: id, side: .buy, price: Price(ticks: 9_990), quantity: Quantity(lots: 1_000))
            bench.tell([
                .accepted(id), .filled(bench.fill(request)), .cancelled(id), .rejected(id, .insufficientBalance),
                .outcomeUnknown(id), .cancelRejected(id, .unknownOrder), .notFound(id),
                .expired(id, .immediateRemainder),
            ])
            try bench.listed(
                [listed(id)]
                    + before.orders.map {
                        ListedOrder(id: $0.id, side: $0.side, price: $0.price, remaining: $0.remaining)
                    })
        }
        #expect(bench.take() == [])
        #expect(bench.session.orders == before.orders)
        #expect(bench.session.account == before.account)
        #expect(bench.session.holdings == before.holdings)
        bench.engine.stop(first, now: bench.now)
        #expect(bench.take().cancelled == before.orders.map(\.id))
    }

    @Test("D24: a session has stopped only when the exchange's own list shows nothing of it")
    func verified() throws {
        let bench = try EngineBench(Plan([bid(9_990)]))
        let order = try #require(bench.settle().first)
        bench.engine.stop(first, now: bench.now)
        _ = bench.take()
        #expect(bench.session.phase == .stopping)
        try bench.listed([])
        #expect(bench.session.phase == .stopping, "a list does not overrule an order that has not ended")
        _ = bench.take()
        bench.tell(.cancelled(order.id))
        #expect(bench.session.phase == .verifying)
        #expect(bench.take() == [.listOpenOrders(first)])
        bench.pass(milliseconds: 5_000)
        #expect(bench.take() == [.listOpenOrders(first)], "asked again when the answer is overdue")
        try bench.listed([listed(try foreign(1, 1, 0))])
        #expect(bench.session.phase == .stopped)
        #expect(bench.take() == [.alert(.stopped(first))])
        #expect(bench.engine.nextWake == .distantFuture)
    }

    @Test("late answers keep a stop waiting, and everything that comes meanwhile is booked")
    func lateAnswers() throws {
        let bench = try EngineBench(Plan([bid(9_990), ask(10_010)]))
        bench.decide()
        let orders = bench.takePlaced()
        bench.engine.stop(first, now: bench.now)
        #expect(bench.take().cancelled == orders.map(\.id))
        bench.tell(.outcomeUnknown(orders[0].id))
        bench.tell(.accepted(orders[1].id))
        bench.pass(milliseconds: 30_000)
        #expect(bench.session.phase == .stopping)
        bench.tell(.filled(bench.fill(orders[0], lots: 600)))
        bench.tell(.cancelled(orders[0].id))
        #expect(bench.session.phase == .stopping)
        bench.tell(.filled(bench.fill(orders[1])))
        #expect(bench.session.phase == .verifying)
        #expect(bench.session.account.position.lots == -400)
        try bench.listed([])
        #expect(bench.session.phase == .stopped)
    }

    @Test("an order that should not be there is adopted, cancelled, and the proof begins again")
    func adopted() throws {
        let bench = try EngineBench()
        try bench.add(1, Plan(), nextSequence: 100)
        bench.engine.stop(first, now: bench.now)
        #expect(bench.take() == [.listOpenOrders(first)])
        let id = try foreign(0, 1, 42)
        try bench.listed([listed(id)])
        #expect(bench.session.phase == .stopping)
        #expect(bench.take() == [.cancel(id)])
        #expect(bench.session.reservedBase == raw("0.01"))
        bench.tell(.cancelled(id))
        #expect(bench.take() == [.listOpenOrders(first)])
        try bench.listed([])
        #expect(bench.session.phase == .stopped)
        #expect(bench.session.reservedBase == 0)
    }

    @Test("after a restart, orders of the session's earlier life are cancelled while it runs")
    func adoptedWhileRunning() throws {
        let bench = try EngineBench()
        try bench.add(1, Plan([bid(9_990)]), nextSequence: 100)
        let own = try #require(bench.settle().first)
        #expect(own.id.sequence == 100)
        let id = try foreign(0, 1, 99)
        try bench.listed([
            listed(id), ListedOrder(id: own.id, side: .buy, price: own.price, remaining: own.quantity),
        ])
        #expect(bench.take() == [.cancel(id)])
        #expect(bench.session.phase == .running)
    }

    @Test("H36: an order that was said to be refused and shows itself after all is cancelled, and a stop waits for it")
    func refusedButThere() throws {
        let bench = try EngineBench(Plan([bid(9_990)]))
        bench.decide()
        let order = try #require(bench.takePlaced().first)
        bench.tell(.rejected(order.id, .other))
        _ = bench.take()
        bench.tell(.accepted(order.id))
        #expect(bench.take().contains(.cancel(order.id)))
        bench.engine.stop(first, now: bench.now)
        _ = bench.take()
        try bench.listed([listed(order.id)])
        #expect(bench.take().contains(.cancel(order.id)))
        #expect(bench.session.phase == .stopping)
        bench.tell(.cancelled(order.id))
        _ = bench.take()
        try bench.listed([])
        #expect(bench.session.phase == .stopped)
    }

    @Test("a list made before an order's end neither brings it back nor proves that nothing is open")
    func outdatedList() throws {
        let bench = try EngineBench(Plan([bid(9_990)]))
        let order = try #require(bench.settle().first)
        bench.engine.stop(first, now: bench.now)
        bench.tell(.filled(bench.fill(order)))
        _ = bench.take()
        try bench.listed([listed(order.id)])
        #expect(bench.session.phase == .verifying)
        #expect(bench.take() == [])
        bench.pass(milliseconds: 5_000)
        #expect(bench.take() == [.listOpenOrders(first)])
        try bench.listed([])
        #expect(bench.session.phase == .stopped)
    }

    @Test("an order found open after the stop sends the session back to stopping")
    func foundAfterStop() throws {
        let bench = try EngineBench()
        try bench.add(1, Plan(), nextSequence: 100)
        bench.engine.stop(first, now: bench.now)
        try bench.listed([])
        #expect(bench.session.phase == .stopped)
        _ = bench.take()
        let id = try foreign(0, 1, 42)
        try bench.listed([listed(id)])
        #expect(bench.session.phase == .stopping)
        bench.tell(.cancelled(id))
        try bench.listed([])
        #expect(bench.session.phase == .stopped)
    }

    @Test("a stopping session places nothing, whatever happens")
    func nothingAfterStop() throws {
        let plan = Plan([bid(9_990)])
        plan.watches = true
        let bench = try EngineBench(plan)
        let order = try #require(bench.settle().first)
        bench.engine.stop(first, now: bench.now)
        bench.tell(.filled(bench.fill(order, lots: 10)))
        bench.tell(.cancelled(order.id))
        bench.market(9_900, 9_902)
        bench.engine.setState(.active, of: first, reason: nil, now: bench.now)
        bench.engine.marketLost(now: bench.now)
        bench.engine.marketRecovered(now: bench.now)
        bench.pass(milliseconds: 20_000)
        #expect(bench.takePlaced() == [])
        #expect(bench.session.orderCount == 1)
    }
}
