import Ledger
import Persistence
import Testing
import TradingCore

/// What somebody with the file in his hands may do, and what is said about it.
@Suite struct TamperingTests {
    /// Order 7 has 100 put in (entry 1), 40 reserved (2), 10 of it posted (3), a list of 5 and 6 paid out (4, 5), 7
    /// reserved (6) and that voided (7); 30 are still reserved. The exchange has entries 1 to 3.
    private func withBooks(
        _ kind: LedgerDatabase = .memory, _ body: (any SQLDatabase) async throws -> Void
    ) async throws {
        let (order, exchange) = (try Accounts.order("7"), try Accounts.exchange())
        try await withLedger(kind) { database in
            try await database.deposit("100", order, key: "deposit")
            try await database.apply("place", .reserve(from: order, to: exchange, "40"))
            try await database.apply("fill", .post(LedgerStepID("place"), "10"))
            try await database.apply(
                "pay", .transfer(from: order, to: exchange, "5"), .transfer(from: order, to: exchange, "6"))
            try await database.apply("hold", .reserve(from: order, to: exchange, "7"))
            try await database.apply("drop", .void(LedgerStepID("hold")))
            try await database.expectSound()
            try await body(database)
        }
    }

    private func findings(_ statements: [SQL], _ kind: LedgerDatabase) async throws -> [String] {
        var findings: [String] = []
        try await withBooks(kind) { database in
            try await database.write { transaction in
                for statement in statements { try transaction.execute(statement) }
            }
            let report = try await LedgerVerifier.verify(database, entriesPerRead: 3)
            #expect(report.isFinished)
            #expect(report.findingCount == report.findings.count)
            findings = report.findings.map { finding in
                var text = "\(finding.rule.rawValue) \(finding.account)"
                if let sequence = finding.sequence { text += " \(sequence)" }
                if let step = finding.step { text += " \(step)" }
                return text
            }
        }
        return findings
    }

    private static let order = "order:7/USDT"
    private static let exchange = "exchange:binance:main/USDT"
    private static let world = "world:deposits/USDT"

    /// The hash that an account's chain begins with.
    private static func start(_ path: String) -> SQLValue {
        guard let account = try? LedgerAccount(path: path) else { return .null }
        return LedgerBalance(empty: account).head.sqlValue
    }

    static let cases: [(String, [SQL], [String])] = [
        (
            "an amount changed", ["UPDATE ledger_transfers SET amount = '6' WHERE amount = '5'"],
            [
                "changedEntry \(order) 4 pay#0", "balance \(order)", "changedEntry \(exchange) 2 pay#0",
                "balance \(exchange)", "changedPosting \(order) 4 pay",
            ]
        ),
        (
            "an amount written otherwise", ["UPDATE ledger_transfers SET amount = '5.0' WHERE amount = '5'"],
            ["unreadable \(order) 4", "balance \(order)", "unreadable \(exchange) 2", "balance \(exchange)"]
        ),
        (
            "a time changed", ["UPDATE ledger_transfers SET posted_at = 1 WHERE key = 'deposit'"],
            ["changedEntry \(world) 1 deposit#0", "changedEntry \(order) 1 deposit#0"]
        ),
        (
            "a key changed", ["UPDATE ledger_transfers SET key = 'other' WHERE key = 'fill'"],
            ["changedPosting \(order) 3 other"]
        ),
        (
            "an expiry added", ["UPDATE ledger_transfers SET expires_at = 9 WHERE key = 'place'"],
            ["changedPosting \(order) 2 place"]
        ),
        (
            "a hash changed with its content",
            ["UPDATE ledger_transfers SET content_hash = debit_hash WHERE key = 'fill'"],
            ["changedEntry \(order) 3 fill#0", "changedEntry \(exchange) 1 fill#0", "changedPosting \(order) 3 fill"]
        ),
        (
            "an entry's hash changed", ["UPDATE ledger_transfers SET debit_hash = content_hash WHERE key = 'fill'"],
            ["changedEntry \(order) 3 fill#0", "changedEntry \(order) 4 pay#0"]
        ),
        (
            "an entry deleted in the middle", ["DELETE FROM ledger_transfers WHERE key = 'fill'"],
            [
                "missingEntry \(order) 3", "balance \(order)", "reservation \(order) place#0",
                "missingEntry \(exchange) 1", "balance \(exchange)",
            ]
        ),
        (
            "the tail truncated", ["DELETE FROM ledger_transfers WHERE key = 'drop'"],
            ["missingEntry \(order) 7", "balance \(order)", "reservation \(order) hold#0"]
        ),
        (
            "the rest of a list deleted", ["DELETE FROM ledger_transfers WHERE amount = '6'"],
            [
                "missingEntry \(order) 5", "balance \(order)", "missingEntry \(exchange) 3", "balance \(exchange)",
                "changedPosting \(order) 4 pay",
            ]
        ),
        (
            "two entries swapped",
            [
                "UPDATE ledger_transfers SET debit_sequence = 99 WHERE amount = '5'",
                "UPDATE ledger_transfers SET debit_sequence = 4 WHERE amount = '6'",
                "UPDATE ledger_transfers SET debit_sequence = 5 WHERE amount = '5'",
            ],
            ["changedEntry \(order) 4 pay#1", "changedEntry \(order) 5 pay#0", "changedEntry \(order) 6 hold#0"]
        ),
        (
            "a balance changed", ["UPDATE ledger_accounts SET available = '60' WHERE path = \(order)"],
            ["balance \(order)", "assetSum USDT"]
        ),
        (
            "locked funds made available",
            ["UPDATE ledger_accounts SET available = '79', locked = '0' WHERE path = \(order)"],
            ["balance \(order)", "reservation \(order)"]
        ),
        (
            "the count lowered", ["UPDATE ledger_accounts SET entry_count = 6 WHERE path = \(order)"],
            ["uncountedEntry \(order) 7", "head \(order)", "balance \(order)", "reservation \(order) hold#0"]
        ),
        (
            "the head changed",
            [
                "UPDATE ledger_accounts SET head = (SELECT content_hash FROM ledger_transfers WHERE key = 'fill') WHERE path = \(order)"
            ],
            ["head \(order)"]
        ),
        (
            "money conjured up on both sides",
            [
                "UPDATE ledger_accounts SET available = '60' WHERE path = \(order)",
                "UPDATE ledger_accounts SET available = '-111' WHERE path = \(world)",
            ], ["balance \(world)", "balance \(order)"]
        ),
        (
            "a reservation's rest changed", ["UPDATE ledger_transfers SET remaining = '29' WHERE key = 'place'"],
            ["reservation \(order) place#0", "reservation \(order)"]
        ),
        (
            "a closed reservation opened again",
            ["UPDATE ledger_transfers SET remaining = '7', status = 'open' WHERE key = 'hold'"],
            ["reservation \(order) 7 drop#0", "reservation \(order) hold#0", "reservation \(order)"]
        ),
        (
            "an open reservation closed",
            ["UPDATE ledger_transfers SET remaining = '0', status = 'posted' WHERE key = 'place'"],
            ["reservation \(order) place#0", "reservation \(order)"]
        ),
        (
            "how a reservation ended", ["UPDATE ledger_transfers SET status = 'posted' WHERE key = 'hold'"],
            ["reservation \(order) 7 drop#0"]
        ),
        (
            "an amount that is none", ["UPDATE ledger_transfers SET amount = 'five' WHERE amount = '5'"],
            [
                "unreadable \(order) 4", "balance \(order)", "unreadable \(exchange) 2", "balance \(exchange)",
                "unreadable posting pay pay",
            ]
        ),
        (
            "an account renamed", ["UPDATE ledger_accounts SET path = 'order:8/USDT' WHERE path = \(order)"],
            [
                "unopenedAccount order:8/USDT", "changedEntry order:8/USDT 1 deposit#0",
                "changedPosting \(world) 1 deposit",
                "changedPosting order:8/USDT 2 place", "changedPosting order:8/USDT 4 pay",
                "changedPosting order:8/USDT 6 hold", "missingAccount \(order)",
            ]
        ),
        (
            "an account that is none", ["UPDATE ledger_accounts SET path = 'nonsense' WHERE path = \(world)"],
            [
                "unreadable nonsense", "unreadable posting deposit deposit", "missingAccount \(world)", "assetSum USDT",
                "assetSum nonsense",
            ]
        ),
        (
            "everything emptied but the openings", ["DELETE FROM ledger_transfers", "DELETE FROM ledger_accounts"],
            ["missingAccount \(world)", "missingAccount \(order)", "missingAccount \(exchange)"]
        ),
        (
            "everything emptied but the head",
            ["DELETE FROM ledger_transfers", "DELETE FROM ledger_accounts", "DELETE FROM ledger_openings"],
            ["opening ledger_head"]
        ),
        (
            "everything emptied",
            [
                "DELETE FROM ledger_transfers", "DELETE FROM ledger_accounts", "DELETE FROM ledger_openings",
                "DELETE FROM ledger_head",
            ], ["opening ledger_head"]
        ),
        (
            "all entries gone, and all rows set back to the beginning",
            [
                "DELETE FROM ledger_transfers",
                "UPDATE ledger_accounts SET available = '0', locked = '0', entry_count = 0, head = (\(start(world))) WHERE path = \(world)",
                "UPDATE ledger_accounts SET available = '0', locked = '0', entry_count = 0, head = (\(start(order))) WHERE path = \(order)",
                "UPDATE ledger_accounts SET available = '0', locked = '0', entry_count = 0, head = (\(start(exchange))) WHERE path = \(exchange)",
            ], ["missingAccount \(world)", "missingAccount \(order)", "missingAccount \(exchange)"]
        ),
        (
            "an opening deleted", ["DELETE FROM ledger_openings WHERE path = \(order)"],
            ["unopenedAccount \(order)", "opening ledger_openings"]
        ),
        (
            "the last opening deleted", ["DELETE FROM ledger_openings WHERE path = \(exchange)"],
            ["unopenedAccount \(exchange)", "opening ledger_head"]
        ),
        (
            "an opening of another account",
            ["UPDATE ledger_openings SET path = 'order:9/USDT' WHERE path = \(order)"],
            ["unopenedAccount \(order)", "opening order:9/USDT", "missingAccount order:9/USDT"]
        ),
        (
            "the head's number lowered", ["UPDATE ledger_head SET openings = 2"], ["opening ledger_head"]
        ),
        (
            "everybody may overdraw", ["UPDATE ledger_accounts SET may_overdraw = 1"], ["overdraft \(order)"]
        ),
        (
            "the world may not overdraw", ["UPDATE ledger_accounts SET may_overdraw = 0 WHERE path = \(exchange)"],
            ["overdraft \(exchange)"]
        ),
        (
            "a balance that is none", ["UPDATE ledger_accounts SET available = '' WHERE path = \(world)"],
            ["unreadable \(world)", "assetSum USDT"]
        ),
    ]

    @Test(arguments: LedgerDatabase.available)
    func `what was changed is found and named`(_ kind: LedgerDatabase) async throws {
        for (what, statements, expected) in Self.cases {
            let found = try await findings(statements, kind)
            #expect(found == expected, "\(what)")
        }
    }

    @Test(arguments: LedgerDatabase.available)
    func `an account that only reservations name is sound, and opened by its first entry`(
        _ kind: LedgerDatabase
    ) async throws {
        let (order, exchange) = (try Accounts.order("7"), try Accounts.exchange())
        try await withLedger(kind) { database in
            func openings() async throws -> [String] {
                try await database.read { transaction in
                    try transaction.rows("SELECT path FROM ledger_openings ORDER BY number").map { try $0.get(0) }
                }
            }
            try await database.deposit("10", order, key: "deposit")
            try await database.apply("place", .reserve(from: order, to: exchange, "5"))
            try await database.expectSound()
            #expect(try await openings() == [Self.world, Self.order])
            try await database.apply("fill", .post(LedgerStepID("place"), "1"))
            try await database.expectSound()
            #expect(try await openings() == [Self.world, Self.order, Self.exchange])
        }
    }

    @Test func `a finding tells what was expected and what is there`() async throws {
        try await withBooks { database in
            try await database.execute("UPDATE ledger_accounts SET available = '60' WHERE path = \(Self.order)")
            let report = try await LedgerVerifier.verify(database)
            #expect(
                report.findings.map(\.description) == [
                    "balance: order:7/USDT: expected available 49, locked 30, found available 60, locked 30",
                    "assetSum: USDT: expected 0, found 11",
                ])
            #expect(!report.isSound)
        }
    }

    @Test func `a report counts what it looked at, whatever the size of the pages`() async throws {
        try await withBooks { database in
            for size in [1, 2, 3, 1_000] {
                let report = try await LedgerVerifier.verify(database, entriesPerRead: size)
                #expect(report.isSound)
                #expect(report.accounts == 3)
                #expect(report.entries == 11)
                #expect(report.postings == 6)
                #expect(report.openReservations == 1)
            }
        }
    }
}
