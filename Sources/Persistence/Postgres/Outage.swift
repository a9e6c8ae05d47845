/// When to try again to reach a server that is down, and when to stop making callers wait for it.
struct Outage {
    /// For so long callers wait for the server to come back; from then on they are refused at once while somebody tries now
    /// and then.
    let patience: Duration
    private var began: ContinuousClock.Instant?
    private var nextTry: ContinuousClock.Instant?
    private var failures = 0
    private(set) var reason = ""

    static let shortestPause = Duration.milliseconds(10)
    static let longestPause = Duration.milliseconds(500)

    enum Advice: Equatable { case connect, wait(Duration), refuse }

    init(patience: Duration) { self.patience = patience }

    func advice(_ now: ContinuousClock.Instant) -> Advice {
        guard let began, let nextTry, now < nextTry else { return .connect }
        return now >= began.advanced(by: patience) ? .refuse : .wait(now.duration(to: nextTry))
    }

    /// Whether callers have been waiting for long enough.
    func isOver(_ now: ContinuousClock.Instant) -> Bool {
        began.map { now >= $0.advanced(by: patience) } ?? false
    }

    mutating func failed(_ now: ContinuousClock.Instant, _ reason: String) {
        began = began ?? now
        nextTry = now.advanced(by: min(Self.longestPause, Self.shortestPause * (1 << min(failures, 10))))
        failures += 1
        self.reason = reason
    }

    mutating func ended() { self = Outage(patience: patience) }
}
