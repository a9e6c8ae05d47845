public import Persistence
public import TradingCore

/// Makes an effect happen once per consumer and key, however often its cause is told.
public struct Receipts {
    public let transaction: any SQLTransaction

    public init(transaction: any SQLTransaction) { self.transaction = transaction }

    /// What a receipt gives back.
    public struct Outcome<Result: Sendable>: Sendable {
        /// The effect's result, of now or of the first time.
        public let result: Result
        public let isFirst: Bool
    }

    /// Runs the effect and stores its result, unless that was done before, in this transaction or an earlier one.
    ///
    /// An effect that throws leaves no receipt; let the error end the transaction, so that nothing else of it stays either.
    /// - Parameters:
    ///   - consumer: who acts on it: `user-orders`.
    ///   - key: what it acts on: the id of a snapshot, of a message.
    ///   - content: what the cause says. The same key with other content is refused.
    /// - Throws: ``ReceiptConflict``, what the effect throws, `SQLError`.
    public func once<Result: Codable & Sendable>(
        consumer: String, key: String, content: some Encodable, now: Timestamp, _ effect: () throws -> Result
    ) throws -> Outcome<Result> {
        let text = try JobCoding.encode(content)
        let hash = StableID.digest([Array(text.utf8)])
        if let stored = try row(consumer, key) {
            let storedHash: [UInt8] = try stored.get("content_hash")
            guard storedHash == hash else {
                throw ReceiptConflict(
                    consumer: consumer, key: key, storedHash: hexadecimal(storedHash), givenHash: hexadecimal(hash),
                    given: text, storedAt: try stored.get("created_at"))
            }
            return Outcome(result: try JobCoding.decode(Result.self, from: try stored.get("result")), isFirst: false)
        }
        let result = try effect()
        try transaction.execute(
            """
            INSERT INTO receipts (consumer, receipt_key, content_hash, result, created_at)
            VALUES (\(consumer), \(key), \(hash), \(try JobCoding.encode(result)), \(now))
            """)
        return Outcome(result: result, isFirst: true)
    }

    /// As ``once(consumer:key:content:now:_:)`` for an effect without a result.
    /// - Returns: whether it happened now.
    @discardableResult
    public func once(
        consumer: String, key: String, content: some Encodable, now: Timestamp, _ effect: () throws -> Void
    ) throws -> Bool {
        try once(consumer: consumer, key: key, content: content, now: now) {
            try effect()
            return true
        }.isFirst
    }

    /// Whether the effect has happened.
    public func exists(consumer: String, key: String) throws -> Bool { try row(consumer, key) != nil }

    /// Every consumer that has receipts, from one to the next over the index.
    public func consumers() throws -> [String] {
        var consumers: [String] = []
        while let row = try transaction.row(
            "SELECT consumer FROM receipts WHERE consumer > \(consumers.last ?? "") ORDER BY consumer LIMIT 1")
        {
            consumers.append(try row.get("consumer"))
        }
        return consumers
    }

    /// Removes receipts older than `cutoff`, which must be further back than any cause can be told again.
    /// - Returns: how many; as many as `limit` when there may be more.
    public func sweep(consumer: String, before cutoff: Timestamp, limit: Int = 1_000) throws -> Int {
        try transaction.execute(
            """
            DELETE FROM receipts WHERE consumer = \(consumer) AND receipt_key IN (
                SELECT receipt_key FROM receipts WHERE consumer = \(consumer) AND created_at < \(cutoff)
                ORDER BY created_at LIMIT \(limit))
            """)
    }

    private func row(_ consumer: String, _ key: String) throws -> SQLRow? {
        try transaction.row(
            """
            SELECT content_hash, result, created_at FROM receipts
            WHERE consumer = \(consumer) AND receipt_key = \(key)
            """)
    }
}

/// The same consumer got the same key with other content: one of the two is wrong, and nothing was done.
public struct ReceiptConflict: Error, Hashable, Sendable, CustomStringConvertible {
    public let consumer: String
    public let key: String
    /// SHA-256, hexadecimal.
    public let storedHash: String
    public let givenHash: String
    /// The content given now, as JSON.
    public let given: String
    public let storedAt: Timestamp

    public var description: String {
        """
        \(consumer) has a receipt for \(key) with content \(storedHash.prefix(16)) since \(storedAt.nanoseconds) ns, \
        and was given \(givenHash.prefix(16)): \(given.prefix(200))
        """
    }
}

func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}
