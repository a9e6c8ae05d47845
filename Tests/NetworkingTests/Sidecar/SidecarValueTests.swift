import Exchanges
import Execution
import Scheduling
import Testing
import TradingCore

@testable import Networking

/// What the bridge decides without a process: markets, books, numbers, words.
@Suite struct SidecarValueTests {
    private static let exchange = ExchangeID(rawValue: "some")
    private static let symbol = Symbol(base: AssetID(rawValue: "BTC"), quote: AssetID(rawValue: "USDT"))

    private static func market(
        _ precision: String, limits: String = "{}", mode: UnifiedReading.PrecisionMode = .tickSize
    ) throws -> Instrument {
        let value = try JSONValue(
            """
            {"id":"btcusdt","symbol":"BTC/USDT","baseId":"btc","quoteId":"usdt","active":true,"maker":"0.001",\
            "taker":"0.002","precision":\(precision),"limits":\(limits)}
            """)
        return try SidecarInstruments.instrument(exchange, try #require(try UnifiedReading.market(value, mode)))
    }

    @Test func `steps and decimal places give the same instrument`() throws {
        let steps = try Self.market(#"{"price":"0.01","amount":"0.00001"}"#)
        let places = try Self.market(#"{"price":"2","amount":"5"}"#, mode: .decimalPlaces)
        #expect(steps == places)
        #expect(steps.rules.priceRounding == .tick("0.01") && steps.rules.lotSize == "0.00001")
        #expect(steps.fees == (try FeeSchedule(maker: "0.001", taker: "0.002")))
        let coarse = try Self.market(#"{"price":"-1","amount":"0"}"#, mode: .decimalPlaces)
        #expect(coarse.rules.priceRounding == .tick("10") && coarse.rules.lotSize == .one)
        #expect(coarse.unit.quantity == "0.0001")
    }

    @Test func `limits of zero are none, others hold`() throws {
        let limits =
            #"{"amount":{"min":"0.001","max":"0"},"cost":{"min":"5","max":null},"price":{"min":"0","max":"9"}}"#
        let rules = try Self.market(#"{"price":"0.01","amount":"0.001"}"#, limits: limits).rules
        #expect(rules.minimumQuantity == "0.001" && rules.maximumQuantity == nil && rules.minimumNotional == "5")
        #expect(rules.minimumPrice == nil && rules.maximumPrice == "9")
    }

    @Test(arguments: [
        #"{"price":null,"amount":"0.001"}"#, #"{"price":"0.01","amount":null}"#, #"{"price":"0","amount":"0.001"}"#,
        #"{"price":"0.000000000001","amount":"0.00000001"}"#,
    ])
    func `a market whose rules are not told or cannot be counted in is left out, with the reason`(
        precision: String
    ) throws {
        #expect(throws: InstrumentError.self) { try Self.market(precision) }
    }

    @Test(arguments: [
        ("0.00001", "0.00000001"), ("1", "0.0001"), ("1000", "0.1"), ("0.0000000001", "0.0000000001"),
        ("0.3", "0.00000001"),
    ])
    func `books count quantities finer than lots`(lot: String, unit: String) throws {
        let (lot, unit) = (try #require(FixedDecimal(lot)), try #require(FixedDecimal(unit)))
        #expect(SidecarInstruments.quantityUnit(lot) == unit)
    }

    // MARK: - Books

    private static func book(
        _ bids: [(FixedDecimal, FixedDecimal)], _ asks: [(FixedDecimal, FixedDecimal)]
    ) -> ExchangeBook {
        ExchangeBook(
            symbol: symbol, bids: bids.map { PriceLevel(price: $0.0, amount: $0.1) },
            asks: asks.map { PriceLevel(price: $0.0, amount: $0.1) })
    }

    @Test func `books told whole become changes that make the same book (seeded)`() throws {
        let unit = try BookUnit(price: "0.01", quantity: "0.00000001")
        for seed in UInt64(0)..<50 {
            var chance = SplitMix64(seed: seed)
            var book = SidecarBook(unit)
            var mirror: [Side: [Int64: Int64]] = [:]
            for step in 0..<40 {
                if chance.below(8) == 0 { book.lose() }
                let middle = Int64(chance.below(20)) + 100
                func side(_ sign: Int64) -> [(FixedDecimal, FixedDecimal)] {
                    (0..<chance.below(6)).map { _ in
                        let ticks = middle + sign * Int64(chance.below(15) + 1)
                        return (
                            unit.decimal(Price(ticks: ticks)), unit.decimal(Quantity(lots: Int64(chance.below(5) + 1)))
                        )
                    }
                }
                let told = Self.book(side(-1), side(1))
                let records = try book.records(told, now: Timestamp(nanoseconds: Int64(step)))
                #expect(records.last?.isLast == true && records.dropLast().allSatisfy { !$0.isLast })
                for record in records {
                    switch record.kind {
                    case .reset: mirror = [:]
                    case .snapshot, .level:
                        mirror[record.side, default: [:]][record.price.ticks] =
                            record.quantity.lots == 0 ? nil : record.quantity.lots
                    default: break
                    }
                }
                for (side, levels) in [(Side.buy, told.bids), (.sell, told.asks)] {
                    var expected: [Int64: Int64] = [:]
                    for level in levels {
                        expected[try level.price.count(of: unit.price, rounding: .down)] =
                            try level.amount.count(of: unit.quantity, rounding: .down)
                    }
                    #expect(mirror[side] ?? [:] == expected, "seed \(seed), step \(step)")
                }
            }
        }
    }

    @Test func `a price off the unit and sides that cross are not trusted`() throws {
        var book = SidecarBook(try BookUnit(price: "0.01", quantity: "0.00000001"))
        let now = Timestamp(nanoseconds: 0)
        _ = try book.records(Self.book([("1", "1")], [("2", "1")]), now: now)
        #expect(throws: UnreadableAnswer.self) { try book.records(Self.book([("1.001", "1")], [("2", "1")]), now: now) }
        #expect(!book.isTrusted)
        #expect(throws: UnreadableAnswer.self) { try book.records(Self.book([("2", "1")], [("2", "1")]), now: now) }
        let anew = try book.records(Self.book([("1", "1")], []), now: now)
        #expect(anew.first?.kind == .reset)
    }

    // MARK: - Numbers and words

    @Test func `numbers of trades go by time, tell it again and differ by id`() {
        let time: Int64 = 1_764_000_000_123
        let number = SidecarTradeID.number(time: time, id: "TXID-1")
        #expect(number == SidecarTradeID.number(time: time, id: "TXID-1"))
        #expect(number != SidecarTradeID.number(time: time, id: "TXID-2"))
        #expect(SidecarTradeID.time(of: number) == time && number < 1 << 63)
        #expect(SidecarTradeID.number(time: time + 1, id: "a") > number)
        #expect(SidecarTradeID.number(time: .min, id: "a") < number)
        var seen: Set<UInt64> = []
        for id in 0..<2_000 { seen.insert(SidecarTradeID.number(time: time, id: "\(id)")) }
        #expect(seen.count >= 1_999)
    }

    @Test func `our ids come back as they went out, and nobody else's do`() throws {
        let id = try #require(ClientOrderID(rawValue: (1 << 45) - 1))
        for style in [SidecarClientIDs.text(nil), .text(OrderTag(77)), .number] {
            #expect(style.id(style.text(id)) == id)
        }
        #expect(SidecarClientIDs.text(nil).id("x-R4BD3S82abc") == nil && SidecarClientIDs.text(nil).id(nil) == nil)
        #expect(SidecarClientIDs.number.id("99999999999999999999") == nil)
    }

    @Test func `frames that are no words are an error, never a crash (seeded)`() {
        let words = [
            #"{"t":"answer","id":1,"result":null}"#, #"{"t":"error","id":2,"kind":"refused","name":"X","message":"y"}"#,
            #"{"t":"event","id":3,"data":{"bids":[["1","2"]]}}"#, #"{"t":"hello","protocol":2,"ccxt":"4"}"#,
        ]
        var chance = SplitMix64(seed: 20_261_126)
        var readable = 0
        for _ in 0..<5_000 {
            var bytes = Array(words[Int(chance.below(UInt64(words.count)))].utf8)
            for _ in 0..<chance.below(4) {
                let place = Int(chance.below(UInt64(bytes.count)))
                if chance.below(2) == 0 { bytes[place] = UInt8(chance.below(256)) } else { bytes.remove(at: place) }
            }
            if (try? bytes.withUnsafeBytes { try SidecarWord($0) }) != nil { readable += 1 }
        }
        #expect(readable > 500 && readable < 5_000)
    }

    @Test func `a failure of a kind nobody knows counts as unknown`() throws {
        let text = #"{"t":"error","id":2,"kind":"brandnew","name":"X","message":"y"}"#
        let word = try Array(text.utf8).withUnsafeBytes { try SidecarWord($0) }
        #expect(word == .error(2, SidecarFailure(.unknown, name: "X", message: "y")))
    }

    @Test func `markets of the catalog have the original's fields, numbers within precision and limits`() throws {
        let row = try JSONValue(
            #"{"id":"x","symbol":"A/B","base":"A","quote":"B","baseId":"a","quoteId":"b","active":true,"maker":"0.1","precision":{"price":"0.00000001","amount":"1","cost":null},"limits":{"amount":{"min":"0.1","max":null}}}"#
        )
        #expect(
            SidecarCatalog.market(row).compactText
                == #"{"symbol":"A/B","base":"A","quote":"B","baseId":"a","quoteId":"b","active":true,"id":"x","precision":{"price":0.00000001,"amount":1,"cost":null},"limits":{"amount":{"min":0.1,"max":null}}}"#
        )
    }
}
