public import Logging
public import Persistence
public import Scheduling
import Synchronization
import TradingCore

/// The right to trade for a database that several servers share: one holds it, the others stand by.
///
/// The holder's beat moves a number in the database. Who stands by takes over when that number has not moved for ``Pace/length``
/// by its own clock, however far the clocks are apart. Whoever was passed over is kept out by the number of the term, which every
/// transaction of its runtime names (``FencedDatabase``): an order leaves only after its intent was committed, so nothing that
/// begins after a takeover leaves from there. What had left just before, the new holder finds stored and asks after.
public final class TradingLease: Sendable {
    public struct Pace: Sendable {
        /// Nanoseconds between two beats, and between two looks of whoever stands by.
        public var interval = Nanoseconds.seconds(1)
        /// A beat that has stood still for so many nanoseconds is that of a dead server.
        public var length = Nanoseconds.seconds(5)

        public init() {}
    }

    private struct State {
        var term: Int64?
        /// Who holds it, as far as is known.
        var holder: String?
        /// When that became known.
        var heardOfAt = Timestamp.distantPast
        /// When its beat was last seen to move, by our clock; nil: never yet.
        var movedAt: Timestamp?
        var isLost = false
    }

    private let database: any SQLDatabase
    private let node: String
    private let pace: Pace
    private let time: any TimeSource
    private let logger: Logger
    private let onLoss: @Sendable () -> Void
    private let schedule: Schedule
    private let state = Mutex(State())

    /// - Parameters:
    ///   - node: what this server is called to others.
    ///   - onLoss: another server has taken over: what this one still does can only be wrong. Called once.
    public init(
        _ database: any SQLDatabase, node: String, pace: Pace = Pace(), time: any TimeSource,
        registry: ScheduleRegistry,
        logger: Logger, onLoss: @escaping @Sendable () -> Void
    ) {
        self.database = database
        self.node = node
        self.pace = pace
        self.time = time
        self.logger = logger
        self.onLoss = onLoss
        schedule = registry.schedule("trading lease")
    }

    /// The number of our term; nil while another's lasts.
    public var term: Int64? { state.withLock { $0.isLost ? nil : $0.term } }
    public var isHeld: Bool { term != nil }
    /// The name of another server that held the lease when last looked at.
    public var otherHolder: String? { state.withLock { $0.term == nil ? $0.holder : nil } }

    /// The name of another server that holds the lease and lives: its beat was seen to move not long ago. One that was seen once may
    /// be dead, and it may have been this very server before it was started again.
    public var livingHolder: String? {
        let now = time.now()
        return state.withLock { $0.term == nil && isAlive($0, now) ? $0.holder : nil }
    }

    /// For how long whoever waits cannot know yet whether the holder lives: two looks with a beat between them.
    public var doubtNanoseconds: Int64 { 2 * pace.interval + pace.interval / 2 }

    private func isAlive(_ state: borrowing State, _ now: Timestamp) -> Bool {
        guard let movedAt = state.movedAt else { return false }
        return now.nanoseconds(since: movedAt) < 3 * pace.interval
    }

    /// Why this server does not trade; nil when it holds the lease.
    public var standing: String? {
        let now = time.now()
        return state.withLock { state in
            if state.isLost { return "another server trades on this database now" }
            if state.term != nil { return nil }
            guard let holder = state.holder else {
                return "whether another server trades on this database is not known yet"
            }
            if isAlive(state, now) { return "standing by: server \(holder) trades on this database" }
            let name = holder == node ? "\(holder), this one before or another of its name," : holder
            if state.movedAt == nil, now.nanoseconds(since: state.heardOfAt) < doubtNanoseconds {
                return "standing by: server \(name) held trading on this database; whether it lives is not known yet"
            }
            return "standing by: server \(name) held trading on this database and is not heard of now; "
                + "this one takes over when it has been silent for \(pace.length / Nanoseconds.perSecond) s"
        }
    }

    /// Waits for the lease and takes it.
    /// - Returns: false when the task was cancelled before.
    public func acquire() async -> Bool {
        var seen: TradingLeaseStore.Sight?
        var since = time.now()
        var due = since
        while !Task.isCancelled {
            let began = time.now()
            do {
                let sight = try await database.read { try TradingLeaseStore(transaction: $0).look() }
                // A look that had to wait for the database saw nothing of the time between: nor could the holder's beat be stored.
                if time.now().nanoseconds(since: began) > pace.interval { seen = nil }
                let hasMoved = seen.map { $0 != sight } ?? false
                if sight != seen { (seen, since) = (sight, time.now()) }
                let isDead = began.nanoseconds(since: since) >= pace.length
                let isTaken = (sight.isReleased || isDead) ? try await take(sight, decidedAt: began) : false
                // Stillness counts only while the holder could have moved: also its next beat must have the time for that.
                if isDead {
                    if !isTaken { seen = nil }
                } else if !hasMoved, !sight.isReleased, try await !isBeatFree() {
                    seen = nil
                }
                ended(began, due, nil)
                if isTaken { return true }
                tell(sight, hasMoved: hasMoved)
            } catch {
                // Stillness counts only while it is seen: where nobody can write, the holder cannot either.
                seen = nil
                ended(began, due, "\(error)")
            }
            due = next(began)
            do { try await time.sleep(until: due) } catch { return false }
        }
        return false
    }

    /// Beats until the task is cancelled or the lease is lost.
    public func keep() async {
        var due = time.now()
        while let term, !Task.isCancelled {
            let began = time.now()
            do {
                let isOurs = try await database.beat { try TradingLeaseStore(transaction: $0).beat(term) }
                ended(began, due, nil)
                if !isOurs { return lose() }
            } catch {
                // Nobody can take over where nobody can write; where only we cannot, the term tells.
                logger.warning("the trading lease could not be renewed: \(error)")
                ended(began, due, "\(error)")
            }
            due = next(began)
            do { try await time.sleep(until: due) } catch { return }
        }
    }

    /// Lets the next server begin at once.
    public func release() async {
        schedule.end()
        guard let term else { return }
        // Before others may know of it: a successor's term is no loss.
        state.withLock { $0.term = nil }
        try? await database.write { try TradingLeaseStore(transaction: $0).release(term) }
    }

    /// Somebody has found out that our term has ended.
    func lose() {
        let isNews = state.withLock { state in
            defer { state.isLost = true }
            return !state.isLost
        }
        guard isNews else { return }
        logger.critical("another server has taken over trading on this database")
        onLoss()
    }

    private func isBeatFree() async throws -> Bool {
        let began = time.now()
        let isFree = try await database.beat { try TradingLeaseStore(transaction: $0).isBeatFree() }
        return isFree && time.now().nanoseconds(since: began) <= pace.interval
    }

    /// - Parameter decidedAt: what had to wait for longer than a beat is decided anew.
    private func take(_ sight: TradingLeaseStore.Sight, decidedAt: Timestamp) async throws -> Bool {
        let (node, time, interval) = (node, time, pace.interval)
        // As a beat is stored: no handler of this server's own, and nothing else that its writer does, keeps it from taking over.
        let taken = try await database.beat { transaction in
            guard time.now().nanoseconds(since: decidedAt) <= interval else { return nil as Int64? }
            return try TradingLeaseStore(transaction: transaction).take(sight, node: node, now: time.now())
        }
        guard let taken else { return false }
        if !sight.isReleased {
            logger.warning("trading is taken over from server \(sight.node), which does not live any more")
        }
        state.withLock { $0.term = taken }
        return true
    }

    private func tell(_ sight: TradingLeaseStore.Sight, hasMoved: Bool) {
        let now = time.now()
        let isNews = state.withLock { state in
            let name: String? = sight.isReleased ? nil : sight.node
            if hasMoved { state.movedAt = now }
            let isNew = state.holder != name
            if isNew { (state.holder, state.heardOfAt) = (name, now) }
            return name != nil && isNew
        }
        if isNews { logger.notice("standing by: server \(sight.node) holds trading on this database") }
    }

    private func next(_ began: Timestamp) -> Timestamp {
        let next = began.advanced(byNanoseconds: pace.interval)
        schedule.isDue(at: next)
        return next
    }

    private func ended(_ began: Timestamp, _ due: Timestamp, _ failure: String?) {
        schedule.began(at: began, dueAt: due)
        schedule.ended(at: time.now(), failure: failure)
    }
}
