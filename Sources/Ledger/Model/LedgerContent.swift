internal import TradingCore

/// The canonical form of what a posting says: read by people in an error, hashed to tell whether two are the same.
enum LedgerContent {
    /// Ahead of all that is hashed, so that another form can never be taken for this one.
    static let form = "mrmarket-ledger-1\n"

    static func text(_ steps: [LedgerStep]) -> String {
        var text = ""
        for (index, step) in steps.enumerated() {
            if index > 0 { text += "\n" }
            append(step, to: &text)
        }
        return text
    }

    /// No account, key or amount holds a space or a line break, so a text has one reading.
    private static func append(_ step: LedgerStep, to text: inout String) {
        switch step {
        case .transfer(let from, let to, let amount):
            text += "transfer \(amount) \(from.path) \(to.path)"
        case .reserve(let from, let to, let amount, let expiresAt):
            text += "reserve \(amount) \(from.path) \(to.path)"
            if let expiresAt { text += " until \(expiresAt.nanoseconds)" }
        case .post(let id, let amount): text += "post \(amount) of \(id)"
        case .postAndRelease(let id, let amount): text += "post \(amount) of \(id) and release"
        case .postWhole(let id): text += "post all of \(id)"
        case .void(let id): text += "void \(id)"
        case .expire(let id): text += "expire \(id)"
        case .reverse(let id): text += "reverse \(id)"
        }
    }

    static func hash(key: String, content: String) -> LedgerHash {
        LedgerHash(of: form + key + "\n" + content)
    }
}
