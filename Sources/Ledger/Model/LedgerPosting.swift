internal import TradingCore

/// A list of steps that succeed or fail together, under a key of the caller's making.
///
/// The same key with the same steps is applied once however often it is sent; with other steps it is refused. So a
/// caller makes the key from what is booked (`fill:binance:BTCUSDT:123`), never at random for each attempt.
///
/// Whatever can be judged without the books is judged here, by the caller and not by the one writer.
public struct LedgerPosting: Hashable, Sendable {
    public let key: String
    public let steps: [LedgerStep]
    /// The steps as canonical text, one a line.
    public let content: String
    /// SHA-256 over key and content.
    let contentHash: LedgerHash

    /// A list has so many steps at most.
    public static let maximumSteps = 64
    /// Keys that begin so are the ledger's own.
    static let ownPrefix = "ledger:"

    /// - Parameter key: 1 to 200 visible ASCII characters without `#`.
    /// - Throws: ``LedgerError/badKey(_:rule:)`` also for a step that names another by what can be no key, ``LedgerError/stepCount(_:limit:)``,
    ///   ``LedgerError/amountNotPositive(step:_:)``, ``LedgerError/sameAccount(step:_:)``,
    ///   ``LedgerError/mixedAssets(step:from:to:)``.
    public init(key: String, _ steps: [LedgerStep]) throws(LedgerError) {
        guard (1...200).contains(key.utf8.count), key.utf8.allSatisfy(Self.isKeyByte) else {
            throw .badKey(key, rule: "a key is 1 to 200 visible ASCII characters without '#'")
        }
        guard !key.hasPrefix(Self.ownPrefix) else {
            throw .badKey(key, rule: "keys that begin with '\(Self.ownPrefix)' are the ledger's own")
        }
        try self.init(anyKey: key, steps)
    }

    /// A posting of one step.
    public init(key: String, _ step: LedgerStep) throws(LedgerError) { try self.init(key: key, [step]) }

    /// A posting of the ledger's own: the end of a reservation whose time has come.
    init(expiring reservation: LedgerStepID) throws(LedgerError) {
        try self.init(anyKey: "\(Self.ownPrefix)expire:\(reservation)", [.expire(reservation)])
    }

    private init(anyKey key: String, _ steps: [LedgerStep]) throws(LedgerError) {
        guard (1...Self.maximumSteps).contains(steps.count) else {
            throw .stepCount(steps.count, limit: Self.maximumSteps)
        }
        for (index, step) in steps.enumerated() { try step.check(at: index) }
        self.key = key
        self.steps = steps
        content = LedgerContent.text(steps)
        contentHash = LedgerContent.hash(key: key, content: content)
    }

    private static func isKeyByte(_ byte: UInt8) -> Bool { (33...126).contains(byte) && byte != UInt8(ascii: "#") }
}

extension LedgerStepID {
    /// A name is hashed as it is given, and stored as a database keeps it: what not both keep as it is names nothing. Keys of the
    /// ledger's own have a `#` in them.
    fileprivate func check() throws(LedgerError) {
        guard !key.isEmpty, key.utf8.allSatisfy({ (33...126).contains($0) }) else {
            throw .badKey(key, rule: "a step is named by the key of its posting, which is visible ASCII characters")
        }
    }
}

extension LedgerStep {
    /// The rules that need no books.
    fileprivate func check(at index: Int) throws(LedgerError) {
        switch self {
        case .transfer(let from, let to, let amount), .reserve(let from, let to, let amount, _):
            guard amount.isPositive else { throw .amountNotPositive(step: index, amount) }
            guard from != to else { throw .sameAccount(step: index, from) }
            guard from.asset == to.asset else { throw .mixedAssets(step: index, from: from, to: to) }
        case .post(let id, let amount), .postAndRelease(let id, let amount):
            guard amount.isPositive else { throw .amountNotPositive(step: index, amount) }
            try id.check()
        case .postWhole(let id), .void(let id), .expire(let id), .reverse(let id): try id.check()
        }
    }
}
