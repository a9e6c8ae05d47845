import Testing
import TradingCore

@testable import Ledger

/// The rules without a database.
@Suite struct LedgerBookTests {
    private let order: LedgerAccount
    private let exchange: LedgerAccount
    private let world: LedgerAccount

    init() throws {
        order = try Accounts.order("7")
        exchange = try Accounts.exchange()
        world = try Accounts.world()
    }

    /// A book of one order with 100, of which a reservation `r` holds 40 until second 10, and a reversible step `t` of
    /// 5.
    private func book() -> LedgerBook {
        var book = LedgerBook()
        var funds = LedgerBalance(empty: order)
        (funds.available, funds.locked, funds.entryCount) = ("60", "40", 2)
        let from = book.add(rowID: 1, funds)
        let to = book.add(rowID: 2, LedgerBalance(empty: exchange))
        let outside = book.add(rowID: 3, LedgerBalance(empty: world))
        book.reservations = [
            LedgerBook.Reservation(
                rowID: 11, id: LedgerStepID("r"), from: from, to: to, expiresAt: .at(10), remaining: "40", status: .open
            ),
            LedgerBook.Reservation(
                rowID: 12, id: LedgerStepID("closed"), from: from, to: to, expiresAt: nil, remaining: "0",
                status: .voided),
            LedgerBook.Reservation(
                rowID: 13, id: LedgerStepID("endless"), from: from, to: to, expiresAt: nil, remaining: "1",
                status: .open),
        ]
        book.originals = [
            original(21, "t", .transfer, from, outside, nil), original(22, "hold", .reserve, from, outside, nil),
            original(23, "back", .reversal, from, outside, nil),
            original(24, "done", .transfer, from, outside, LedgerStepID("before", step: 2)),
        ]
        return book
    }

    private func original(
        _ row: Int64, _ key: String, _ kind: LedgerStepKind, _ from: Int, _ to: Int, _ by: LedgerStepID?
    ) -> LedgerBook.Original {
        LedgerBook.Original(
            rowID: row, id: LedgerStepID(key), kind: kind, from: from, to: to, amount: "5", reversedBy: by)
    }

    @Test func `every refusal names both sides`() throws {
        let (r, closed, endless) = (LedgerStepID("r"), LedgerStepID("closed"), LedgerStepID("endless"))
        let none = LedgerStepID("none")
        let huge = FixedDecimal(raw: .max)
        let cases: [([LedgerStep], Int64, LedgerError)] = [
            (
                [.transfer(from: order, to: exchange, "60.000000000000000001")], 0,
                .overdraw(account: order, asked: "60.000000000000000001", available: "60")
            ),
            ([.reserve(from: order, to: exchange, "61")], 0, .overdraw(account: order, asked: "61", available: "60")),
            (
                [.reserve(from: order, to: exchange, "60"), .transfer(from: order, to: exchange, "1")], 0,
                .overdraw(account: order, asked: "1", available: "0")
            ),
            (
                [.transfer(from: world, to: order, huge)], 0,
                .overflow(account: order, available: "60", change: huge)
            ),
            // 60 + 40 locked + the rest of the range is one too much in total, though not in what is available.
            (
                [.transfer(from: world, to: order, FixedDecimal(raw: .max - 99 * FixedDecimal.one128))], 0,
                .overflow(
                    account: order, available: "60", change: FixedDecimal(raw: .max - 99 * FixedDecimal.one128))
            ),
            (
                [.transfer(from: world, to: exchange, huge), .transfer(from: world, to: exchange, "1")], 0,
                .overflow(account: world, available: FixedDecimal(raw: -.max), change: "-1")
            ),
            ([.post(none, "1")], 0, .unknownReservation(none)),
            ([.postWhole(LedgerStepID("r", step: 1))], 0, .unknownReservation(LedgerStepID("r", step: 1))),
            ([.void(none)], 0, .unknownReservation(none)),
            ([.post(closed, "1")], 0, .reservationClosed(closed, .voided)),
            ([.void(closed)], 0, .reservationClosed(closed, .voided)),
            ([.expire(closed)], 0, .reservationClosed(closed, .voided)),
            ([.postWhole(r), .void(r)], 0, .reservationClosed(r, .posted)),
            ([.post(r, "40.1")], 0, .overPost(r, asked: "40.1", remaining: "40")),
            ([.post(r, "30"), .post(r, "11")], 0, .overPost(r, asked: "11", remaining: "10")),
            ([.postAndRelease(r, "41")], 0, .overPost(r, asked: "41", remaining: "40")),
            ([.post(r, "1")], 10, .reservationExpired(r, expiresAt: .at(10), now: .at(10))),
            ([.postWhole(r)], 11, .reservationExpired(r, expiresAt: .at(10), now: .at(11))),
            ([.expire(r)], 9, .reservationNotDue(r, expiresAt: .at(10), now: .at(9))),
            ([.expire(endless)], 99, .reservationNotDue(endless, expiresAt: nil, now: .at(99))),
            ([.reverse(none)], 0, .unknownStep(none)),
            ([.reverse(LedgerStepID("hold"))], 0, .notReversible(LedgerStepID("hold"), .reserve)),
            ([.reverse(LedgerStepID("back"))], 0, .notReversible(LedgerStepID("back"), .reversal)),
            (
                [.reverse(LedgerStepID("done"))], 0,
                .alreadyReversed(LedgerStepID("done"), by: LedgerStepID("before", step: 2))
            ),
        ]
        for (steps, now, error) in cases {
            let posting = try LedgerPosting(key: "k", steps)
            var book = book()
            #expect(throws: error, "\(posting.content)") { try book.apply(posting, now: .at(now)) }
        }
    }

    /// What a step does to the order's funds, the other side's, and the reservation.
    @Test func `each step moves what it says`() throws {
        let r = LedgerStepID("r")
        let cases: [([LedgerStep], Int64, String, String, String)] = [
            ([.transfer(from: order, to: exchange, "60")], 0, "0 40", "60 0", "40 open"),
            ([.reserve(from: order, to: exchange, "60")], 0, "0 100", "0 0", "40 open"),
            ([.post(r, "15")], 0, "60 25", "15 0", "25 open"),
            ([.post(r, "15"), .post(r, "25")], 0, "60 0", "40 0", "0 posted"),
            ([.post(r, "15"), .void(r)], 0, "85 0", "15 0", "0 voided"),
            ([.postAndRelease(r, "15")], 0, "85 0", "15 0", "0 posted"),
            ([.postAndRelease(r, "40")], 0, "60 0", "40 0", "0 posted"),
            ([.postWhole(r)], 9, "60 0", "40 0", "0 posted"),
            ([.void(r)], 0, "100 0", "0 0", "0 voided"),
            // Given back late or by the sweep, the money is the same.
            ([.void(r)], 99, "100 0", "0 0", "0 voided"),
            ([.expire(r)], 10, "100 0", "0 0", "0 expired"),
            // Money that arrives in a list can be spent in it.
            (
                [.transfer(from: exchange, to: order, "1"), .transfer(from: order, to: exchange, "61")], 0, "0 40",
                "60 0", "40 open"
            ),
        ]
        for (steps, now, funds, other, reservation) in cases {
            let posting = try LedgerPosting(key: "k", steps)
            var book = book()
            let movements = try book.apply(posting, now: .at(now))
            #expect(movements.count == steps.count)
            #expect(text(book.accounts[0].balance) == funds, "\(posting.content)")
            #expect(text(book.accounts[1].balance) == other, "\(posting.content)")
            #expect("\(book.reservations[0].remaining) \(book.reservations[0].status)" == reservation)
            let sum = book.accounts.reduce(Int128(0)) { $0 + $1.balance.total.raw }
            #expect(sum == 100 * FixedDecimal.one128)
        }
    }

    @Test func `a reversal goes the other way, once`() throws {
        var book = book()
        let id = LedgerStepID("t")
        let posting = try LedgerPosting(key: "k", [.transfer(from: order, to: exchange, "1"), .reverse(id)])
        let movements = try book.apply(posting, now: .zero)
        #expect(text(book.accounts[0].balance) == "64 40")
        #expect(text(book.accounts[2].balance) == "-5 0")
        #expect(movements[1].from == 2)
        #expect(movements[1].to == 0)
        let again = try LedgerPosting(key: "l", .reverse(id))
        #expect(throws: LedgerError.alreadyReversed(id, by: LedgerStepID("k", step: 1))) {
            try book.apply(again, now: .zero)
        }
    }

    @Test func `each entry follows from the one before`() throws {
        var book = book()
        let head = book.accounts[0].balance.head
        let posting = try LedgerPosting(key: "k", [.post(LedgerStepID("r"), "1"), .void(LedgerStepID("r"))])
        let movements = try book.apply(posting, now: .at(3))
        let first = LedgerChain.Entry(
            sequence: 3, contentHash: posting.contentHash, step: 0,
            change: BalanceChange(available: 0, locked: -FixedDecimal.one128), postedAt: .at(3)
        ).hash(after: head)
        let second = LedgerChain.Entry(
            sequence: 4, contentHash: posting.contentHash, step: 1,
            change: BalanceChange(available: 39 * FixedDecimal.one128, locked: -39 * FixedDecimal.one128),
            postedAt: .at(3)
        ).hash(after: first)
        #expect(movements.map(\.debit.sequence) == [3, 4])
        #expect(movements.map(\.debit.hash) == [first, second])
        #expect(movements.map { $0.credit?.sequence } == [1, nil])
        #expect(book.accounts[0].balance.head == second)
        #expect(book.accounts[0].balance.entryCount == 4)
    }

    private func text(_ balance: LedgerBalance) -> String { "\(balance.available) \(balance.locked)" }
}
