import Persistence
import Scheduling
import TradingCore

/// Finds out whether a server trades on a database that several may share, for somebody who does not want to trade himself.
struct TradingLeaseWatch {
    let database: any SQLDatabase
    let pace: TradingLease.Pace
    let time: any TimeSource

    /// Waits until the holder is known to be gone.
    /// - Returns: what was seen then. Whoever acts on it looks again within his transaction.
    /// - Throws: ``DeskError/notReady(_:)`` when the holder lives, or nobody can know.
    func waitForNobody() async throws -> TradingLeaseStore.Sight {
        let seen = try await look()
        let began = time.now()
        var since = began
        var now = began
        while !seen.isReleased, now.nanoseconds(since: since) < pace.length {
            guard now.nanoseconds(since: began) < 3 * pace.length else { throw Self.cannotKnow(seen) }
            try await time.sleep(until: now.advanced(byNanoseconds: pace.interval))
            let sight = try await look()
            // It has moved, or somebody has just taken it.
            if sight != seen { throw Self.lives(sight) }
            now = time.now()
            // A beat that could not be stored shows nothing.
            if try await !database.write({ try TradingLeaseStore(transaction: $0).isBeatFree() }) { since = now }
        }
        return seen
    }

    /// - Throws: ``DeskError/notReady(_:)`` when somebody has moved since.
    static func require(_ seen: TradingLeaseStore.Sight, _ transaction: any SQLTransaction) throws {
        let sight = try TradingLeaseStore(transaction: transaction).look()
        if sight != seen { throw lives(sight) }
    }

    private func look() async throws -> TradingLeaseStore.Sight {
        try await database.read { try TradingLeaseStore(transaction: $0).look() }
    }

    private static func lives(_ sight: TradingLeaseStore.Sight) -> DeskError {
        .notReady("server \(sight.node) trades on this database: command it there")
    }

    private static func cannotKnow(_ sight: TradingLeaseStore.Sight) -> DeskError {
        .notReady("whether server \(sight.node) trades on this database cannot be known, for its beat's row is locked")
    }
}
