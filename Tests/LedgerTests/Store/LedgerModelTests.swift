import Foundation
import Ledger
import Persistence
import Scheduling
import Testing
import TradingCore

/// The store against a second implementation of the rules: whatever is asked in whatever order, both answer alike.
@Suite(.serialized) struct LedgerModelTests {
    /// `LEDGER_SEEDS=1...500` in the environment runs other seeds than the two that every run takes.
    static let seeds: [UInt64] = {
        let bounds = (ProcessInfo.processInfo.environment["LEDGER_SEEDS"] ?? "").split(separator: ".").map {
            UInt64($0)
        }
        if bounds.count == 2, let first = bounds[0], let last = bounds[1], first <= last { return Array(first...last) }
        return [1, 20_260_117]
    }()

    @Test(arguments: seeds, LedgerDatabase.available)
    func `both ledgers answer alike`(_ seed: UInt64, _ kind: LedgerDatabase) async throws {
        try await withLedger(kind) { database in
            var script = try Script(seed: seed)
            var naive = NaiveLedger()
            var now: Int64 = 0
            for number in 0..<600 {
                now += Int64(script.random.below(3))
                if script.random.below(20) == 0 {
                    let ended = try await expire(database, now)
                    let due = naive.due(now)
                    #expect(Set(ended) == Set(due), "seed \(seed), operation \(number)")
                    for id in due { _ = naive.apply(try expiry(of: id), now: now) }
                } else {
                    let posting = try script.posting(number, naive)
                    let expected = naive.apply(posting, now: now)
                    let outcome = try await outcome(database, posting, now)
                    try #require(
                        outcome == expected, "seed \(seed), operation \(number): \(posting.key) [\(posting.content)]")
                }
                if number % 50 == 49 { try await compare(database, naive, "seed \(seed), operation \(number)") }
            }
            try await database.expectSound()
        }
    }

    private func outcome(
        _ database: any SQLDatabase, _ posting: LedgerPosting, _ now: Int64
    ) async throws -> NaiveLedger.Outcome {
        // Caught inside the transaction, which commits: nothing may be left behind.
        try await database.write { transaction in
            do {
                let receipt = try LedgerStore(transaction: transaction).apply(posting, now: Timestamp(nanoseconds: now))
                let amounts = receipt.movements.map(\.amount.raw)
                return receipt.isRepeat ? .repeated(amounts) : .applied(amounts)
            } catch let error as LedgerError { return .refused(error) }
        }
    }

    private func expire(_ database: any SQLDatabase, _ now: Int64) async throws -> [LedgerStepID] {
        try await database.write {
            try LedgerStore(transaction: $0).expireDue(now: Timestamp(nanoseconds: now), limit: 1_000).expired.map(\.id)
        }
    }

    /// The naive ledger knows no reserved keys.
    private func expiry(of id: LedgerStepID) throws -> LedgerPosting {
        try LedgerPosting(key: "expire:\(id.key):\(id.step)", .expire(id))
    }

    private func compare(_ database: any SQLDatabase, _ naive: NaiveLedger, _ place: Comment) async throws {
        let balances = try await database.read { try LedgerStore(transaction: $0).balances(limit: 1_000) }
        // Who was only promised something has a row and no entry.
        #expect(balances.count { $0.entryCount > 0 } == naive.entries.count, place)
        for balance in balances {
            #expect(balance.available.raw == naive.available[balance.account] ?? 0, place)
            #expect(balance.locked.raw == naive.locked[balance.account] ?? 0, place)
            #expect(balance.entryCount == naive.entries[balance.account] ?? 0, place)
        }
        for (id, expected) in naive.reservations {
            let stored = try #require(try await database.reservation(id), place)
            #expect(stored.remaining.raw == expected.remaining, place)
            #expect(stored.status.rawValue == expected.status, place)
        }
    }
}

/// What is asked: small amounts, few accounts, so that refusals, closed reservations and repeated keys are common.
private struct Script {
    var random: SplitMix64
    private let ours: [LedgerAccount]
    private let outside: [LedgerAccount]
    private var sent: [LedgerPosting] = []
    private var keys: [String] = []

    init(seed: UInt64) throws {
        random = SplitMix64(seed: seed)
        let assets = [Accounts.usdt, Accounts.btc]
        ours = try assets.flatMap { asset in try (1...3).map { try Accounts.order("\($0)", asset) } }
        outside = try assets.flatMap { [try Accounts.world($0), try Accounts.exchange($0)] }
    }

    mutating func posting(_ number: Int, _ naive: NaiveLedger) throws -> LedgerPosting {
        if !sent.isEmpty, random.below(8) == 0 { return pick(sent) }
        let key = !keys.isEmpty && random.below(15) == 0 ? pick(keys) : "k\(number)"
        let count = random.below(3) == 0 ? Int(1 + random.below(4)) : 1
        var steps: [LedgerStep] = []
        while steps.count < count { steps.append(step()) }
        let posting = try LedgerPosting(key: key, steps)
        sent.append(posting)
        keys.append(key)
        return posting
    }

    private mutating func step() -> LedgerStep {
        switch random.below(10) {
        case 0, 1:
            let to = pick(ours)
            return .transfer(from: pick(outside.filter { $0.asset == to.asset }), to: to, amount())
        case 2:
            let from = pick(ours)
            return .transfer(from: from, to: other(than: from), amount())
        case 3, 4:
            let from = pick(ours)
            let expiresAt = random.below(2) == 0 ? nil : Timestamp(nanoseconds: Int64(random.below(900)))
            return .reserve(from: from, to: other(than: from), amount(), expiresAt: expiresAt)
        case 5: return .post(earlier(), amount())
        case 6: return .postAndRelease(earlier(), amount())
        case 7: return .postWhole(earlier())
        case 8: return random.below(4) == 0 ? .expire(earlier()) : .void(earlier())
        default: return .reverse(earlier())
        }
    }

    private mutating func other(than account: LedgerAccount) -> LedgerAccount {
        pick((ours + outside).filter { $0.asset == account.asset && $0 != account })
    }

    /// Most often a recent one.
    private mutating func earlier() -> LedgerStepID {
        guard !keys.isEmpty else { return LedgerStepID("none") }
        let back = Int(random.below(UInt64(min(keys.count, random.below(3) == 0 ? 200 : 12))))
        return LedgerStepID(keys[keys.count - 1 - back], step: random.below(3) == 0 ? Int(random.below(4)) : 0)
    }

    private mutating func amount() -> FixedDecimal {
        FixedDecimal(raw: Int128(1 + random.below(40)) * 250_000_000_000_000_000)
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int(random.below(UInt64(elements.count)))]
    }
}
