package import TradingCore

/// Decides when a worker looks for jobs of a queue, and for how many.
///
/// It looks when a slot is free and there may be something: after word of a commit, when a delayed job is due, when the rate
/// opens, when the last look saw more than it asked for, and in any case after the poll interval. One look at a time.
package struct QueueStateMachine {
    package enum Action: Equatable {
        case claim(limit: Int, promotesDue: Bool)
        /// Until then nothing is to be done unless something happens.
        case wait(until: Timestamp)
        /// Drained.
        case finished
    }

    let concurrency: Int
    let maximumBatch: Int
    /// In nanoseconds.
    let pollInterval: Int64
    /// How long after a look that failed the next one comes.
    let retryInterval: Int64

    /// Handlers at work.
    private(set) var running = 0
    /// Jobs whose end is not stored yet; more than ``running``, for a slot is free as soon as its handler returns.
    private(set) var unsettled = 0
    private(set) var isDraining = false
    private var isClaiming = false
    private var mayHaveMore = true
    private var nextDue = Timestamp.distantPast
    private var nextPoll = Timestamp.distantPast
    /// Not before: the rate's, or after a failure.
    private var closedUntil = Timestamp.distantPast

    package init(concurrency: Int, maximumBatch: Int, pollInterval: Int64, retryInterval: Int64) {
        self.concurrency = concurrency
        self.maximumBatch = maximumBatch
        self.pollInterval = pollInterval
        self.retryInterval = retryInterval
    }

    package mutating func next(_ now: Timestamp) -> Action {
        if isClaiming { return .wait(until: .distantFuture) }
        if isDraining { return unsettled == 0 ? .finished : .wait(until: .distantFuture) }
        let free = min(concurrency - running, maximumBatch)
        guard free > 0 else { return .wait(until: .distantFuture) }
        guard closedUntil <= now else { return .wait(until: closedUntil) }
        let isDue = nextDue <= now
        guard mayHaveMore || isDue || nextPoll <= now else { return .wait(until: min(nextDue, nextPoll)) }
        isClaiming = true
        mayHaveMore = false
        return .claim(limit: free, promotesDue: isDue)
    }

    /// Whether ``next(_:)`` has more to say than it had before a slot became free or an end was stored; saves a look at most of them.
    package func isAwake(_ now: Timestamp) -> Bool {
        if isClaiming { return false }
        if isDraining { return unsettled == 0 }
        return mayHaveMore || min(nextDue, nextPoll) <= now
    }

    /// When it has something to do next, as far as it knows.
    package var nextLook: Timestamp { max(closedUntil, min(nextDue, nextPoll)) }

    /// Something was committed that concerns the queue.
    package mutating func word() { mayHaveMore = true }

    /// - Parameter isMore: more may be ready than were asked for.
    package mutating func claimed(
        _ count: Int, isMore: Bool, nextDue: Timestamp?, opensAt: Timestamp?, now: Timestamp
    ) {
        isClaiming = false
        running += count
        unsettled += count
        if isMore || opensAt != nil { mayHaveMore = true }
        self.nextDue = nextDue ?? .distantFuture
        closedUntil = opensAt ?? .distantPast
        nextPoll = now.advanced(byNanoseconds: pollInterval)
    }

    package mutating func claimFailed(_ now: Timestamp) {
        isClaiming = false
        mayHaveMore = true
        closedUntil = now.advanced(byNanoseconds: retryInterval)
    }

    /// The transaction that a claim rode in was not committed, which says nothing about claims.
    package mutating func claimCalledOff() {
        isClaiming = false
        mayHaveMore = true
    }

    /// A handler has returned.
    package mutating func returned() { running -= 1 }

    /// How a job ended is stored.
    package mutating func settled() { unsettled -= 1 }

    /// No more claims.
    package mutating func drain() { isDraining = true }
}
