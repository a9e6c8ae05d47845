import Strategies
import Testing
import TradingCore

@testable import Execution

/// Rows of the original server's bug list that this answers: H32, "never add risk while own open orders are unknown".
@Suite("Unknown outcomes")
struct UnknownOutcomeTests {
    /// A bench whose one order's placing got no answer, and that order.
    private func inDoubt(_ plan: Plan = Plan([bid(9_990)])) throws -> (EngineBench, OrderRequest) {
        let bench = try EngineBench(plan)
        bench.decide()
        let order = try #require(bench.takePlaced().first)
        bench.tell(.outcomeUnknown(order.id))
        #expect(bench.take() == [.query(order.id)])
        #expect(bench.session.hasUnknownOrders)
        return (bench, order)
    }

    @Test("H32: nothing is placed while an order of the session may or may not exist")
    func nothingMeanwhile() throws {
        let plan = Plan([bid(9_990)])
        let (bench, order) = try inDoubt(plan)
        plan.quotes = [bid(9_980, level: 1), bid(9_990), ask(10_010)]
        for _ in 0..<3 { bench.decide() }
        #expect(bench.takePlaced() == [])
        #expect(bench.session.refusals == [.ownOrdersUnknown: 6])
        bench.tell(.accepted(order.id))
        #expect(bench.takePlaced().map(\.price.ticks) == [9_980, 10_010], "resumes with the answer")
    }

    @Test("H32: a cancel sent into the doubt does not end it")
    func cancelDoesNotEndDoubt() throws {
        let plan = Plan([bid(9_990)])
        let (bench, order) = try inDoubt(plan)
        plan.hold = .externalPrice
        bench.decide()
        #expect(bench.take() == [.cancel(order.id)])
        plan.hold = nil
        plan.quotes = [ask(10_010)]
        bench.decide()
        #expect(bench.takePlaced() == [])
        bench.tell(.cancelRejected(order.id, .unknownOrder))
        #expect(bench.take() == [.query(order.id)], "unknown to the exchange is not known to be gone")
        #expect(bench.session.reservedQuote > 0)
        bench.tell(.notFound(order.id))
        #expect(bench.takePlaced().map(\.side) == [.sell])
        #expect(bench.session.reservedQuote == 0)
    }

    enum Fate: CaseIterable { case accepted, filled, neverExisted, rejected, partlyFilled, cancelled, expired }

    @Test("H32: every fate of an order whose answer was lost frees exactly what it left", arguments: Fate.allCases)
    func fates(_ fate: Fate) throws {
        let plan = Plan([bid(9_990)])
        plan.decidesOnFills = false
        let (bench, order) = try inDoubt(plan)
        plan.quotes = []
        plan.keeps = true
        let (remaining, filled): (Int64, Int64)
        switch fate {
        case .accepted:
            bench.tell(.accepted(order.id))
            (remaining, filled) = (1_000, 0)
        case .filled:
            bench.tell(.filled(bench.fill(order)))
            (remaining, filled) = (0, 1_000)
        case .partlyFilled:
            bench.tell(.filled(bench.fill(order, lots: 300)))
            (remaining, filled) = (700, 300)
        case .neverExisted:
            bench.tell(.notFound(order.id))
            (remaining, filled) = (0, 0)
        case .rejected:
            bench.tell(.rejected(order.id, .insufficientBalance))
            (remaining, filled) = (0, 0)
        case .cancelled:
            bench.tell(.cancelled(order.id))
            (remaining, filled) = (0, 0)
        case .expired:
            bench.tell(.expired(order.id, .selfTradePrevention))
            (remaining, filled) = (0, 0)
        }
        let unit = bench.engine.instrument.unit
        #expect(!bench.session.hasUnknownOrders)
        #expect(bench.session.reservedQuote == unit.notional(order.price, Quantity(lots: remaining)).raw)
        #expect(bench.session.account.position.lots == filled)
        #expect(bench.orders.count == (remaining > 0 ? 1 : 0))
        #expect(!bench.take().alerts.contains { if case .impossibleUpdate = $0 { true } else { false } })
    }

    @Test("H32: a fill long after the order was given up is booked, and told")
    func lateFill() throws {
        let (bench, order) = try inDoubt()
        bench.tell(.notFound(order.id))
        bench.pass(milliseconds: 60_000)
        _ = bench.take()
        bench.tell(.filled(bench.fill(order, lots: 400)))
        #expect(bench.session.account.position.lots == 400)
        #expect(bench.session.holdings.base == "100.4")
        #expect(bench.take().alerts == [.fillOfUntracked(order.id)])
    }

    @Test("silence becomes a question after the answer's time")
    func silence() throws {
        let bench = try EngineBench(Plan([bid(9_990)]))
        bench.decide()
        let order = try #require(bench.takePlaced().first)
        bench.pass(milliseconds: 4_999)
        #expect(bench.take() == [])
        #expect(!bench.session.hasUnknownOrders)
        bench.pass(milliseconds: 1)
        #expect(bench.take() == [.query(order.id)])
        #expect(bench.session.hasUnknownOrders)
    }

    @Test("questions come after 1, 2, 4 … seconds, at most a minute apart, whatever is lost")
    func questionsBackOff() throws {
        let (bench, order) = try inDoubt()
        var gaps: [Int64] = []
        var last = bench.now
        while gaps.count < 9 {
            bench.pass(milliseconds: 500)
            if bench.take().queried == [order.id] {
                gaps.append(bench.now.nanoseconds(since: last) / Nanoseconds.perSecond)
                last = bench.now
                bench.tell(.outcomeUnknown(order.id))
            }
        }
        #expect(gaps == [1, 2, 4, 8, 16, 32, 60, 60, 60])
    }

    @Test("an order that is known to rest loses nothing when an answer gets lost")
    func answerLostAfterAcceptance() throws {
        let bench = try EngineBench(Plan([bid(9_990)]))
        let order = try #require(bench.settle().first)
        bench.tell(.outcomeUnknown(order.id))
        #expect(bench.take() == [])
        #expect(bench.orders.map(\.status) == [.open])
    }

    @Test("that no answer came does not count as word from the account")
    func silenceIsNoWord() throws {
        let bench = try EngineBench(Plan([bid(9_990)]))
        bench.decide()
        let order = try #require(bench.takePlaced().first)
        bench.tell(.outcomeUnknown(order.id))
        #expect(bench.engine.health.lastAccountData == .distantPast)
        bench.tell(.accepted(order.id))
        #expect(bench.engine.health.lastAccountData == bench.now)
    }

    // MARK: - Cancels

    @Test("H32: a cancel refused as unknown frees neither slot nor funds before the order's fate is known")
    func cancelOfUnknown() throws {
        let plan = Plan([bid(9_990)])
        let bench = try EngineBench(plan)
        let order = try #require(bench.settle().first)
        let held = bench.session.reservedQuote
        plan.quotes = [bid(9_980)]
        bench.decide()
        _ = bench.take()
        bench.tell(.cancelRejected(order.id, .unknownOrder))
        #expect(bench.take() == [.query(order.id)])
        #expect(bench.session.reservedQuote == held)
        bench.tell(.filled(bench.fill(order)))
        #expect(bench.takePlaced().map(\.price.ticks) == [9_980])
        #expect(bench.session.account.position.lots == 1_000)
    }

    @Test("H32: a cancel that got lost is sent again when the order is found to rest")
    func lostCancel() throws {
        let plan = Plan([bid(9_990)])
        let bench = try EngineBench(plan)
        let order = try #require(bench.settle().first)
        plan.hold = .externalPrice
        bench.decide()
        #expect(bench.take() == [.cancel(order.id)])
        bench.pass(milliseconds: 5_000)
        #expect(bench.take() == [.query(order.id)])
        bench.tell(.accepted(order.id))
        #expect(bench.take() == [.cancel(order.id)])
        bench.tell(.cancelled(order.id))
        #expect(bench.orders == [])
    }

    /// Whatever is asked meanwhile gets no answer either.
    @Test(
        "a cancel whose answer is lost is sent again and again, whether or not look-ups are answered",
        arguments: [true, false])
    func cancelOfNoAnswer(tells: Bool) throws {
        let plan = Plan([bid(9_990)])
        let bench = try EngineBench(plan)
        let order = try #require(bench.settle().first)
        let held = bench.session.reservedQuote
        plan.hold = .externalPrice
        bench.decide()
        #expect(bench.take() == [.cancel(order.id)])
        var gaps: [Int64] = []
        var last = bench.now
        if tells { bench.tell(.outcomeUnknown(order.id)) }
        while gaps.count < 8 {
            bench.pass(milliseconds: 50)
            let actions = bench.take()
            guard actions.cancelled == [order.id] else { continue }
            gaps.append(bench.now.nanoseconds(since: last) / Nanoseconds.perMillisecond)
            last = bench.now
            if tells { bench.tell(.outcomeUnknown(order.id)) }
        }
        // Nobody says that no answer came: then it is waited for five seconds each time.
        let waits: [Int64] = [250, 500, 1_000, 2_000, 2_000, 2_000, 2_000, 2_000]
        #expect(gaps == waits.map { tells ? $0 : $0 + 5_000 })
        #expect(bench.session.reservedQuote == held)
        bench.tell(.cancelled(order.id))
        #expect(bench.orders == [])
        bench.pass(milliseconds: 60_000)
        #expect(bench.take().cancelled == [])
    }

    @Test("a cancel that overtook its order is sent again")
    func overtakingCancel() throws {
        let plan = Plan([bid(9_990)])
        let bench = try EngineBench(plan)
        bench.decide()
        let order = try #require(bench.takePlaced().first)
        plan.hold = .externalPrice
        bench.decide()
        #expect(bench.take() == [.cancel(order.id)])
        bench.tell(.cancelRejected(order.id, .unknownOrder))
        #expect(bench.take() == [.query(order.id)])
        bench.tell(.accepted(order.id))
        #expect(bench.take() == [.cancel(order.id)])
    }

    @Test("the acceptance of an order being cancelled is no reason to cancel it twice")
    func acceptanceDuringCancel() throws {
        let plan = Plan([bid(9_990)])
        let bench = try EngineBench(plan)
        bench.decide()
        let order = try #require(bench.takePlaced().first)
        bench.engine.stop(.bench, now: bench.now)
        #expect(bench.take() == [.cancel(order.id)])
        bench.tell(.accepted(order.id))
        #expect(bench.take() == [])
    }

    @Test(
        "an exchange that will not cancel is asked ever more rarely, and every two seconds at least",
        arguments: [false, true])
    func refusedCancels(saysUnknown: Bool) throws {
        let plan = Plan([bid(9_990)])
        let bench = try EngineBench(plan)
        let order = try #require(bench.settle().first)
        plan.hold = .externalPrice
        bench.decide()
        var cancels = bench.take().cancelled.count
        for _ in 0..<6_000 {
            bench.pass(milliseconds: 10)
            let actions = bench.take()
            cancels += actions.cancelled.count
            if !actions.cancelled.isEmpty || cancels == 1 {
                if saysUnknown {
                    bench.tell([.cancelRejected(order.id, .unknownOrder), .accepted(order.id)])
                } else {
                    bench.tell(.cancelRejected(order.id, .refused))
                }
            }
        }
        #expect((30...36).contains(cancels), "\(cancels) cancels in a minute")
    }

    @Test("an open order missing from the exchange's list is asked about until an answer comes")
    func missingFromList() throws {
        let bench = try EngineBench(Plan([bid(9_990)]))
        let order = try #require(bench.settle().first)
        try bench.listed([])
        #expect(bench.take() == [.query(order.id)])
        bench.pass(milliseconds: 3_000)
        #expect(bench.take().queried == [order.id, order.id])
        bench.tell(.accepted(order.id))
        bench.pass(milliseconds: 60_000)
        #expect(bench.take() == [])
    }
}
