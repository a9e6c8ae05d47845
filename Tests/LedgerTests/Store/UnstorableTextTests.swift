import Ledger
import Persistence
import TestSupport
import Testing
import TradingCore

/// A database keeps no U+0000 in a text, so what is named with one would be hashed under one name and stored under another.
@Suite struct UnstorableTextTests {
    /// Beside U+0000 others that engines, hashes and people may read differently.
    private static let texts = ["a\u{0}b", "\u{0}", "a\u{FFFD}b", "a\nb", "e\u{301}", ""]

    private static func isBadKey(_ body: () throws -> Void) -> Bool {
        do { try body() } catch LedgerError.badKey { return true } catch { return false }
        return false
    }

    private static func isBadAccount(_ body: () throws -> LedgerAccount) -> Bool {
        do { _ = try body() } catch LedgerError.badAccount { return true } catch { return false }
        return false
    }

    @Test(arguments: LedgerDatabase.available, texts)
    func `no key, account or step is named by what is not stored as it is, and nothing is left of the attempt`(
        _ kind: LedgerDatabase, _ text: String
    ) async throws {
        try await withLedger(kind) { database in
            let (one, other) = (try Accounts.order("1"), try Accounts.order("2"))
            try await database.deposit("10", one)
            try await database.apply("held", .reserve(from: one, to: other, "1"))
            let before = try await database.everything()
            let id = LedgerStepID(text)
            let postings: [(String, LedgerStep)] = [
                (text, .transfer(from: one, to: other, "1")), ("k1", .post(id, "1")), ("k2", .postAndRelease(id, "1")),
                ("k3", .postWhole(id)), ("k4", .void(id)), ("k5", .expire(id)), ("k6", .reverse(id)),
            ]
            try await database.write { transaction in
                let store = LedgerStore(transaction: transaction)
                for (key, step) in postings {
                    #expect(Self.isBadKey { try store.apply(LedgerPosting(key: key, step), now: .zero) }, "\(key)")
                }
                #expect(Self.isBadKey { try store.reverse("deposit-\(one)", as: text, now: .zero) })
            }
            #expect(Self.isBadAccount { try LedgerAccount(.order, text, Accounts.usdt) })
            #expect(Self.isBadAccount { try LedgerAccount(.order, "1", AssetID(text)) })
            #expect(Self.isBadAccount { try LedgerAccount(path: "order:\(text)/USDT") })
            #expect(Self.isBadAccount { try LedgerAccount(path: "order:1/\(text)") })
            #expect(try await database.everything() == before)
            try await database.expectSound()
        }
    }
}
