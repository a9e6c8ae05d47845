import Testing
import TradingCore

@testable import Ledger

@Suite struct LedgerPostingTests {
    @Test func `what needs no books is refused before anything is opened`() throws {
        let (one, other) = (try Accounts.order("1"), try Accounts.order("2"))
        let bitcoin = try Accounts.order("1", Accounts.btc)
        let transfer = LedgerStep.transfer(from: one, to: other, "1")
        let longKey = String(repeating: "k", count: 201)
        let cases: [(String, [LedgerStep], LedgerError)] = [
            ("", [transfer], .badKey("", rule: "a key is 1 to 200 visible ASCII characters without '#'")),
            ("a b", [transfer], .badKey("a b", rule: "a key is 1 to 200 visible ASCII characters without '#'")),
            ("a#0", [transfer], .badKey("a#0", rule: "a key is 1 to 200 visible ASCII characters without '#'")),
            ("é", [transfer], .badKey("é", rule: "a key is 1 to 200 visible ASCII characters without '#'")),
            (longKey, [transfer], .badKey(longKey, rule: "a key is 1 to 200 visible ASCII characters without '#'")),
            (
                "ledger:expire:x", [transfer],
                .badKey("ledger:expire:x", rule: "keys that begin with 'ledger:' are the ledger's own")
            ),
            ("k", [], .stepCount(0, limit: 64)),
            ("k", Array(repeating: transfer, count: 65), .stepCount(65, limit: 64)),
            ("k", [.transfer(from: one, to: other, "0")], .amountNotPositive(step: 0, "0")),
            ("k", [transfer, .transfer(from: one, to: other, "-1")], .amountNotPositive(step: 1, "-1")),
            ("k", [.reserve(from: one, to: other, "0")], .amountNotPositive(step: 0, "0")),
            ("k", [.post(LedgerStepID("r"), "0")], .amountNotPositive(step: 0, "0")),
            ("k", [.postAndRelease(LedgerStepID("r"), "-1")], .amountNotPositive(step: 0, "-1")),
            ("k", [.transfer(from: one, to: one, "1")], .sameAccount(step: 0, one)),
            ("k", [.reserve(from: one, to: one, "1")], .sameAccount(step: 0, one)),
            ("k", [.transfer(from: one, to: bitcoin, "1")], .mixedAssets(step: 0, from: one, to: bitcoin)),
            ("k", [.reserve(from: bitcoin, to: one, "1")], .mixedAssets(step: 0, from: bitcoin, to: one)),
        ]
        for (key, steps, error) in cases {
            #expect(throws: error, "\(error)") { try LedgerPosting(key: key, steps) }
        }
    }

    @Test func `every difference in what is asked for gives another hash`() throws {
        let (one, other) = (try Accounts.order("1"), try Accounts.order("2"))
        let id = LedgerStepID("r")
        let postings: [(String, [LedgerStep])] = [
            ("k", [.transfer(from: one, to: other, "1")]),
            ("l", [.transfer(from: one, to: other, "1")]),
            ("k", [.transfer(from: other, to: one, "1")]),
            ("k", [.transfer(from: one, to: other, "1.000000000000000001")]),
            ("k", [.transfer(from: one, to: other, "1"), .transfer(from: one, to: other, "1")]),
            ("k", [.reserve(from: one, to: other, "1")]),
            ("k", [.reserve(from: one, to: other, "1", expiresAt: .zero)]),
            ("k", [.reserve(from: one, to: other, "1", expiresAt: .at(1))]),
            ("k", [.post(id, "1")]), ("k", [.postAndRelease(id, "1")]), ("k", [.postWhole(id)]),
            ("k", [.postWhole(LedgerStepID("r", step: 1))]), ("k", [.void(id)]), ("k", [.expire(id)]),
            ("k", [.reverse(id)]), ("k", [.void(id), .reverse(id)]), ("k", [.reverse(id), .void(id)]),
        ]
        let hashes = try postings.map { try LedgerPosting(key: $0.0, $0.1).contentHash }
        #expect(Set(hashes).count == hashes.count)
    }

    /// What is stored today must have the same hash in every later version.
    @Test func `content and hashes keep their form`() throws {
        let posting = try LedgerPosting(
            key: "fill-1",
            [
                .reserve(from: Accounts.order("1"), to: Accounts.exchange(), "10.50", expiresAt: .at(2)),
                .post(LedgerStepID("r", step: 3), "0.1"),
            ])
        #expect(
            posting.content
                == """
                reserve 10.5 order:1/USDT exchange:binance:main/USDT until 2000000000
                post 0.1 of r#3
                """)
        // printf 'mrmarket-ledger-1\nfill-1\nreserve 10.5 …\npost 0.1 of r#3' | sha256sum
        #expect("\(posting.contentHash)" == "4bea0ea58aab41dff2e280a55351a2042b33cb0ebb56bafe245a4ca86312b6f8")
        // printf 'mrmarket-ledger-1\norder:1/USDT' | sha256sum
        #expect(
            "\(LedgerChain.start(try Accounts.order("1")))"
                == "65a63346c5fce8ed97753eed0a46f7ec56197c1d01af4bb9211a56af779f2760")
        let entry = LedgerChain.Entry(
            sequence: 1, contentHash: posting.contentHash, step: 0, change: BalanceChange(available: -1, locked: 1),
            postedAt: .at(1))
        #expect(
            "\(entry.hash(after: LedgerChain.start(try Accounts.order("1"))))"
                == "5bd9aa44bc82a720b39fdf0cb4dc79142c52ee171c20d385c3de94255e0dc924")
    }
}
