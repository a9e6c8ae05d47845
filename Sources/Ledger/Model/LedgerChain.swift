internal import TradingCore

/// The chain of one account: each entry's hash covers the hash before it, so nothing can be changed, left out or put
/// between without every later hash being another one.
enum LedgerChain {
    /// What the first entry of an account follows. It names the account, so chains cannot change places.
    static func start(_ account: LedgerAccount) -> LedgerHash {
        LedgerHash(of: LedgerContent.form + account.path)
    }

    /// What one entry says, in the order it is hashed; numbers big-endian.
    struct Entry {
        /// Counted from 1 within the account.
        let sequence: Int64
        /// Of the posting it belongs to: it covers key, accounts, and what was asked for.
        let contentHash: LedgerHash
        let step: Int
        let change: BalanceChange
        let postedAt: Timestamp

        func hash(after previous: LedgerHash) -> LedgerHash {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(120)
            previous.append(to: &bytes)
            contentHash.append(to: &bytes)
            append(sequence, to: &bytes)
            append(UInt16(truncatingIfNeeded: step), to: &bytes)
            append(change.available, to: &bytes)
            append(change.locked, to: &bytes)
            append(postedAt.nanoseconds, to: &bytes)
            return LedgerHash(of: bytes)
        }

        private func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
            withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
        }
    }
}
