import Testing
import TradingCore

@testable import Exchanges

@Suite("Bitfinex book")
struct BitfinexBookTests {
    private func row(_ text: String, isOrders: Bool = false) throws -> BitfinexBook.Row {
        try Array(text.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            return try BitfinexBook.Row(&scanner, isOrders: isOrders)
        }
    }

    private func book(_ rows: [String], isOrders: Bool = false) throws -> BitfinexBook {
        var book = BitfinexBook(isOrders: isOrders)
        for text in rows { try book.place(try row(text, isOrders: isOrders)) }
        return book
    }

    @Test func `the documented checksum`() throws {
        let book = try book(["[30000,2,1.5]", "[29999,1,0.25]", "[30001,3,-0.9]", "[30002,1,-4]"])
        #expect(book.checksum() == -1_591_126_737)
    }

    @Test func `a checksum of one side, and of an empty book`() throws {
        // zlib.crc32 of "30000:1.5", of nothing.
        #expect(try book(["[30000,2,1.5]"]).checksum() == Int32(bitPattern: 2_664_168_400))
        #expect(BitfinexBook(isOrders: false).checksum() == 0)
    }

    @Test func `only the best 25 of each side count`() throws {
        let near = (0..<25).map { "[\(1000 - $0),1,1]" } + (0..<25).map { "[\(1001 + $0),1,-1]" }
        let far = near + ["[10,1,1]", "[9000,1,-1]"]
        #expect(try book(near).checksum() == book(far).checksum())
    }

    @Test func `orders count by their ids, the lower first at one price`() throws {
        let rows = ["[12,30000,1.5]", "[11,30000,0.5]", "[13,30001,-0.9]"]
        // zlib.crc32 of "11:0.5:13:-0.9:12:1.5".
        #expect(try book(rows, isOrders: true).checksum() == Int32(bitPattern: 2_442_574_083))
        #expect(try book(rows.reversed(), isOrders: true).checksum() == book(rows, isOrders: true).checksum())
    }

    @Test(arguments: [
        ("30000", "30000"), ("30000.0", "30000"), ("1.50", "1.5"), ("1e-07", "1e-7"), ("1.1e-7", "1.1e-7"),
        ("0.00000011", "1.1e-7"), ("0.000001", "0.000001"), ("0.0000012", "0.0000012"), ("-2.5e-8", "-2.5e-8"),
        ("0.000000999", "9.99e-7"), ("-0.9", "-0.9"), ("1E2", "100"), ("12345678901234.5678", "12345678901234.5678"),
    ])
    func `numbers are written as JavaScript does`(_ text: String, _ expected: String) throws {
        #expect(try row("[\(text),1,1]").priceText == expected)
        #expect(JavaScriptNumber.text(try FixedDecimal(text)) == expected)
    }

    @Test func `levels come, change and go`() throws {
        var book = BitfinexBook(isOrders: false)
        var change = BitfinexBook.Change()
        for text in ["[30000,2,1.5]", "[29999,1,0.25]", "[30001,3,-0.9]", "[30000,1,1]", "[29999,0,1]", "[30001,0,-1]"]
        {
            try book.apply(try row(text), into: &change)
        }
        let whole = try book.whole(BitfinexSamples.bitcoin)
        #expect(whole.bids == levels(("30000", "1")))
        #expect(whole.asks == [])
        #expect(change.bids.last == PriceLevel(price: "29999", amount: .zero))
        #expect(change.asks.last == PriceLevel(price: "30001", amount: .zero))
    }

    @Test func `an order that moves takes its amount along`() throws {
        var book = try book(["[1,100,2]", "[2,100,3]", "[3,101,-1]"], isOrders: true)
        var change = BitfinexBook.Change()
        try book.apply(try row("[2,99,3]", isOrders: true), into: &change)
        #expect(change.bids == levels(("100", "2"), ("99", "3")))
        change = BitfinexBook.Change()
        try book.apply(try row("[1,0,1]", isOrders: true), into: &change)
        #expect(change.bids == levels(("100", "0")))
        #expect(try book.whole(BitfinexSamples.bitcoin).bids == levels(("99", "3")))
    }

    @Test(arguments: [
        "[1,2]", "[1,2,\"3\"]", "[1,2,0]", "[-1,1,1]", "[0,1,1]", "[1,-1,1]", "{}", "[1,1.5,1]", "[1,1,1e99]",
    ])
    func `what is no level is refused`(_ text: String) throws {
        #expect(throws: (any Error).self) { try book([text]) }
    }

    @Test func `a book does not grow without end`() throws {
        var book = BitfinexBook(isOrders: false)
        for price in 1...BitfinexBook.sideLimit {
            try book.place(.init(number: 1, price: FixedDecimal(Int64(price)), amount: "1"))
        }
        #expect(throws: UnreadableAnswer.self) { try book.place(.init(number: 1, price: "0.5", amount: "1")) }
    }

    @Test func `random changes leave the same book as a plain dictionary`() throws {
        let seed: UInt64 = .random(in: 0..<1_000_000)
        var generator = SeededWords(seed)
        var book = BitfinexBook(isOrders: true)
        var orders: [Int64: (price: Int64, amount: Int64)] = [:]
        var told: [FixedDecimal: FixedDecimal] = [:]
        for _ in 0..<2_000 {
            let id = Int64(generator.below(60)) + 1
            let price = Int64(generator.below(20))
            let isBid = price <= 10
            let size = Int64(generator.below(9)) + 1
            var change = BitfinexBook.Change()
            try book.apply(
                .init(number: id, price: FixedDecimal(price), amount: FixedDecimal(isBid ? size : -size)), into: &change
            )
            orders[id] = price == 0 ? nil : (price, size)
            for level in change.bids + change.asks { told[level.price] = level.amount.isZero ? nil : level.amount }
        }
        var sums: [FixedDecimal: FixedDecimal] = [:]
        for order in orders.values {
            let price = FixedDecimal(order.price)
            sums[price] = try (sums[price] ?? .zero).adding(FixedDecimal(order.amount))
        }
        let whole = try book.whole(BitfinexSamples.bitcoin)
        let kept = Dictionary(uniqueKeysWithValues: (whole.bids + whole.asks).map { ($0.price, $0.amount) })
        #expect(kept == sums, "seed \(seed)")
        #expect(told == sums, "seed \(seed)")
    }
}
