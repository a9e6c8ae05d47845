import Jobs
import TradingCore

/// Pays somebody through the network: money is locked, the request is sent under an id stored beforehand until the network
/// says what became of it, and then the money is posted or given back.
struct Payout: Saga {
    struct State: SagaState, Hashable {
        enum Step: String, CaseIterable, Codable, Sendable { case paying, revoking, paid, refused }

        var step = Step.paying
        /// Path of the account that pays.
        let source: String
        let payee: String
        /// Whole units of the quote asset.
        let amount: Int64
        /// The network knows the payment by it, however often it is asked.
        let requestID: String
        var deadline: Timestamp?
        var tries = 0
    }

    enum Event: Codable, Hashable, Sendable {
        case paid
        case refused(String)
        case revokeAsked
        case deadlinePassed
    }

    enum Command: Hashable, Sendable {
        case lock(State)
        case pay(State)
        case revoke(State)
        case settle
        case giveBack
        case tell(State, String)
    }

    static let kind = "payout"
    static let deadlineEvent = Event.deadlinePassed
    static let transitions = SagaTransitions<State.Step>(
        [.paying: [.paying, .revoking, .paid, .refused], .revoking: [.revoking, .paid, .refused]],
        final: [.paid, .refused])

    /// After so many a person has to look.
    static let maximumTries = 30
    let patience: Int64

    func deadline(of state: State) -> Timestamp? { state.deadline }

    func handle(_ event: Event, state: State, now: Timestamp) -> Transition<State, Command> {
        var next = state
        switch (state.step, event) {
        case (.paying, .paid), (.revoking, .paid):
            next.step = .paid
            return .move(to: next, commands: [.settle, .tell(state, "paid")])
        case (.paying, .refused(let reason)), (.revoking, .refused(let reason)):
            next.step = .refused
            return .move(to: next, commands: [.giveBack, .tell(state, "refused \(reason)")])
        case (.paying, .revokeAsked):
            next.step = .revoking
            next.deadline = now.advanced(byNanoseconds: patience)
            return .move(to: next, commands: [.revoke(state)])
        case (.paying, .deadlinePassed), (.revoking, .deadlinePassed):
            guard state.tries < Self.maximumTries else { return .park("no answer after \(state.tries) tries") }
            next.tries += 1
            next.deadline = now.advanced(byNanoseconds: patience)
            return .move(to: next, commands: [state.step == .paying ? .pay(state) : .revoke(state)])
        case (.paid, .refused), (.refused, .paid): return .park("the network says both")
        case (_, .revokeAsked), (_, .deadlinePassed), (.paid, .paid), (.refused, .refused):
            return .ignore("too late")
        }
    }
}
