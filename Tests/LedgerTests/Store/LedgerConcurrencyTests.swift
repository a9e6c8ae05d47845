import Ledger
import Persistence
import TestSupport
import Testing
import TradingCore

@Suite(.serialized) struct LedgerConcurrencyTests {
    @Test(.enabled(if: DatabaseEngine.hasPostgres, "\(DatabaseEngine.postgresAbsence)"))
    func `nodes that open accounts at once open each once, in one chain`() async throws {
        let url = try #require(DatabaseEngine.postgresURL)
        try await withTemporaryPostgres(on: url) { url in
            let nodes = [try await PostgresDatabase.open(url: url), try await PostgresDatabase.open(url: url)]
            try await Migrator(LedgerMigrations.all).migrate(nodes[0])
            try await withThrowingTaskGroup { group in
                for (node, database) in nodes.enumerated() {
                    for number in 0..<25 {
                        // Every other account is both nodes'.
                        let owner = number.isMultiple(of: 2) ? "shared-\(number)" : "\(node)-\(number)"
                        group.addTask {
                            try await database.deposit("1", Accounts.order(owner), key: "deposit-\(node)-\(number)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            let report = try await LedgerVerifier.verify(nodes[1])
            #expect(report.isSound, "\(report.findings)")
            #expect(report.accounts == 1 + 13 + 2 * 12)
            for database in nodes { await database.close() }
        }
    }

    /// The loser of a race for an account's next entry is tried again; nobody learns of it.
    @Test(.enabled(if: DatabaseEngine.hasPostgres, "\(DatabaseEngine.postgresAbsence)"))
    func `nodes that post to the same open accounts lose no posting, and none fails for the other's`() async throws {
        let url = try #require(DatabaseEngine.postgresURL)
        try await withTemporaryPostgres(on: url) { url in
            let nodes = [try await PostgresDatabase.open(url: url), try await PostgresDatabase.open(url: url)]
            try await Migrator(LedgerMigrations.all).migrate(nodes[0])
            let (order, other, exchange) = (try Accounts.order("7"), try Accounts.order("8"), try Accounts.exchange())
            for (number, account) in [order, other].enumerated() {
                try await nodes[0].deposit("1000", account, key: "opening-\(number)")
                try await nodes[0].apply("first-\(number)", .reserve(from: account, to: exchange, "1"))
            }
            try await withThrowingTaskGroup { group in
                for (node, database) in nodes.enumerated() {
                    group.addTask {
                        for number in 0..<100 {
                            let key = "\(node)-\(number)"
                            // In both directions, so that each waits for what the other holds.
                            let (from, to) = (node == 0) == number.isMultiple(of: 2) ? (order, other) : (other, order)
                            try await database.apply("t-" + key, .transfer(from: from, to: to, "0.5"))
                            try await database.apply("r-" + key, .reserve(from: from, to: exchange, "1"))
                            try await database.apply("p-" + key, .postAndRelease(LedgerStepID("r-" + key), "0.25"))
                        }
                    }
                }
                try await group.waitForAll()
            }
            let report = try await LedgerVerifier.verify(nodes[1])
            #expect(report.isSound, "\(report.findings)")
            for database in nodes { await database.close() }
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `however many reserve at once, no account is overdrawn and nothing is refused for nothing`(
        _ engine: DatabaseEngine
    ) async throws {
        let order = try Accounts.order("7")
        let exchange = try Accounts.exchange()
        try await withLedger(.engine(engine)) { database in
            try await database.deposit("100", order)
            let granted = Tally()
            let refused = Tally()
            await withTaskGroup(of: Void.self) { group in
                for caller in 0..<64 {
                    group.addTask {
                        for number in 0..<5 {
                            do {
                                try await database.apply(
                                    "r-\(caller)-\(number)", .reserve(from: order, to: exchange, "1"))
                                granted.add()
                            } catch LedgerError.overdraw(_, "1", "0") {
                                refused.add()
                            } catch { Issue.record("\(error)") }
                        }
                    }
                }
            }
            #expect(granted.count == 100)
            #expect(refused.count == 220)
            #expect(try await database.funds(order) == "0 100")
            try await database.expectSound()
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `one posting sent by many at once is applied once, and all get its receipt`(
        _ engine: DatabaseEngine
    ) async throws {
        let order = try Accounts.order("7")
        let posting = try LedgerPosting(key: "k", .transfer(from: Accounts.world(), to: order, "1"))
        try await withLedger(.engine(engine)) { database in
            let receipts = try await withThrowingTaskGroup(of: LedgerReceipt.self) { group in
                for _ in 0..<50 { group.addTask { try await database.apply(posting) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(receipts.count { !$0.isRepeat } == 1)
            #expect(Set(receipts.map(\.movements)).count == 1)
            #expect(try await database.funds(order) == "1 0")
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a verification beside writers finds nothing`(_ engine: DatabaseEngine) async throws {
        let exchange = try Accounts.exchange()
        try await withLedger(.engine(engine)) { database in
            for number in 0..<4 { try await database.deposit("1000", Accounts.order("\(number)")) }
            let writing = Tally()
            let callers = 8
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in 0..<callers {
                    group.addTask {
                        let order = try Accounts.order("\(caller % 4)")
                        for number in 0..<40 {
                            let key = "r-\(caller)-\(number)"
                            try await database.apply(key, .reserve(from: order, to: exchange, "0.5"))
                            try await database.apply("\(key)-post", .post(LedgerStepID(key), "0.2"))
                            try await database.apply(
                                "\(key)-end", .void(LedgerStepID(key)), .transfer(from: exchange, to: order, "0.2"))
                        }
                        writing.add()
                    }
                }
                var verifications = 0
                while writing.count < callers {
                    let report = try await LedgerVerifier.verify(database, entriesPerRead: 20)
                    #expect(report.isSound, "\(report.findings)")
                    verifications += 1
                }
                #expect(verifications > 0)
                try await group.waitForAll()
            }
            try await database.expectSound()
        }
    }
}
