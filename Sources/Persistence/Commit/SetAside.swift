/// Callers whose row another session has locked. They wait here, not on the writer's thread: between two commits of others a few
/// of them are tried again, until the row is free or their patience ends.
///
/// A try hardly waits for the lock, so that those who are not concerned hardly notice. But a lock that many
/// want is got only by who queues for it, so once in a while one of them may wait longer.
struct SetAside: Sendable {
    private struct Caller: Sendable {
        let request: GroupCommit.Request
        let error: SQLError
    }

    /// Whom to try again now.
    struct Round {
        var requests: [GroupCommit.Request] = []
        /// The first may wait longer than the others.
        var isPatient = false
    }

    /// More than so many do not wait: whoever comes then is told at once.
    static let maximum = 512
    static let maximumOfRound = 8
    static let pause = Duration.milliseconds(50)
    static let patientPause = Duration.seconds(1)

    private var callers: [Caller] = []
    private var nextPatient: ContinuousClock.Instant?
    /// When to try again; nil when nobody waits.
    private(set) var nextRound: ContinuousClock.Instant?

    var isEmpty: Bool { callers.isEmpty }

    /// - Returns: false when too many wait already.
    mutating func add(_ request: GroupCommit.Request, _ error: SQLError, now: ContinuousClock.Instant) -> Bool {
        guard callers.count < Self.maximum else { return false }
        callers.append(Caller(request: request, error: error))
        nextRound = nextRound ?? now.advanced(by: Self.pause)
        nextPatient = nextPatient ?? now.advanced(by: Self.patientPause)
        return true
    }

    /// Takes out those whose turn it is; who fails again is added again, behind the others.
    mutating func round(_ now: ContinuousClock.Instant) -> Round {
        guard let due = nextRound, now >= due else { return Round() }
        let requests = callers.prefix(Self.maximumOfRound).map(\.request)
        callers.removeFirst(requests.count)
        let isPatient = nextPatient.map { now >= $0 } ?? false
        if isPatient { nextPatient = now.advanced(by: Self.patientPause) }
        nextRound = nil
        return Round(requests: requests, isPatient: isPatient)
    }

    /// After a round.
    mutating func roundEnded(_ now: ContinuousClock.Instant) {
        nextRound = callers.isEmpty ? nil : now.advanced(by: Self.pause)
        if callers.isEmpty { nextPatient = nil }
    }

    /// Takes everybody out, each with what it failed for.
    mutating func takeAll() -> [(request: GroupCommit.Request, error: SQLError)] {
        defer { self = SetAside() }
        return callers.map { ($0.request, $0.error) }
    }
}
