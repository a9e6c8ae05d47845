/// That an account exists, said apart from its row: emptying the tables of accounts and transfers leaves books that add up, to
/// nothing. Each account is opened once, by its first entry; the openings are a chain of their own, whose end stands in
/// `ledger_head`.
enum LedgerOpening {
    /// What the first opening follows.
    static let start = LedgerHash(of: LedgerContent.form + "openings")

    /// - Parameter number: counted from 1.
    static func hash(_ number: Int64, _ path: String, after previous: LedgerHash) -> LedgerHash {
        var bytes: [UInt8] = []
        previous.append(to: &bytes)
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: path.utf8)
        return LedgerHash(of: bytes)
    }
}
