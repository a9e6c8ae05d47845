import Jobs
import TradingCore

/// What the desk does outside of its database, for the jobs that ask for it.
struct DeskHandlers {
    let network: PaymentNetwork
    let market: Market
    let runner: SagaRunner<Payout, PayoutInterpreter>
    let mutation: DeskMutation?

    var outside: [OutsideHandler] {
        let (network, market, runner, mutation) = (network, market, runner, mutation)
        var handlers = [
            OutsideHandler(SendPayment.self) { job, run, _ in
                let isFresh = mutation == .freshRequestID
                let id = isFresh ? "\(job.requestID)-\(run.id)-\(run.attempt)" : job.requestID
                let payment = PaymentNetwork.Payment(payout: job.payout, payee: job.payee, amount: job.amount)
                do {
                    // A request that was not answered is looked up; where nobody knows it, it is sent again as it was.
                    let known = run.attempt > 1 ? network.find(id) : nil
                    return Self.outcome(try known ?? network.pay(id, payment), of: job.payout, runner)
                } catch is RequestTimedOut where mutation == .timeoutTakenForRefusal {
                    return Self.outcome(.refused, of: job.payout, runner)
                }
            },
            OutsideHandler(RevokePayment.self) { job, _, _ in
                let payment = PaymentNetwork.Payment(payout: job.payout, payee: job.payee, amount: job.amount)
                return Self.outcome(try network.revoke(job.requestID, payment), of: job.payout, runner)
            },
            OutsideHandler(PlaceOrder.self) { job, _, _ in
                try market.place(job.order, job.amount)
                return .done
            },
            OutsideHandler(CancelOrder.self) { job, _, _ in
                try market.cancel(job.order)
                return .done
            },
        ]
        if mutation == .effectOutsideCompletion {
            handlers.append(
                OutsideHandler(StatementLine.self) { job, run, world in
                    try world.transact("line") {
                        try DeskLog(transaction: $0).add("effect", "\(run.id)", job.snapshot, Int64(run.attempt))
                    }
                    return .done
                })
        }
        return handlers
    }

    /// Tells the payout what the network says, in the transaction that completes the job.
    private static func outcome(
        _ answer: PaymentNetwork.Answer, of payout: String, _ runner: SagaRunner<Payout, PayoutInterpreter>
    ) -> OutsideOutcome {
        let event: Payout.Event
        switch answer {
        case .pending: return .snooze(.milliseconds(150))
        case .paid: event = .paid
        case .refused: event = .refused("by the network")
        }
        return .commit { transaction, now in
            try runner.send(
                event, eventID: event == .paid ? "paid" : "refused", to: payout, cause: "network", in: transaction,
                now: now)
        }
    }
}
