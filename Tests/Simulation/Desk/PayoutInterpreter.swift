import Jobs
import Ledger
import TradingCore

/// What a payout's commands are in jobs, messages and entries.
struct PayoutInterpreter: SagaInterpreter {
    func effects(of command: Payout.Command, key: SagaCommandKey, now: Timestamp) throws -> [SagaEffect] {
        let id = key.sagaID
        switch command {
        case .lock(let state):
            let step = LedgerStep.reserve(
                from: try LedgerAccount(path: state.source), to: try DeskMoney.network(), FixedDecimal(state.amount))
            return [post(DeskMoney.payoutLock(id).key, step, now)]
        case .pay(let state): return [.job(try job(SendPayment(id, state), key))]
        case .revoke(let state): return [.job(try job(RevokePayment(id, state), key))]
        case .settle: return [post("payout:\(id):settle", .postWhole(DeskMoney.payoutLock(id)), now)]
        case .giveBack: return [post("payout:\(id):back", .void(DeskMoney.payoutLock(id)), now)]
        case .tell(let state, let text):
            return [
                .message(
                    topic: "notices", key: state.payee, name: "payout \(id)", payload: Array("\(id) \(text)".utf8))
            ]
        }
    }

    private func job(_ arguments: some JobArguments, _ key: SagaCommandKey) throws -> NewJob {
        var job = try NewJob(arguments)
        job.options.id = "\(key)"
        return job
    }

    private func post(_ key: String, _ step: LedgerStep, _ now: Timestamp) -> SagaEffect {
        .transact { transaction in
            try LedgerStore(transaction: transaction).apply(LedgerPosting(key: key, step), now: now)
        }
    }
}
