import MarketMaking
import Scheduling
import Synchronization
import TradingCore

/// Whether the books add up, for those who ask often: the database is asked once a second at most.
///
/// While it does not answer, what it said last holds: a fault of the books does not go because nobody can read them.
final class LedgerWatch: Sendable {
    private struct Known {
        var findings: LedgerFindings?
        /// Until then it need not be looked up again.
        var until: Timestamp
    }

    /// How long what is known holds, in nanoseconds.
    private static let validity = Nanoseconds.seconds(1)

    private let known = Mutex(Known(findings: nil, until: .distantPast))
    private let time: any TimeSource

    init(time: any TimeSource) { self.time = time }

    func findings(_ look: () async throws -> LedgerFindings?) async -> LedgerFindings? {
        let (before, until) = known.withLock { ($0.findings, $0.until) }
        let now = time.now()
        if now < until { return before }
        do {
            let found = try await look()
            known.withLock { $0 = Known(findings: found, until: now.advanced(byNanoseconds: Self.validity)) }
            return found
        } catch {
            // Nor is one that does not answer waited for more often than that: others wait behind the one who asks.
            known.withLock { $0.until = time.now().advanced(byNanoseconds: Self.validity) }
            return before
        }
    }

    /// The next who asks is told what the database says then.
    func forget() { known.withLock { $0.until = .distantPast } }
}
