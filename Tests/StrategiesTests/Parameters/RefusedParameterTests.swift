import Strategies
import Testing
import TradingCore

@Suite("Refused parameters")
struct RefusedParameterTests {
    static let required = [
        "bidSpread", "askSpread", "orderAmount", "orderRefreshTime", "numberOfLayers", "priceSourceType",
    ]

    static let optionalNumbers = [
        "amountChangePerLayer", "ceilingPrice", "floorPrice", "minimumSpread", "minimumSpreadTicks", "refreshTolerance",
        "refreshToleranceTicks", "maximumOrderAge", "fillDelay", "hangingOrdersCancelDistance", "inventoryTarget",
        "inventorySkew", "inventorySizeSkew", "minimumDepth", "requoteMove", "maximumExternalDistance",
        "maximumExternalAge", "suddenMove", "suddenMoveWindow", "suddenMovePause",
    ]

    static let requiredNumbers = ["bidSpread", "askSpread", "orderAmount", "orderRefreshTime", "numberOfLayers"]

    static let flags = ["postOnly", "hangingOrders", "overlapReplacement", "allowWideSpreads"]

    static let choices = ["priceSourceType", "amountChangeType", "shortFunds"]

    @Test("H35, D15: a required parameter that is absent, null or empty is missing", arguments: required)
    func missing(field: String) {
        for value in [nil, Value.null, .string("")] {
            let errors = refusals([field: value])
            #expect(errors.map(\.field) == [field])
            #expect(errors.first?.description.hasPrefix("\(field) is missing: must be ") == true)
        }
    }

    @Test(
        "an optional parameter that is absent, null or empty has its default",
        arguments: optionalNumbers + flags + ["amountChangeType", "shortFunds", "oracleExchangeName"])
    func optional(field: String) throws {
        let plain = try parameters()
        #expect(try parameters([field: .null]) == plain)
        #expect(try parameters([field: .string("")]) == plain)
    }

    @Test(
        "a number is not a word, a flag or a structure",
        arguments: requiredNumbers + optionalNumbers + ["bidSpreadTicks"],
        [
            Value.string("many"), .string(" 1"), .string("1,0"), .string("+1"), .string("0x1"), .string("NaN"),
            .string("1e"), .bool(true), .nested,
        ])
    func notANumber(field: String, value: Value) {
        let changes: [String: Value?] = field == "bidSpreadTicks" ? ["bidSpread": nil, field: value] : [field: value]
        let errors = refusals(changes)
        #expect(errors.count == 1, "\(errors)")
        #expect(errors.first?.field == field)
        #expect(errors.first?.value == value.description)
        #expect(errors.first?.rule.hasPrefix("a number, ") == true)
    }

    @Test("a flag is true or false", arguments: flags)
    func notAFlag(field: String) {
        for value in [Value.number("1"), .string("yes"), .nested] {
            #expect(
                refusals([field: value]) == [
                    ParameterError(field: field, value: value.description, rule: "true or false")
                ])
        }
    }

    @Test("a choice is one of its names", arguments: choices)
    func notAChoice(field: String) {
        for value in [Value.number("1"), .string("median"), .bool(true), .nested, .string("MID-PRICE")] {
            let errors = refusals([field: value])
            #expect(errors.map(\.field) == [field])
            #expect(errors.first?.value == value.description)
            #expect(errors.first?.rule.hasPrefix("one of ") == true)
        }
    }

    @Test(
        "a number out of its range is refused with field, value and rule",
        arguments: [
            ("bidSpread", "0", "a fraction above 0"), ("bidSpread", "-0.001", "a fraction above 0"),
            ("askSpread", "0", "a fraction above 0"), ("askSpread", "-1", "a fraction above 0"),
            ("orderAmount", "0", "above 0"), ("orderAmount", "-1", "above 0"), ("orderAmount", "1e13", "above 0"),
            ("orderAmount", "1e400", "above 0"),
            ("orderRefreshTime", "0", "10 to 86400000 (milliseconds)"),
            ("orderRefreshTime", "-1000", "10 to 86400000 (milliseconds)"),
            ("orderRefreshTime", "9", "10 to 86400000 (milliseconds)"),
            ("orderRefreshTime", "86400001", "10 to 86400000 (milliseconds)"),
            ("numberOfLayers", "0", "1 to 50"), ("numberOfLayers", "-1", "1 to 50"),
            ("numberOfLayers", "51", "1 to 50"),
            ("numberOfLayers", "1e18", "1 to 50"), ("numberOfLayers", "9223372036854775808", "1 to 50"),
            ("amountChangePerLayer", "1e13", "from -1000000000000"),
            ("ceilingPrice", "-1", "0 (off) to 1000000000000"), ("floorPrice", "-1", "0 (off) to 1000000000000"),
            ("floorPrice", "1e13", "0 (off) to 1000000000000"),
            ("minimumSpread", "-0.1", "a fraction, 0 to 1"), ("minimumSpread", "1.1", "a fraction, 0 to 1"),
            ("minimumSpreadTicks", "0", "1 to 1000000000 (ticks)"),
            ("refreshTolerance", "2", "a fraction, 0 to 1"), ("refreshToleranceTicks", "-1", "0 to 1000000000 (ticks)"),
            ("maximumOrderAge", "9", "10 to 86400000 (milliseconds)"),
            ("fillDelay", "-1", "0 to 86400000 (milliseconds)"),
            ("hangingOrdersCancelDistance", "1.5", "a fraction, 0 to 1"),
            ("inventoryTarget", "50", "0 to 1 (share of worth held in base)"),
            ("inventorySkew", "0.6", "0 to 0.5"), ("inventorySizeSkew", "1.1", "0 to 1"),
            ("minimumDepth", "-1", "0 or more (base)"), ("requoteMove", "5", "a fraction, 0 to 1"),
            ("maximumExternalDistance", "5", "a fraction, 0 to 1"),
            ("maximumExternalAge", "0", "1 to 86400000 (milliseconds)"),
            ("suddenMove", "2", "a fraction, 0 to 1"), ("suddenMoveWindow", "0", "1 to 86400000 (milliseconds)"),
            ("suddenMovePause", "0", "1 to 86400000 (milliseconds)"),
        ])
    func outOfRange(field: String, text: String, rule: String) {
        for value in [Value.number(text), .string(text)] {
            let errors = refusals([field: value])
            #expect(errors.count == 1, "\(errors)")
            #expect(errors.first?.field == field)
            #expect(errors.first?.value == value.description)
            #expect(errors.first?.rule.hasPrefix(rule) == true, "\(errors)")
        }
    }

    @Test(
        "H35, D17: a percentage given as a fraction is refused, and the message says what a fraction is",
        arguments: [
            "0.1", "0.5", "1", "2.5", "10",
        ])
    func percentages(text: String) throws {
        for field in ["bidSpread", "askSpread"] {
            let error = try #require(refusals([field: .number(text)]).first)
            #expect(
                error.description
                    == "\(field) \(text): must be a fraction above 0 and below 0.1 (0.001 is 0.1 %, allowWideSpreads lifts this to 1)"
            )
        }
    }

    @Test("D17: whoever means a wide spread says so")
    func wideSpreads() throws {
        let wide = try parameters([
            "bidSpread": .number("0.1"), "askSpread": .number("0.5"), "allowWideSpreads": .bool(true),
        ])
        #expect(wide.bidSpread == .trillionths(100_000_000_000))
        #expect(wide.askSpread == .trillionths(500_000_000_000))
        #expect(
            refusals(["bidSpread": .number("1"), "allowWideSpreads": .bool(true)]).first?.rule
                == "a fraction above 0 and below 1")
    }

    @Test(
        "H35: a ladder whose last bid would not be above 0 is refused",
        arguments: [
            ("0.05", "20", true), ("0.05", "19", false), ("0.0999", "11", true), ("0.0999", "10", false),
            ("0.02", "50", true),
        ])
    func deepLadder(spread: String, layers: String, isRefused: Bool) {
        let errors = refusals(["bidSpread": .number(spread), "numberOfLayers": .number(layers)])
        #expect(errors.map(\.field) == (isRefused ? ["bidSpread"] : []))
        if isRefused {
            #expect(errors.first?.rule.contains("below 1 when multiplied by numberOfLayers \(layers)") == true)
        }
        #expect(
            refusals(["askSpread": .number(spread), "numberOfLayers": .number(layers)]).isEmpty, "asks have no end")
    }

    @Test(
        "H35: growth to amounts that are not above 0, or beyond all reason, is refused",
        arguments: [
            ("-0.5", "fixed", "3", 3), ("-1", "fixed", "2", 2), ("-100", "percentage", "2", 2),
            ("-150", "percentage", "2", 2),
            ("100000", "percentage", "50", 5), ("999999999999", "fixed", "3", 3),
        ])
    func growth(change: String, kind: String, layers: String, firstBad: Int) {
        let errors = refusals([
            "amountChangePerLayer": .number(change), "amountChangeType": .string(kind),
            "numberOfLayers": .number(layers),
        ])
        #expect(errors.map(\.field) == ["amountChangePerLayer"])
        #expect(errors.first?.value == change)
        #expect(errors.first?.rule.hasSuffix("layer \(firstBad) is not") == true, "\(errors)")
    }

    @Test(
        "too many digits are refused, not cut off",
        arguments: [
            ("bidSpread", "0.0000000000001", 12), ("bidSpread", "0.0010000000001", 12),
            ("bidSpread", "0.0000000000000000000001", 12), ("orderAmount", "1.0000000000000000001", 18),
            ("minimumSpread", "0.1234567890123", 12), ("ceilingPrice", "1e-19", 18),
        ])
    func tooManyDigits(field: String, text: String, digits: Int) {
        #expect(
            refusals([field: .number(text)]) == [
                ParameterError(field: field, value: text, rule: "given with at most \(digits) fractional digits")
            ])
    }

    @Test(
        "a count is a whole number",
        arguments: [
            "numberOfLayers", "orderRefreshTime", "minimumSpreadTicks", "refreshToleranceTicks", "fillDelay",
        ])
    func fractionsOfCounts(field: String) {
        let errors = refusals([field: .number("12.5")])
        #expect(errors.count == 1)
        #expect(errors.first?.rule.hasPrefix("a whole number, ") == true)
        #expect(refusals([field: .string("12.0")]).isEmpty)
    }

    @Test("a spread is a fraction or ticks, not both")
    func spreadTwice() {
        for field in ["bidSpread", "askSpread", "minimumSpread"] {
            let errors = refusals([field: .number("0.01"), field + "Ticks": .number("5")])
            #expect(errors.map(\.description) == ["\(field) 0.01: must be left out when \(field)Ticks is given"])
        }
    }

    @Test("one fault is one refusal: what follows from it is not reported again")
    func noEchoes() {
        #expect(refusals(["bidSpread": nil, "bidSpreadTicks": .number("0")]).map(\.field) == ["bidSpreadTicks"])
        #expect(
            refusals(["suddenMove": .number("2"), "suddenMoveWindow": .number("5")]).map(\.field) == ["suddenMove"])
        #expect(
            refusals(["inventoryTarget": .number("2"), "inventorySkew": .number("0.1")]).map(\.field)
                == ["inventoryTarget"])
        #expect(refusals(["numberOfLayers": .number("x")]).map(\.field) == ["numberOfLayers"])
    }

    @Test("a parameter that needs another is refused without it")
    func companions() {
        #expect(refusals(["inventorySkew": .number("0.1")]).map(\.field) == ["inventoryTarget"])
        #expect(refusals(["inventorySizeSkew": .number("0.1")]).map(\.field) == ["inventoryTarget"])
        #expect(refusals(["suddenMovePause": .number("10")]).map(\.field) == ["suddenMove"])
        #expect(
            refusals(["suddenMove": .number("0"), "suddenMoveWindow": .number("10")]).map(\.field) == ["suddenMove"])
    }

    @Test("a ceiling below the floor is refused; equal is a single price")
    func bounds() {
        let errors = refusals(["ceilingPrice": .number("99"), "floorPrice": .number("100")])
        #expect(errors.map(\.description) == ["ceilingPrice 99: must be at or above floorPrice 100"])
        #expect(refusals(["ceilingPrice": .number("100"), "floorPrice": .number("100")]).isEmpty)
        #expect(refusals(["ceilingPrice": .number("0"), "floorPrice": .number("100")]).isEmpty)
    }

    @Test("names nobody knows are refused, in order of the alphabet; names given twice too")
    func unknownNames() {
        let errors = refusals(["zeal": .number("1"), "bid_spread": .number("1"), "BidSpread": .null])
        #expect(errors.map(\.field) == ["BidSpread", "bid_spread", "zeal"])
        #expect(errors.allSatisfy { $0.rule == "a known parameter" })
        #expect(errors.last?.description == "zeal 1: must be a known parameter")

        let twice = ParameterDocument([
            ("a", .number("1")), ("bidSpread", .number("0.1")), ("bidSpread", .number("0.2")), ("bidSpread", .null),
        ])
        #expect(refusals(twice).filter { $0.rule == "given once" }.map(\.field) == ["bidSpread"])
    }

    @Test("H35: all faults are listed at once, in an order that does not change")
    func allAtOnce() {
        let bad: [String: Value?] = [
            "bidSpread": .number("10"), "askSpread": nil, "orderAmount": .number("-1"),
            "orderRefreshTime": nil, "numberOfLayers": .number("1.5"), "priceSourceType": .string("mid"),
            "ceilingPrice": .bool(false), "postOnly": .number("1"), "fillDelay": .number("-1"), "unknown": .nested,
        ]
        let fields = refusals(bad).map(\.field)
        #expect(
            fields == [
                "numberOfLayers", "bidSpread", "askSpread", "orderAmount", "priceSourceType", "ceilingPrice",
                "postOnly",
                "fillDelay", "orderRefreshTime", "unknown",
            ])
        for _ in 0..<20 { #expect(refusals(bad).map(\.field) == fields) }
        do {
            _ = try read(document(bad))
            Issue.record("not refused")
        } catch {
            #expect(error.description.split(separator: "; ").count == 10)
            #expect(error.description.contains("askSpread is missing: must be a fraction above 0"))
        }
    }

    @Test("a message does not repeat a megabyte")
    func longValues() throws {
        let long = String(repeating: "9", count: 1_000_000)
        for value in [Value.number(long), .string(long)] {
            let error = try #require(refusals(["orderAmount": value]).first)
            #expect(error.description.count < 200)
        }
    }

    @Test("an empty document names every required parameter")
    func empty() {
        #expect(Set(refusals(ParameterDocument()).map(\.field)) == Set(Self.required))
    }
}
