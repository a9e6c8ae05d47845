import Ledger
import TradingCore

/// The desk's accounts and what it books.
enum DeskMoney {
    static let quote = AssetID("USDT")
    static let base = AssetID("BTC")

    static func customer(_ id: String, _ asset: AssetID = quote) throws -> LedgerAccount {
        try LedgerAccount(.customer, id, asset)
    }

    /// Where deposits come from and payments go to.
    static func network() throws -> LedgerAccount { try LedgerAccount(.world, "network", quote) }

    static func market(_ asset: AssetID) throws -> LedgerAccount { try LedgerAccount(.exchange, "market", asset) }

    /// What came in and belongs to nobody we know.
    static func strays() throws -> LedgerAccount { try LedgerAccount(.unallocated, "strays", quote) }

    static func revenue() throws -> LedgerAccount { try LedgerAccount(.revenue, "desk", quote) }

    static func orderLock(_ order: String) -> LedgerStepID { LedgerStepID("order:\(order)") }

    static func holdLock(_ hold: String) -> LedgerStepID { LedgerStepID("hold:\(hold)") }

    static func payoutLock(_ payout: String) -> LedgerStepID { LedgerStepID("payout:\(payout):lock") }
}

/// A rule that the desk breaks on purpose, to prove that the checks see it.
public enum DeskMutation: String, CaseIterable, Sendable {
    /// The line of a statement is written in a transaction of its own, before the job's completion.
    case effectOutsideCompletion
    /// Whoever gets a message acts on it each time.
    case receiverWithoutReceipts
    /// A snapshot is taken each time it is told.
    case depositWithoutReceipt
    /// Each attempt at a payment has an id of its own.
    case freshRequestID
    /// What follows from a deposit is enqueued after its commit.
    case followUpAfterCommit
    /// Jobs of one order have no serial key, so that it may be cancelled before it is placed.
    case noSerialKey
    /// A fill that is told again is added to its order again.
    case fillCountedTwice
    /// Money is added to a balance without an entry.
    case moneyFromNowhere
    /// An order is closed and what it had reserved is forgotten.
    case forgottenReservation
    /// A payment that was not answered is given back as if it had been refused.
    case timeoutTakenForRefusal
}
