/// Whether an order whose placement nobody answered can still come to be.
///
/// A placement that was lost on its way is refused once the exchange's clock has passed its time plus the receive window. Only
/// look-ups by client order id that were *sent* after that can tell, and two of them have to find nothing, some time apart: what
/// exchanges look orders up in may lag behind what they trade in.
public struct AcceptanceRule: Hashable, Sendable {
    public enum Verdict: Hashable, Sendable {
        /// Not known yet: look it up, at this time of ours or later.
        case unknown(lookUpAt: Int64)
        /// There is, or was, such an order.
        case accepted
        /// There is none, and never will be.
        case neverAccepted
    }

    /// What a look-up by client order id gave.
    public enum Finding: Hashable, Sendable {
        case found
        case notFound
        /// Nothing: it failed itself.
        case unclear

        /// A look-up that fails for any other reason than that there is no such order says nothing.
        public init(_ answer: Result<ExchangeOrder, ExchangeFailure>) {
            switch answer {
            case .success: self = .found
            case .failure(let failure): self = failure.kind == .orderNotFound ? .notFound : .unclear
            }
        }
    }

    /// The exchange's time after which it surely accepts no longer.
    public let deadline: Int64
    public private(set) var isFound = false
    public private(set) var failedLookUps = 0
    /// When the last look-up that counted was sent, by our clock.
    private var lastLookUp: Int64?

    public static let lookUpsNeeded = 2
    /// Milliseconds between look-ups that count.
    public static let apart: Int64 = 1_000

    /// - Parameters:
    ///   - timestamp: what the placement said, exchange time in milliseconds since 1970.
    ///   - window: its receive window, or ``ExchangeAbilities/acceptanceWindow`` where the exchange has none.
    public init(timestamp: Int64, window: Int64) {
        let (sum, overflow) = timestamp.addingReportingOverflow(max(0, window))
        deadline = overflow ? .max : sum
    }

    /// Something else showed the order: the account's stream, a list of open orders.
    public mutating func seen() { isFound = true }

    /// A look-up has ended.
    /// - Parameters:
    ///   - sentAt: by our clock.
    ///   - clock: as it was known when it was sent, or better.
    public mutating func lookedUp(_ finding: Finding, sentAt: Int64, _ clock: ClockOffset) {
        switch finding {
        case .found: isFound = true
        case .unclear: break
        case .notFound:
            guard let passed = clock.surelyPassed(at: sentAt), passed > deadline else { return }
            if let lastLookUp, sentAt < lastLookUp &+ Self.apart { return }
            lastLookUp = sentAt
            failedLookUps += 1
        }
    }

    /// - Parameter now: by our clock.
    public func verdict(_ now: Int64, _ clock: ClockOffset) -> Verdict {
        if isFound { return .accepted }
        if failedLookUps >= Self.lookUpsNeeded { return .neverAccepted }
        // While the exchange's clock is not known no look-up counts; one may still find the order.
        guard let passed = clock.surelyPassed(at: now) else { return .unknown(lookUpAt: now) }
        let (left, overflow) = deadline.subtractingReportingOverflow(passed)
        let counts = overflow ? Int64.max : now &+ max(0, min(left, .max - now - 1) &+ 1)
        return .unknown(lookUpAt: max(counts, (lastLookUp ?? .min) &+ (lastLookUp == nil ? 0 : Self.apart)))
    }
}
