import Ledger
import Persistence
import Testing
import TradingCore

@Suite(.serialized) struct LedgerStoreTests {
    private let order: LedgerAccount
    private let base: LedgerAccount
    private let exchange: LedgerAccount

    init() throws {
        order = try Accounts.order("7")
        base = try Accounts.order("7", Accounts.btc)
        exchange = try Accounts.exchange()
    }

    // MARK: - What is kept

    @Test(arguments: LedgerDatabase.available)
    func `a reservation is posted in parts, and the rest given back`(_ kind: LedgerDatabase) async throws {
        try await withLedger(kind) { database in
            try await database.deposit("100", order)
            let id = LedgerStepID("place")
            try await database.apply("place", .reserve(from: order, to: exchange, "40", expiresAt: .at(50)))
            #expect(try await database.funds(order) == "60 40")
            try await database.apply("fill-1", .post(id, "10.5"))
            #expect(try await database.funds(order) == "60 29.5")
            #expect(try await database.reservation(id)?.remaining == "29.5")
            try await database.apply("fill-2", .postAndRelease(id, "4.5"), at: .at(9))
            #expect(try await database.funds(order) == "85 0")
            #expect(try await database.funds(exchange) == "15 0")
            let reservation = try #require(try await database.reservation(id))
            #expect(reservation.from == order)
            #expect(reservation.to == exchange)
            #expect(reservation.amount == "40")
            #expect(reservation.remaining == "0")
            #expect(reservation.status == .posted)
            #expect(reservation.expiresAt == .at(50))
            try await database.expectSound()
        }
    }

    /// A fill: base comes in, quote goes out of the reservation, the fee goes out; all or nothing.
    @Test(arguments: LedgerDatabase.available)
    func `a list of steps over several accounts and assets is booked whole`(_ kind: LedgerDatabase) async throws {
        try await withLedger(kind) { database in
            try await database.deposit("100", order)
            try await database.apply("place", .reserve(from: order, to: exchange, "60"))
            let fill = try LedgerPosting(
                key: "fill",
                [
                    .transfer(from: Accounts.exchange(Accounts.btc), to: base, "0.001"),
                    .post(LedgerStepID("place"), "30"),
                    .transfer(from: base, to: Accounts.fees(Accounts.btc), "0.000001"),
                ])
            let receipt = try await database.apply(fill, at: .at(3))
            #expect(receipt.movements.map(\.kind) == [.transfer, .post, .transfer])
            #expect(receipt.movements.map(\.debitSequence) == [1, 3, 2])
            #expect(receipt.movements.map(\.creditSequence) == [1, 1, 1])
            #expect(receipt.postedAt == .at(3))
            #expect(try await database.funds(order) == "40 30")
            #expect(try await database.funds(base) == "0.000999 0")
            #expect(try await database.funds(Accounts.exchange(Accounts.btc)) == "-0.001 0")
            #expect(try await database.funds(Accounts.fees(Accounts.btc)) == "0.000001 0")
            try await database.expectSound()
        }
    }

    @Test(arguments: LedgerDatabase.available)
    func `reservations of one list are told apart by their step`(_ kind: LedgerDatabase) async throws {
        try await withLedger(kind) { database in
            try await database.deposit("100", order)
            try await database.apply(
                "ladder", .reserve(from: order, to: exchange, "1"), .reserve(from: order, to: exchange, "2"),
                .reserve(from: order, to: exchange, "3"))
            try await database.apply(
                "mixed", .postWhole(LedgerStepID("ladder", step: 1)), .void(LedgerStepID("ladder", step: 2)))
            #expect(try await database.reservation(LedgerStepID("ladder"))?.status == .open)
            #expect(try await database.reservation(LedgerStepID("ladder", step: 1))?.status == .posted)
            #expect(try await database.reservation(LedgerStepID("ladder", step: 2))?.status == .voided)
            #expect(try await database.reservation(LedgerStepID("ladder", step: 3)) == nil)
            #expect(try await database.funds(order) == "97 1")
            let open = try await database.read { [order] in
                try LedgerStore(transaction: $0).openReservations(of: order, limit: 10)
            }
            #expect(open.map(\.id) == [LedgerStepID("ladder")])
            try await database.expectSound()
        }
    }

    // MARK: - Keys

    @Test(arguments: LedgerDatabase.available)
    func `the same posting again changes nothing and gets the first receipt`(_ kind: LedgerDatabase) async throws {
        try await withLedger(kind) { database in
            try await database.deposit("10", order)
            let postings = [
                // The second time each of these would be refused by the rules.
                try LedgerPosting(key: "place", .reserve(from: order, to: exchange, "10", expiresAt: .at(9))),
                try LedgerPosting(
                    key: "fill",
                    [
                        .postAndRelease(LedgerStepID("place"), "4"),
                        .transfer(from: Accounts.exchange(Accounts.btc), to: base, "1"),
                    ]),
                try LedgerPosting(key: "pay", .transfer(from: order, to: exchange, "6")),
                try LedgerPosting(key: "back", .reverse(LedgerStepID("pay"))),
            ]
            var receipts: [LedgerReceipt] = []
            for posting in postings { receipts.append(try await database.apply(posting, at: .at(1))) }
            let before = try await database.everything()
            for (posting, first) in zip(postings, receipts) {
                let again = try await database.apply(posting, at: .at(100))
                #expect(again.isRepeat)
                #expect(!first.isRepeat)
                #expect(again.movements == first.movements)
                #expect(again.postedAt == .at(1))
            }
            #expect(try await database.everything() == before)
        }
    }

    @Test(arguments: LedgerDatabase.available)
    func `a key used for something else is refused, and both contents named`(_ kind: LedgerDatabase) async throws {
        try await withLedger(kind) { database in
            try await database.deposit("10", order)
            try await database.apply(
                "k", .transfer(from: order, to: exchange, "1"), .transfer(from: order, to: exchange, "2"))
            let stored =
                "transfer 1 order:7/USDT exchange:binance:main/USDT\ntransfer 2 order:7/USDT exchange:binance:main/USDT"
            let (world, new) = (try Accounts.world(), try Accounts.order("new"))
            let others: [[LedgerStep]] = [
                [.transfer(from: order, to: exchange, "1")],
                [.transfer(from: order, to: exchange, "1"), .transfer(from: order, to: exchange, "3")],
                // More than is there, so the rules refuse it too; the key comes first.
                [.transfer(from: order, to: exchange, "1000")],
                // An account that has no row yet.
                [.transfer(from: world, to: new, "1")],
            ]
            let before = try await database.everything()
            for steps in others {
                let posting = try LedgerPosting(key: "k", steps)
                await #expect(throws: LedgerError.keyReused(key: "k", stored: stored, asked: posting.content)) {
                    try await database.apply(posting)
                }
            }
            #expect(try await database.everything() == before)
        }
    }

    // MARK: - Refusals

    @Test(arguments: LedgerDatabase.available)
    func `a refused posting leaves nothing behind, also where the transaction goes on`(
        _ kind: LedgerDatabase
    ) async throws {
        try await withLedger(kind) { database in
            try await database.deposit("10", order)
            try await database.apply("place", .reserve(from: order, to: exchange, "5", expiresAt: .at(9)))
            try await database.apply("gone", .reserve(from: order, to: exchange, "1"))
            try await database.apply("void", .void(LedgerStepID("gone")))
            try await database.apply("in", .transfer(from: Accounts.world(), to: order, "1"))
            try await database.apply("out", .reverse(LedgerStepID("in")))
            let place = LedgerStepID("place")
            let (world, new) = (try Accounts.world(), try Accounts.order("new"))
            let refused: [([LedgerStep], LedgerError)] = [
                ([.transfer(from: order, to: new, "6")], .overdraw(account: order, asked: "6", available: "5")),
                ([.transfer(from: new, to: order, "6")], .overdraw(account: new, asked: "6", available: "0")),
                (
                    [.transfer(from: world, to: new, "1"), .transfer(from: order, to: new, "6")],
                    .overdraw(account: order, asked: "6", available: "5")
                ),
                (
                    [.transfer(from: world, to: order, FixedDecimal(raw: .max))],
                    .overflow(account: world, available: "-10", change: FixedDecimal(raw: -.max))
                ),
                ([.post(place, "1"), .post(place, "5")], .overPost(place, asked: "5", remaining: "4")),
                ([.post(LedgerStepID("none"), "1")], .unknownReservation(LedgerStepID("none"))),
                ([.post(LedgerStepID("in"), "1")], .unknownReservation(LedgerStepID("in"))),
                ([.post(LedgerStepID("place", step: 1), "1")], .unknownReservation(LedgerStepID("place", step: 1))),
                ([.postWhole(LedgerStepID("gone"))], .reservationClosed(LedgerStepID("gone"), .voided)),
                ([.reverse(LedgerStepID("none"))], .unknownStep(LedgerStepID("none"))),
                ([.reverse(place)], .notReversible(place, .reserve)),
                ([.reverse(LedgerStepID("out"))], .notReversible(LedgerStepID("out"), .reversal)),
                ([.reverse(LedgerStepID("in"))], .alreadyReversed(LedgerStepID("in"), by: LedgerStepID("out"))),
                // What a list itself reserves cannot be posted in it.
                (
                    [.reserve(from: order, to: exchange, "1"), .postWhole(LedgerStepID("k"))],
                    .unknownReservation(LedgerStepID("k"))
                ),
            ]
            let before = try await database.everything()
            for (steps, error) in refused {
                let posting = try LedgerPosting(key: "k", steps)
                await #expect(throws: error) { try await database.apply(posting) }
                let caught = try await database.write { transaction -> LedgerError? in
                    do { try LedgerStore(transaction: transaction).apply(posting, now: .zero) } catch let error
                        as LedgerError
                    {
                        return error
                    }
                    return nil
                }
                #expect(caught == error)
            }
            #expect(try await database.everything() == before)
            try await database.expectSound()
        }
    }

    @Test(arguments: LedgerDatabase.available)
    func `what fails later in the transaction takes the posting with it`(_ kind: LedgerDatabase) async throws {
        struct Failure: Error {}
        try await withLedger(kind) { database in
            let posting = try LedgerPosting(key: "k", .transfer(from: Accounts.world(), to: order, "1"))
            await #expect(throws: Failure.self) {
                try await database.write { transaction in
                    try LedgerStore(transaction: transaction).apply(posting, now: .zero)
                    throw Failure()
                }
            }
            #expect(try await database.everything().isEmpty)
        }
    }

    // MARK: - Corrections

    @Test(arguments: LedgerDatabase.available)
    func `a posting is reversed whole, by new entries, once`(_ kind: LedgerDatabase) async throws {
        try await withLedger(kind) { database in
            try await database.deposit("100", order)
            try await database.apply("place", .reserve(from: order, to: exchange, "60"))
            try await database.apply(
                "fill", .transfer(from: Accounts.exchange(Accounts.btc), to: base, "1"),
                .postAndRelease(LedgerStepID("place"), "30"),
                .transfer(from: base, to: Accounts.fees(Accounts.btc), "0.1"))
            let receipt = try await database.write {
                try LedgerStore(transaction: $0).reverse("fill", as: "fill-undone", now: .at(4))
            }
            #expect(receipt.movements.map(\.kind) == [.reversal, .reversal, .reversal])
            #expect(receipt.movements.map(\.amount) == ["0.1", "30", "1"])
            #expect(try await database.funds(order) == "100 0")
            #expect(try await database.funds(base) == "0 0")
            #expect(try await database.funds(exchange) == "0 0")
            let again = try await database.write {
                try LedgerStore(transaction: $0).reverse("fill", as: "fill-undone", now: .at(5))
            }
            #expect(again.isRepeat)
            await #expect(
                throws: LedgerError.alreadyReversed(LedgerStepID("fill", step: 2), by: LedgerStepID("fill-undone"))
            ) {
                try await database.write { try LedgerStore(transaction: $0).reverse("fill", as: "other", now: .at(5)) }
            }
            await #expect(throws: LedgerError.unknownStep(LedgerStepID("none"))) {
                try await database.write { try LedgerStore(transaction: $0).reverse("none", as: "x", now: .at(5)) }
            }
            try await database.expectSound()
        }
    }

    // MARK: - Time

    @Test(arguments: LedgerDatabase.available)
    func `reservations end when their time has come, so many at a time`(_ kind: LedgerDatabase) async throws {
        try await withLedger(kind) { database in
            try await database.deposit("100", order)
            for second in [5, 3, 4, 9] as [Int64] {
                try await database.apply("r\(second)", .reserve(from: order, to: exchange, "1", expiresAt: .at(second)))
            }
            try await database.apply("endless", .reserve(from: order, to: exchange, "1"))
            try await database.apply("r3-posted", .post(LedgerStepID("r3"), "0.4"))
            func expire(_ second: Int64) async throws -> [String] {
                try await database.write {
                    try LedgerStore(transaction: $0).expireDue(now: .at(second), limit: 2).expired.map(\.id.key)
                }
            }
            #expect(try await expire(2) == [])
            #expect(try await expire(5) == ["r3", "r4"])
            #expect(try await expire(5) == ["r5"])
            #expect(try await expire(5) == [])
            #expect(try await database.funds(order) == "97.6 2")
            #expect(try await database.reservation(LedgerStepID("r3"))?.status == .expired)
            #expect(try await database.reservation(LedgerStepID("r9"))?.status == .open)
            try await database.expectSound()
        }
    }

    // MARK: - Looking

    @Test(arguments: LedgerDatabase.available)
    func `a statement is read in pages, the newest first`(_ kind: LedgerDatabase) async throws {
        try await withLedger(kind) { database in
            try await database.deposit("10", order)
            try await database.apply("place", .reserve(from: order, to: exchange, "4"), at: .at(1))
            try await database.apply("fill", .postAndRelease(LedgerStepID("place"), "3"), at: .at(2))
            try await database.apply("back", .transfer(from: exchange, to: order, "1"), at: .at(3))
            let (newest, oldest, other) = try await database.read { [order, exchange] transaction in
                let store = LedgerStore(transaction: transaction)
                return (
                    try store.entries(of: order, limit: 3), try store.entries(of: order, before: 2, limit: 3),
                    try store.entries(of: exchange, limit: 9)
                )
            }
            func text(_ entry: LedgerEntry) -> String {
                "\(entry.sequence) \(entry.step) \(entry.kind.rawValue) \(entry.available) \(entry.locked) \(entry.counterparty)"
            }
            #expect(
                newest.map(text) == [
                    "4 back#0 transfer 1 0 exchange:binance:main/USDT",
                    "3 fill#0 post_release 1 -4 exchange:binance:main/USDT",
                    "2 place#0 reserve -4 4 exchange:binance:main/USDT",
                ])
            #expect(oldest.map(text) == ["1 deposit-order:7/USDT#0 transfer 10 0 world:deposits/USDT"])
            #expect(
                other.map(text) == ["2 back#0 transfer -1 0 order:7/USDT", "1 fill#0 post_release 3 0 order:7/USDT"])
            #expect(newest.map(\.postedAt) == [.at(3), .at(2), .at(1)])
        }
    }

    @Test(arguments: LedgerDatabase.available)
    func `balances are listed by owner and in pages by path`(_ kind: LedgerDatabase) async throws {
        try await withLedger(kind) { database in
            try await database.deposit("1", order)
            try await database.deposit("2", base)
            try await database.deposit("3", Accounts.order("70"))
            try await database.deposit("4", Accounts.order("7-1"))
            let (owned, first, second) = try await database.read { transaction in
                let store = LedgerStore(transaction: transaction)
                let first = try store.balances(limit: 4)
                return (
                    try store.balances(of: .order, "7"), first,
                    try store.balances(after: first.last?.account.path ?? "", limit: 4)
                )
            }
            #expect(owned.map { "\($0.account) \($0.total)" } == ["order:7/BTC 2", "order:7/USDT 1"])
            #expect(
                (first + second).map(\.account.path) == [
                    "order:7-1/USDT", "order:7/BTC", "order:7/USDT", "order:70/USDT", "world:deposits/BTC",
                    "world:deposits/USDT",
                ])
            #expect(try await database.funds(Accounts.order("8")) == "no account")
        }
    }
}
