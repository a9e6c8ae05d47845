public import Exchanges
import Synchronization

/// What everything that talks to one exchange from here shares: its budget, and what we know of its clock.
public final class SharedManners: Sendable {
    private struct State {
        var budget: RateBudget
        var clock: ClockOffset
        /// By key; of those whose calls have an order.
        var orders: [String: KeyOrder] = [:]
    }

    private let state: Mutex<State>

    /// - Parameter clockResolution: in what steps the exchange tells its time, milliseconds.
    public init(limits: [RateLimit], clockResolution: Int64 = 1) {
        state = Mutex(State(budget: RateBudget(limits), clock: ClockOffset(resolution: clockResolution)))
    }

    /// As known now.
    public var clock: ClockOffset { state.withLock { $0.clock } }

    /// - Parameter key: as the exchange knows it.
    func order(of key: String) -> KeyOrder {
        state.withLock { state in
            if let known = state.orders[key] { return known }
            let order = KeyOrder()
            state.orders[key] = order
            return order
        }
    }

    func heard(_ reading: ClockOffset.Reading) { _ = state.withLock { $0.clock.heard(reading) } }

    func ask(_ costs: [RateCost], _ purpose: RateBudget.Purpose, key: String, now: Int64) -> RateBudget.Verdict {
        state.withLock { $0.budget.ask(costs, purpose, key: key, now: now) }
    }

    /// How long the exchange wants to hear nothing from us, milliseconds from now; nil when it listens.
    func awayFor(_ now: Int64) -> Int64? { state.withLock { $0.budget.awayUntil(now) }.map { $0 - now } }

    func unused(_ grant: RateBudget.Grant) { state.withLock { $0.budget.unused(grant) } }

    func answered(_ grant: RateBudget.Grant, _ usage: [RateUsage], _ refusal: RateRefusal?, now: Int64) {
        state.withLock { $0.budget.answered(grant, usage: usage, refusal: refusal, now: now) }
    }
}
