/// Stops asking an exchange that does not answer, on one account's behalf, and one that does not know the account's key.
///
/// *Closed* lets everything through and counts failures in a row; *open* refuses until a time; then *half open* lets one through
/// whose outcome decides. A key that was refused *latches*, as to go on asking gets us banned: only cancels go on, and one question a minute.
/// One of them that is answered, or a key that is found good by other means, closes it.
public struct CircuitBreaker: Sendable {
    public enum State: Hashable, Sendable {
        case closed(failures: Int)
        case open(until: Int64)
        /// One is on its way; when nothing is heard of it until then, another may go.
        case halfOpen(until: Int64)
        case latched(ExchangeFailure, trialAt: Int64)
    }

    public enum Verdict: Hashable, Sendable {
        case go
        case wait(until: Int64)
        case refused(ExchangeFailure)
    }

    public private(set) var state = State.closed(failures: 0)
    /// Failures in a row that open it.
    private let threshold: Int
    private let longestTrial: Int64
    private var backoff: Backoff
    /// Milliseconds between two trials of a key that was refused: what refused it may have been the exchange's own fault, or a moment's.
    static let keyTrialInterval: Int64 = 60_000

    /// - Parameters:
    ///   - pause: how long it stays open, doubled while trials fail.
    ///   - longestTrial: milliseconds after which a trial whose outcome nobody reported is forgotten.
    public init(threshold: Int = 5, pause: Backoff, longestTrial: Int64 = 30_000) {
        self.threshold = max(1, threshold)
        self.longestTrial = max(1, longestTrial)
        backoff = pause
    }

    /// - Parameter purpose: cancels go through an open breaker: they make things safer, and their outcome is as good a trial.
    public mutating func ask(_ purpose: RateBudget.Purpose, now: Int64) -> Verdict {
        switch state {
        case .closed: return .go
        // Whatever is wrong with the key, what rests must be taken off: cancels are few, and tell when it is good again.
        case .latched(let failure, let trialAt):
            if purpose == .cancel { return .go }
            if now < trialAt { return .refused(failure) }
            state = .latched(failure, trialAt: now &+ Self.keyTrialInterval)
            return .go
        case .open(let until), .halfOpen(let until):
            if now < until { return purpose == .cancel ? .go : .wait(until: until) }
            state = .halfOpen(until: now &+ longestTrial)
            return .go
        }
    }

    /// What came of a request that was let through.
    /// - Parameter failure: nil when it was answered as asked. A refusal is an answer too: the exchange is there.
    public mutating func ended(_ failure: ExchangeFailure?, now: Int64) {
        if case .latched = state {
            if failure.map(Self.showsGoodKey) ?? true { close(now) }
            return
        }
        guard let failure else { return close(now) }
        // The key is good where only the time was not.
        if failure.kind.is(.authenticationError), !failure.kind.is(.permissionDenied), !failure.isForItsTime {
            state = .latched(failure, trialAt: now &+ Self.keyTrialInterval)
        } else if Self.isAbsence(failure.kind) {
            failed(now)
        } else {
            close(now)
        }
    }

    /// The key is known to be good again: a check of its own has shown it.
    public mutating func keyIsGood() { if case .latched = state { state = .closed(failures: 0) } }

    /// Whether a refusal is about what was asked, so that who asked was known.
    private static func showsGoodKey(_ failure: ExchangeFailure) -> Bool {
        failure.kind.is(.invalidOrder) || failure.kind.is(.insufficientFunds)
    }

    /// Whether a failure says that the exchange is not there, rather than that it does not want the request. Asking too much is
    /// the business of ``RateBudget``.
    static func isAbsence(_ kind: ExchangeFailure.Kind) -> Bool {
        guard kind.is(.operationFailed) || kind == .baseError else { return false }
        return ![.rateLimitExceeded, .ddosProtection, .cancelPending, .invalidNonce].contains(kind)
    }

    private mutating func close(_ now: Int64) {
        if case .closed = state {} else { backoff.opened(now) }
        state = .closed(failures: 0)
    }

    private mutating func failed(_ now: Int64) {
        switch state {
        case .closed(let failures) where failures + 1 < threshold: state = .closed(failures: failures + 1)
        case .closed, .halfOpen: state = .open(until: now &+ backoff.failed(now))
        // Sent before it opened, or a cancel: the pause goes on as it is.
        case .open, .latched: break
        }
    }
}
