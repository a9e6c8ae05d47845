import Jobs
import Persistence
import Testing
import TradingCore

@Suite struct ReceiptsTests {
    private let database: MemoryDatabase
    private let now = Timestamp(nanoseconds: 1_000)

    init() async throws {
        database = try MemoryDatabase()
        try await Migrator(allMigrations).migrate(database)
        try database.transact { _ = try $0.execute("CREATE TABLE effects (n INTEGER NOT NULL) STRICT") }
    }

    private func book(_ consumer: String, _ key: String, _ content: [String: Int]) throws -> (Int, Bool) {
        try database.transact { transaction in
            let outcome = try Receipts(transaction: transaction).once(
                consumer: consumer, key: key, content: content, now: now
            ) {
                try transaction.execute("INSERT INTO effects (n) VALUES (1)")
                return try transaction.row("SELECT COUNT(*) AS n FROM effects")?.get("n") ?? 0
            }
            return (outcome.result, outcome.isFirst)
        }
    }

    private func effects() throws -> Int {
        try database.transact { try $0.row("SELECT COUNT(*) AS n FROM effects")?.get("n") ?? 0 }
    }

    @Test func `an effect happens once per consumer and key, and its result comes back`() throws {
        #expect(try book("orders", "s1", ["a": 1, "b": 2]) == (1, true))
        #expect(try book("orders", "s1", ["b": 2, "a": 1]) == (1, false))
        #expect(try book("campaigns", "s1", ["a": 1]) == (2, true))
        #expect(try book("orders", "s2", ["a": 1]) == (3, true))
        #expect(try effects() == 3)
    }

    @Test func `the same key with other content is refused, naming both`() throws {
        _ = try book("orders", "s1", ["amount": 1])
        do {
            _ = try book("orders", "s1", ["amount": 2])
            Issue.record("it was taken")
        } catch let conflict as ReceiptConflict {
            #expect(conflict.consumer == "orders" && conflict.key == "s1" && conflict.storedAt == now)
            #expect(conflict.storedHash != conflict.givenHash)
            #expect(conflict.given == #"{"amount":2}"#)
            #expect(conflict.description.contains(conflict.storedHash.prefix(16)))
        }
        #expect(try effects() == 1)
    }

    @Test func `an effect that fails leaves no receipt, so it can be tried again`() throws {
        struct Refusal: Error {}
        #expect(throws: Refusal.self) {
            try database.transact {
                _ = try Receipts(transaction: $0).once(consumer: "orders", key: "s1", content: 1, now: now) {
                    throw Refusal()
                }
            }
        }
        #expect(try database.transact { try !Receipts(transaction: $0).exists(consumer: "orders", key: "s1") })
        #expect(try book("orders", "s1", [:]) == (1, true))
    }

    @Test func `receipts of one consumer older than its retention go`() throws {
        for key in ["a", "b", "c"] { _ = try book("orders", key, [:]) }
        _ = try book("campaigns", "a", [:])
        let later = Timestamp(nanoseconds: 1_001)
        func sweep(before cutoff: Timestamp, limit: Int = 10) throws -> Int {
            try database.transact {
                try Receipts(transaction: $0).sweep(consumer: "orders", before: cutoff, limit: limit)
            }
        }
        #expect(try sweep(before: now) == 0)
        #expect(try sweep(before: later, limit: 2) == 2)
        #expect(try sweep(before: later, limit: 2) == 1)
        #expect(try database.transact { try Receipts(transaction: $0).exists(consumer: "campaigns", key: "a") })
    }
}
