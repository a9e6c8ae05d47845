import Jobs
import TradingCore

/// A deposit as the payment network tells of it. Amounts are whole units of one asset.
struct Deposit: Codable, Hashable, Sendable {
    let snapshotID: String
    let payer: String
    let amount: Int64
}

/// An order in miniature: a customer pays in one or more deposits until the price is reached, the whole is withdrawn to
/// the exchange, and when that is refused, or time is up, every deposit goes back to its payer.
struct FundingSaga: Saga {
    struct State: SagaState, Hashable {
        enum Step: String, CaseIterable, Codable {
            case awaitingPayment, funding, refunding
            case running, closed
        }

        var step: Step
        let price: Int64
        let payBy: Timestamp
        var deposits: [Deposit] = []
        /// Made when the withdrawal is decided, and stored with the decision: every attempt uses it.
        var requestID: String?
        /// When to ask again what became of the withdrawal.
        var askAt: Timestamp?
        /// Whose refunds have not arrived yet, by snapshot.
        var refunding: [String] = []

        var paid: Int64 { deposits.reduce(0) { $0 + $1.amount } }
    }

    enum Event: Codable, Hashable, Sendable {
        case deposited(Deposit)
        case fundingConfirmed
        case fundingRefused
        case refundConfirmed(snapshotID: String)
        case deadline
    }

    enum Command: Hashable, Sendable {
        case credit(Deposit)
        /// Pays one deposit back, for ever under one request id.
        case refund(Deposit, isCredited: Bool)
        case withdraw(requestID: String, amount: Int64)
        /// Looks what became of a request; nobody has told.
        case ask(requestID: String)
    }

    static let kind = "test.funding"
    static let deadlineEvent = Event.deadline
    static let transitions = SagaTransitions<State.Step>(
        [
            .awaitingPayment: [.awaitingPayment, .funding, .refunding, .closed],
            .funding: [.funding, .running, .refunding],
            .refunding: [.refunding, .closed],
            // What comes too late goes back without waking the order.
            .running: [.running],
            .closed: [.closed],
        ], final: [.running, .closed])

    static let askInterval = Nanoseconds.seconds(600)

    func deadline(of state: State) -> Timestamp? {
        switch state.step {
        case .awaitingPayment: state.payBy
        case .funding: state.askAt
        case .refunding, .running, .closed: nil
        }
    }

    func handle(_ event: Event, state: State, now: Timestamp) -> Transition<State, Command> {
        switch (state.step, event) {
        case (.awaitingPayment, .deposited(let deposit)): return take(deposit, state, now)
        case (_, .deposited(let deposit)):
            // Its own disposition, whatever became of the others. The state forgets it: the desk's row has it.
            return .move(to: state, commands: [.refund(deposit, isCredited: false)])
        case (.awaitingPayment, .deadline): return giveBack(state)
        case (.funding, .fundingConfirmed):
            var next = state
            next.step = .running
            return .move(to: next)
        case (.funding, .fundingRefused): return giveBack(state)
        case (.funding, .deadline):
            // Time is up, and nobody knows. That is no refusal: ask, and wait on.
            guard let requestID = state.requestID else { return .park("a withdrawal without a request id") }
            var next = state
            next.askAt = now.advanced(byNanoseconds: Self.askInterval)
            return .move(to: next, commands: [.ask(requestID: requestID)])
        case (.refunding, .refundConfirmed(let snapshotID)): return refunded(snapshotID, state)
        case (.running, .refundConfirmed), (.closed, .refundConfirmed), (.funding, .refundConfirmed):
            return .ignore("a deposit that came too late is back with its payer")
        case (.running, .fundingConfirmed), (.closed, .fundingRefused): return .ignore("known")
        case (_, .deadline): return .ignore("nothing waits for a moment here")
        default: return .park("\(event) at \(state.step)")
        }
    }

    private func take(_ deposit: Deposit, _ state: State, _ now: Timestamp) -> Transition<State, Command> {
        var next = state
        next.deposits.append(deposit)
        // Evaluated with every credit, so that no deposit can land unseen.
        guard next.paid >= next.price else { return .move(to: next, commands: [.credit(deposit)]) }
        let requestID = StableID.uuid("funding", deposit.snapshotID)
        next.step = .funding
        next.requestID = requestID
        next.askAt = now.advanced(byNanoseconds: Self.askInterval)
        return .move(to: next, commands: [.credit(deposit), .withdraw(requestID: requestID, amount: next.paid)])
    }

    private func giveBack(_ state: State) -> Transition<State, Command> {
        var next = state
        next.refunding = state.deposits.map(\.snapshotID)
        next.step = next.refunding.isEmpty ? .closed : .refunding
        return .move(to: next, commands: state.deposits.map { .refund($0, isCredited: true) })
    }

    private func refunded(_ snapshotID: String, _ state: State) -> Transition<State, Command> {
        guard state.refunding.contains(snapshotID) else { return .ignore("a late deposit's refund arrived") }
        var next = state
        next.refunding.removeAll { $0 == snapshotID }
        if next.refunding.isEmpty { next.step = .closed }
        return .move(to: next)
    }
}
