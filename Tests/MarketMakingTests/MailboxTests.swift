import Exchanges
import Synchronization
import Testing
import TradingCore

@testable import MarketMaking

/// What comes faster than an executor takes it in.
@Suite struct MailboxTests {
    private let now = Timestamp(nanoseconds: 1)

    private func taken(_ mailbox: Mailbox) -> [ExecutorInput] {
        var inputs: [ExecutorInput] = []
        mailbox.take(into: &inputs)
        return inputs
    }

    private func kinds(_ mailbox: Mailbox) -> [String] {
        taken(mailbox).map { input in
            switch input {
            case .market(let records, _): "market \(records.count)"
            case .account: "account"
            case .marketOverflow: "market overflow"
            case .accountOverflow: "account overflow"
            case .wake: "wake"
            }
        }
    }

    private func records(_ count: Int) -> [MarketRecord] {
        let record = MarketRecord(
            time: now, kind: .heartbeat, side: .buy, price: Price(ticks: 0), quantity: Quantity(lots: 0), isLast: true)
        return Array(repeating: record, count: count)
    }

    @Test func `of a market that is told too much the executor learns that it has to begin anew, and nothing else`() {
        let mailbox = Mailbox(maximumRecords: 10, maximumAccountUpdates: 3)
        mailbox.market(records(6), at: now)
        mailbox.account(.alive)
        mailbox.market(records(4), at: now)
        mailbox.market(records(1), at: now)
        // What follows a gap is of no use until it is known of.
        mailbox.market(records(2), at: now)
        #expect(kinds(mailbox) == ["account", "market overflow"])
        mailbox.market(records(10), at: now)
        #expect(kinds(mailbox) == ["market 10"])
    }

    @Test func `an account that tells too much is asked about instead`() {
        let mailbox = Mailbox(maximumRecords: 10, maximumAccountUpdates: 3)
        for _ in 1...3 { mailbox.account(.alive) }
        mailbox.market(records(1), at: now)
        for _ in 1...5 { mailbox.account(.alive) }
        #expect(kinds(mailbox) == ["market 1", "account overflow"])
        mailbox.account(.alive)
        #expect(kinds(mailbox) == ["account"])
    }

    @Test func `its reader is told once until it has come`() {
        let mailbox = Mailbox()
        let calls = Atomic(0)
        mailbox.open { _ in calls.add(1, ordering: .relaxed) }
        for _ in 1...3 { mailbox.account(.alive) }
        #expect(calls.load(ordering: .relaxed) == 1)
        #expect(taken(mailbox).count == 3)
        mailbox.account(.alive)
        #expect(calls.load(ordering: .relaxed) == 2)
    }
}
