import Exchanges
import Scheduling
import Testing
import TradingCore

@Suite("Binance messages")
struct BinanceStreamParserTests {
    let parser: BinanceStreamParser

    init() throws {
        parser = try BinanceStreamParser(symbol: "BTCUSDT", unit: BookUnit(price: "0.01", quantity: "0.00000001"))
    }

    func parse(_ text: String) throws(BinanceMessageError) -> (BinanceMessage, [LevelChange]) {
        try parse(Array(text.utf8))
    }

    func parse(_ bytes: [UInt8]) throws(BinanceMessageError) -> (BinanceMessage, [LevelChange]) {
        var levels: [LevelChange] = [LevelChange(side: .buy, ticks: 1, lots: 1)]
        let parsed = bytes.withUnsafeBytes { bytes in
            Result { () throws(BinanceMessageError) in try parser.parse(bytes, into: &levels) }
        }
        return (try parsed.get(), levels)
    }

    static let depth = """
        {"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":50093239189,"u":50093239202,\
        "b":[["61737.63000000","0.00000000"],["61730.17000000","1.50000001"]],"a":[["61837.64000000","1.54698000"]]}
        """
    static let trade = """
        {"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000",\
        "T":1723161255342,"m":true,"M":true}
        """
    static let ticker = """
        {"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}
        """
    static let snapshot = """
        {"lastUpdateId": 134180599, "bids": [["1.21", "63.38000000"]], "asks": [["1.22", "1.00000000"], ["1.23", "2"]]}
        """

    static let depthMessage = BinanceMessage.depthUpdate(
        BinanceDepthUpdate(
            eventTime: Timestamp(nanoseconds: 1_723_161_255_208_000_000), firstID: 50_093_239_189,
            lastID: 50_093_239_202))
    static let depthLevels = [
        LevelChange(side: .buy, ticks: 6_173_763, lots: 0),
        LevelChange(side: .buy, ticks: 6_173_017, lots: 150_000_001),
        LevelChange(side: .sell, ticks: 6_183_764, lots: 154_698_000),
    ]
    static let tradeMessage = BinanceMessage.trade(
        BinanceTrade(
            eventTime: Timestamp(nanoseconds: 1_723_161_255_343_000_000),
            tradeTime: Timestamp(nanoseconds: 1_723_161_255_342_000_000), id: 3_735_683_259,
            price: Price(ticks: 6_183_763), quantity: Quantity(lots: 2_000_000), aggressor: .sell))
    static let tickerMessage = BinanceMessage.bookTicker(
        BinanceBookTicker(
            updateID: 50_093_239_212,
            bid: BookLevel(price: Price(ticks: 6_183_763), quantity: Quantity(lots: 378_826_000)),
            ask: BookLevel(price: Price(ticks: 6_183_764), quantity: Quantity(lots: 154_698_000))))

    @Test("reads each kind, raw and in the combined stream's envelope")
    func readsKinds() throws {
        for wrap in [
            { $0 }, { "{\"stream\":\"btcusdt@x\",\"data\":" + $0 + "}" }, { "{\"data\":\($0),\"stream\":\"x\"}" },
        ]
            as [(String) -> String]
        {
            let (depth, levels) = try parse(wrap(Self.depth))
            #expect(depth == Self.depthMessage && levels == Self.depthLevels)
            #expect(try parse(wrap(Self.trade)) == (Self.tradeMessage, []))
            #expect(try parse(wrap(Self.ticker)) == (Self.tickerMessage, []))
        }
        let (snapshot, levels) = try parse(Self.snapshot)
        #expect(snapshot == .snapshot(lastUpdateID: 134_180_599))
        #expect(levels.map(\.ticks) == [121, 122, 123] && levels.map(\.side) == [.buy, .sell, .sell])
        #expect(levels.map(\.lots) == [6_338_000_000, 100_000_000, 200_000_000])
    }

    @Test("keys may come in any order, with white space and keys we do not know")
    func readsAnyForm() throws {
        let seed: UInt64 = 7
        var random = SplitMix64(seed: seed)
        let cases: [([String], BinanceMessage, [LevelChange])] = [
            (
                [
                    #""e":"depthUpdate""#, #""E":1723161255208"#, #""s":"BTCUSDT""#, #""U":50093239189"#,
                    #""u":50093239202"#, #""b":[["61737.63000000","0.00000000"],["61730.17000000","1.50000001"]]"#,
                    #""a":[["61837.64","1.54698000"]]"#,
                ], Self.depthMessage, Self.depthLevels
            ),
            (
                [
                    #""e":"trade""#, #""E":1723161255343"#, #""s":"BTCUSDT""#, #""t":3735683259"#,
                    #""p":"61837.63000000""#, #""q":"0.02""#, #""T":1723161255342"#, #""m":true"#, #""M":true"#,
                    #""b":88"#, #""a":50"#,
                ], Self.tradeMessage, []
            ),
            (
                [
                    #""u":50093239212"#, #""s":"BTCUSDT""#, #""b":"61837.63000000""#, #""B":"3.78826000""#,
                    #""a":"61837.64""#, #""A":"1.54698000""#,
                ], Self.tickerMessage, []
            ),
        ]
        for round in 0..<600 {
            let (fields, message, levels) = cases[round % cases.count]
            let unknown = [#""x":{"b":[1,{"a":"}"}]}"#, #""W":[[],[[]]]"#, #""long":"u\"""#, #""zz":-1.5e3"#]
            let shuffled = (fields + unknown).shuffled(using: &random)
            let space = { [" ", "\n", "\t", "", "", "\r\n"].randomElement(using: &random) ?? "" }
            let spaced = shuffled.map { field in
                // White space around the structural characters outside strings.
                var text = ""
                var isInString = false
                for character in field {
                    if character == "\"", !text.hasSuffix("\\") { isInString.toggle() }
                    if !isInString, ":,[]{}".contains(character) {
                        text += space() + String(character) + space()
                    } else {
                        text.append(character)
                    }
                }
                return text
            }
            let payload = space() + "{" + spaced.joined(separator: space() + "," + space()) + "}" + space()
            let text = round % 2 == 0 ? payload : "{\"stream\":\"s\"," + space() + "\"data\":" + payload + "}"
            let (found, foundLevels) = try parse(text)
            #expect(found == message, "seed \(seed) round \(round): \(text)")
            let sorted = { (levels: [LevelChange]) in levels.sorted { $0.ticks < $1.ticks } }
            #expect(sorted(foundLevels) == sorted(levels), "seed \(seed) round \(round): \(text)")
        }
    }

    @Test("an emptied side of a ticker hides every level")
    func readsEmptySides() throws {
        let (message, _) = try parse(
            #"{"u":5,"s":"BTCUSDT","b":"0.00000000","B":"0.00000000","a":"0.00000000","A":"0.00000000"}"#)
        guard case .bookTicker(let ticker) = message else {
            Issue.record("no ticker")
            return
        }
        #expect(ticker.bid == BookLevel(price: Price(ticks: 1), quantity: .zero))
        #expect(ticker.ask == BookLevel(price: Price(ticks: BookSide.maximumTicks), quantity: .zero))
    }

    @Test(
        "other streams are other, whatever they hold",
        arguments: [
            #"{"result":null,"id":1}"#, #"{"e":"kline","E":1,"s":"BTCUSDT","k":{"t":1}}"#, "{}",
            #"{"stream":"x","data":[1]}"#,
            #"{"e":"aggTrade","E":1,"s":"ETHUSDT","a":1,"p":"off","q":"x"}"#,
            #"{"e":"24hrTicker","b":["x"],"a":[[1]]}"#,
            #"{"stream":"btcusdt@depth5","data":{"lastUpdateId":1,"bids":[],"asks":[]}}"#,
        ])
    func skipsOthers(text: String) throws {
        #expect(try parse(text) == (.other, []))
    }

    @Test(
        "names what cannot be used",
        arguments: [
            (Self.depth, "BTCUSDT", "ETHUSDT", BinanceMessageError.Reason.wrongSymbol),
            (Self.depth, "BTCUSDT", "BTCUSDTX", .wrongSymbol),
            (Self.depth, "61730.17000000", "61730.17500000", .price(.offUnit)),
            (Self.depth, "61730.17000000", "61730,17", .price(.malformed)),
            (Self.depth, "61730.17000000", "", .price(.malformed)),
            (Self.depth, "61730.17000000", "0.00000000", .priceOutOfRange),
            (Self.depth, "61730.17000000", "-1.00", .priceOutOfRange),
            (Self.depth, "61730.17000000", "171798691.85", .priceOutOfRange),
            (Self.depth, "1.50000001", "1.500000015", .quantity(.offUnit)),
            (Self.depth, "1.50000001", "-1.5", .quantityOutOfRange),
            (Self.depth, "1.50000001", "99999999999999999999", .quantity(.outOfRange)),
            (Self.depth, "\"U\":50093239189", "\"U\":50093239203", .idOutOfRange),
            (Self.depth, "\"U\":50093239189", "\"U\":-1", .idOutOfRange),
            (Self.depth, "\"U\":50093239189,", "", .missingKey),
            (Self.depth, "\"U\":50093239189,", "\"U\":1,\"U\":2,", .json(.newKey)),
            (Self.depth, "\"E\":1723161255208", "\"E\":-5", .timeOutOfRange),
            (Self.depth, "\"E\":1723161255208", "\"E\":9223372036854775807", .timeOutOfRange),
            (Self.depth, "\"a\":[[", "\"a\":[[1,", .json(.string)),
            (Self.depth, "\"a\":[[", "\"a\":[[],[", .json(.string)),
            (Self.depth, "]]}", "]]", .json(.commaOrBrace)),
            (Self.depth, "]]}", "]]}}", .json(.end)),
            (Self.trade, "0.02000000", "0.00000000", .quantityOutOfRange),
            (Self.trade, "61837.63000000", "0", .priceOutOfRange),
            (Self.trade, "\"m\":true", "\"m\":1", .missingKey),
            (Self.ticker, "3.78826000", "-1", .quantityOutOfRange),
            (Self.ticker, "3.78826000", "x", .quantity(.malformed)),
            (Self.ticker, "\"s\":\"BTCUSDT\",", "", .missingKey),
            (Self.snapshot, "134180599", "-1", .idOutOfRange),
            (Self.snapshot, "\"1.21\"", "\"1.211\"", .price(.offUnit)),
        ])
    func namesProblems(text: String, part: String, replacement: String, reason: BinanceMessageError.Reason) throws {
        #expect(text.contains(part))
        let changed = text.replacing(part, with: replacement, maxReplacements: 1)
        let error = #expect(throws: BinanceMessageError.self) { try parse(changed) }
        #expect(error?.reason == reason)
        #expect(error.map { $0.offset <= changed.utf8.count } == true)
    }

    @Test("no bytes crash it, and every start of a message is an error")
    func survivesMutations() throws {
        let seed: UInt64 = 99
        var random = SplitMix64(seed: seed)
        let texts = [Self.depth, Self.trade, Self.ticker, Self.snapshot].map { Array($0.utf8) }
        for text in texts {
            for length in 0..<text.count {
                #expect(throws: BinanceMessageError.self) { try parse(Array(text[..<length])) }
            }
        }
        for _ in 0..<20_000 {
            var bytes = texts[Int(random.below(4))]
            for _ in 0...random.below(3) {
                let place = Int(random.below(UInt64(bytes.count)))
                switch random.below(4) {
                case 0: bytes[place] = UInt8(random.below(256))
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(Array("{}[],:\"\\0e-".utf8)[Int(random.below(11))], at: place)
                default: bytes.insert(contentsOf: bytes[place..<min(place + 9, bytes.count)], at: place)
                }
            }
            _ = try? parse(bytes)
        }
    }
}

/// Tuples are not `Equatable`.
private func == (left: (BinanceMessage, [LevelChange]), right: (BinanceMessage, [LevelChange])) -> Bool {
    left.0 == right.0 && left.1 == right.1
}
