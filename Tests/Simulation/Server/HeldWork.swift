import Jobs
import TradingCore

/// A job that a server has leased, as it is in its memory.
struct HeldJob {
    enum Stage {
        case claimed
        /// The call outside is over; it still has to be booked.
        case decided(OutsideOutcome)
        case failed(any Error)
    }

    let job: ClaimedJob
    let queue: Int
    var stage = Stage.claimed
}

/// A lane that a server has leased.
struct HeldBatch {
    let batch: OutboxBatch
    var sent = 0
    /// Once it is known, it is booked.
    var delivery: OutboxDelivery?
}

/// A queue as a server works on it.
struct QueueSeat {
    let configuration: QueueConfiguration
    var machine: QueueStateMachine

    func action(_ now: Timestamp) -> QueueStateMachine.Action {
        var copy = machine
        return copy.next(now)
    }
}
