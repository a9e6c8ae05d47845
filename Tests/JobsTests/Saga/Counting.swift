import Jobs
import Persistence
import TradingCore

/// A saga of numbers: it adds what it is told, and does as the event says.
struct Counting: Saga {
    struct State: SagaState, Hashable {
        enum Step: String, CaseIterable, Codable { case open, waiting, done }

        var step: Step
        var sum = 0
        var waitUntil: Timestamp?
    }

    enum Event: Codable, Hashable, Sendable {
        case add(Int)
        case wait(until: Timestamp)
        case finish
        case reopen
        case confuse
        case deadline
    }

    enum Command: Hashable, Sendable { case note(Int), fail }

    static let kind = "test.counting"
    static let deadlineEvent = Event.deadline
    static let transitions = SagaTransitions<State.Step>(
        [.open: [.open, .waiting, .done], .waiting: [.waiting, .done]], final: [.done])

    /// What a passed deadline leads to.
    var onDeadline: @Sendable (State) -> Transition<State, Command> = { state in
        var next = state
        next.step = .done
        return .move(to: next)
    }
    /// Whether it knows what to do with `confuse`.
    var isTaught = false

    func deadline(of state: State) -> Timestamp? { state.waitUntil }

    func handle(_ event: Event, state: State, now: Timestamp) -> Transition<State, Command> {
        var next = state
        switch event {
        case .add(let number):
            if number == 0 { return .ignore("nothing to add") }
            next.sum += number
            return .move(to: next, commands: number == 13 ? [.note(1), .fail] : [.note(number)])
        case .wait(let moment):
            next.step = .waiting
            next.waitUntil = moment
        case .finish: next.step = .done
        case .reopen: next.step = .open
        case .confuse:
            if !isTaught { return .park("never heard of it") }
            next.sum += 1_000
        case .deadline: return onDeadline(state)
        }
        return .move(to: next)
    }
}

struct Notes: SagaInterpreter {
    struct Refusal: Error {}

    func effects(of command: Counting.Command, key: SagaCommandKey, now: Timestamp) throws -> [SagaEffect] {
        switch command {
        case .note(let number):
            [
                .transact {
                    try $0.execute("INSERT INTO notes (note_key, number) VALUES (\(key.description), \(number))")
                },
                .message(topic: "notes", key: key.sagaID, name: key.description, payload: []),
            ]
        case .fail: throw Refusal()
        }
    }
}
