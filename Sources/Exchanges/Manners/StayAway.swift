/// An exchange says that we ask too much.
public struct RateRefusal: Hashable, Sendable {
    public enum Degree: Hashable, Sendable {
        /// Status 429, or a code that says the same: slow down.
        case slowDown
        /// Status 418: the address is banned.
        case banned
    }

    public var degree: Degree
    /// Milliseconds to stay away, where told.
    public var retryAfter: Int64?

    public init(_ degree: Degree, retryAfter: Int64? = nil) {
        self.degree = degree
        self.retryAfter = retryAfter
    }

    /// What an answer says: by its status and `Retry-After` in seconds (RFC 9110, section 10.2.3), or by the failure that the
    /// dialect read in it. Nil when the exchange does not complain.
    public init?(_ answer: EndpointAnswer, _ failure: ExchangeFailure?) {
        if answer.status == 418 {
            degree = .banned
        } else if answer.status == 429 || failure?.kind == .rateLimitExceeded || failure?.kind == .ddosProtection {
            degree = .slowDown
        } else {
            return nil
        }
        let seconds = answer.header("Retry-After").flatMap { Int64($0) }
        retryAfter =
            failure?.retryAfter
            ?? seconds.map { $0.multipliedReportingOverflow(by: 1_000) }.map {
                $0.overflow ? Self.longest : $0.partialValue
            }
    }

    /// Three days: the longest ban that Binance documents.
    static let longest: Int64 = 259_200_000
}

/// How long we keep quiet after an exchange complained. Where it names no time: one second after the first complaint, twice as
/// long after each that follows without a good answer between, to a minute; banned, two minutes to three days.
struct StayAway: Sendable {
    private(set) var until: Int64?
    private var complaints = 0

    mutating func refused(_ refusal: RateRefusal, now: Int64) {
        let (first, longest): (Int64, Int64) =
            switch refusal.degree {
            case .slowDown: (1_000, 60_000)
            case .banned: (120_000, RateRefusal.longest)
            }
        // While we keep quiet nothing leaves: what is refused then was sent before, and is of the same burst.
        if until.map({ now >= $0 }) ?? true { complaints += 1 }
        let usual = min(longest, first << Int64(min(max(0, complaints - 1), 20)))
        let wait = refusal.retryAfter.map { min(max(0, $0), RateRefusal.longest) } ?? usual
        until = max(until ?? .min, now &+ wait)
    }

    /// A good answer. One to a request sent before the complaint does not end the wait.
    mutating func welcomed(now: Int64) {
        guard let until, until <= now else { return }
        self.until = nil
        complaints = 0
    }
}
