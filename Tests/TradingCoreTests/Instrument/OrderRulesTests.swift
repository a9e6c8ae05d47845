import Scheduling
import Testing
import TradingCore

/// BTC/USDT counted in cents and 0.00001 BTC; orders in steps of 5 cents and 0.0001 BTC.
private let unit = { () -> BookUnit in
    guard let unit = try? BookUnit(price: "0.01", quantity: "0.00001") else { preconditionFailure("a good unit") }
    return unit
}()

private let allRules = TradingRules(
    priceRounding: .tick("0.05"), lotSize: "0.0001", minimumPrice: "1", maximumPrice: "2000", minimumQuantity: "0.001",
    maximumQuantity: "100", maximumMarketQuantity: "50", minimumNotional: "5", maximumNotional: "5000",
    priceBand: PriceBand(bidDown: "0.5", bidUp: "1.25", askDown: "0.75", askUp: "2"), maximumOpenOrders: 7,
    maximumPosition: "300")

private func makeRules(_ rules: TradingRules = allRules, unit: BookUnit = unit) throws -> OrderRules {
    let symbol = Symbol(base: AssetID("BTC"), quote: AssetID("USDT"))
    let id = InstrumentID(exchange: ExchangeID(rawValue: "paper"), symbol: symbol)
    return try OrderRules(Instrument(id: id, unit: unit, rules: rules))
}

private func price(_ value: FixedDecimal) throws -> Price {
    Price(ticks: try value.count(of: unit.price, rounding: .down))
}

private func quantity(_ value: FixedDecimal) throws -> Quantity {
    Quantity(lots: try value.count(of: unit.quantity, rounding: .down))
}

@Suite("Order rules")
struct OrderRulesTests {
    @Test(
        "each rule holds at its bound and not past it",
        arguments: [
            // side, price, quantity, average price, what it breaks
            (.buy, "100", "1", nil, nil),
            (.buy, "1", "10", nil, nil), (.buy, "0.95", "10", nil, .priceRange), (.buy, "1.05", "10", nil, nil),
            (.sell, "2000", "1", nil, nil), (.sell, "2000.05", "1", nil, .priceRange),
            (.sell, "1999.95", "1", nil, nil),
            (.buy, "0", "10", nil, .priceRange), (.buy, "-100", "10", nil, .priceRange),
            (.buy, "100.05", "1", nil, nil), (.buy, "100.04", "1", nil, .priceStep),
            (.buy, "100.01", "1", nil, .priceStep),
            (.buy, "50", "1", "100", nil), (.buy, "49.95", "1", "100", .priceBand), (.buy, "50.05", "1", "100", nil),
            (.buy, "125", "1", "100", nil), (.buy, "125.05", "1", "100", .priceBand), (.buy, "124.95", "1", "100", nil),
            (.sell, "75", "1", "100", nil), (.sell, "74.95", "1", "100", .priceBand), (.sell, "75.05", "1", "100", nil),
            (.sell, "200", "1", "100", nil), (.sell, "200.05", "1", "100", .priceBand),
            (.sell, "199.95", "1", "100", nil),
            (.sell, "200.05", "1", nil, nil),
            (.buy, "1000", "0.005", nil, nil), (.buy, "2000", "0.0009", nil, .quantityRange),
            (.buy, "2000", "0.00251", nil, .quantityStep), (.buy, "2000", "0.0025", nil, nil),
            (.buy, "1", "100", nil, nil), (.buy, "1", "100.0001", nil, .quantityRange),
            (.buy, "1", "99.9999", nil, nil),
            (.buy, "1", "0", nil, .quantityRange), (.buy, "1", "-10", nil, .quantityRange),
            (.buy, "100", "0.05", nil, nil), (.buy, "100", "0.0499", nil, .minimumNotional),
            (.buy, "100", "0.0501", nil, nil), (.buy, "100", "50", nil, nil),
            (.buy, "100", "50.0001", nil, .maximumNotional), (.buy, "100", "49.9999", nil, nil),
        ] as [(Side, String, String, String?, RuleViolation?)])
    func bounds(side: Side, limit: String, amount: String, average: String?, violation: RuleViolation?) throws {
        // Texts, because Swift 6.3.1 crashes on test arguments that are tuples of five with an `Int128` among them.
        let found = try makeRules().violation(
            side: side, price: price(FixedDecimal(limit[...])), quantity: quantity(FixedDecimal(amount[...])),
            average: average.map { try price(FixedDecimal($0[...])) })
        #expect(found == violation)
    }

    @Test(
        "names the first rule broken, in the exchange's order",
        arguments: [
            ("3000.01", "0.00001", .priceRange), ("300.01", "0.00001", .priceStep), ("300", "0.00001", .priceBand),
            ("100", "0.00001", .quantityRange), ("100", "0.00101", .quantityStep), ("100", "0.001", .minimumNotional),
        ] as [(FixedDecimal, FixedDecimal, RuleViolation)])
    func order(limit: FixedDecimal, amount: FixedDecimal, violation: RuleViolation) throws {
        let found = try makeRules().violation(
            side: .buy, price: price(limit), quantity: quantity(amount), average: price("100"))
        #expect(found == violation)
    }

    @Test(
        "a market order answers to quantity and minimum notional at the reference price",
        arguments: [
            ("50", "100", nil), ("50.0001", "100", .quantityRange), ("49.9999", "100", nil),
            ("100.0001", "1", .quantityRange), ("0.001", nil, nil), ("0.0009", nil, .quantityRange),
            ("0", nil, .quantityRange), ("-1", "100", .quantityRange), ("0.00101", nil, .quantityStep),
            ("0.05", "100", nil), ("0.0499", "100", .minimumNotional), ("0.0499", nil, nil),
            ("50", "2000", nil),
        ] as [(FixedDecimal, FixedDecimal?, RuleViolation?)])
    func market(amount: FixedDecimal, reference: FixedDecimal?, violation: RuleViolation?) throws {
        let found = try makeRules().marketViolation(
            quantity: quantity(amount), reference: reference.map { try price($0) })
        #expect(found == violation)
    }

    @Test("a rule the exchange does not have binds nobody, a quantity must still be positive")
    func noRules() throws {
        let rules = try makeRules(TradingRules(priceRounding: .tick("0.01"), lotSize: "0.00001"))
        let (least, most) = (Price(ticks: 1), Price(ticks: OrderRules.maximumTicks))
        #expect(rules.violation(side: .buy, price: least, quantity: Quantity(lots: 1), average: most) == nil)
        #expect(rules.violation(side: .sell, price: most, quantity: Quantity(lots: 1), average: least) == nil)
        #expect(rules.violation(side: .buy, price: least, quantity: .zero, average: nil) == .quantityRange)
        #expect(rules.marketViolation(quantity: Quantity(lots: OrderRules.maximumLots), reference: nil) == nil)
        #expect(rules.marketViolation(quantity: Quantity(lots: .max), reference: nil) == .quantityRange)
        let dearer = Price(ticks: OrderRules.maximumTicks + 1)
        #expect(rules.violation(side: .buy, price: dearer, quantity: Quantity(lots: 1), average: nil) == .priceRange)
        #expect(rules.maximumOpenOrders == .max)
        #expect(rules.maximumPosition == nil)
        #expect(!rules.hasPriceBand)
        #expect(try makeRules().hasPriceBand)
        #expect(try makeRules().maximumOpenOrders == 7)
        #expect(try makeRules().maximumPosition == "300")
    }

    @Test("an order whose value no decimal can say is never good")
    func unsayableNotional() throws {
        let coarse = try BookUnit(price: "1000", quantity: "1")
        let rules = try makeRules(TradingRules(priceRounding: .tick("1000"), lotSize: "1"), unit: coarse)
        let limit = Price(ticks: 1_000_000)
        // 10⁹ × 170 141 183 460 is the last multiple within the range.
        let most = Quantity(lots: 170_141_183_460)
        #expect(rules.violation(side: .buy, price: limit, quantity: most, average: nil) == nil)
        #expect(coarse.notional(limit, most) == "170141183460000000000")
        let more = Quantity(lots: most.lots + 1)
        #expect(rules.violation(side: .buy, price: limit, quantity: more, average: nil) == .maximumNotional)
    }

    @Test("each violation bears the name of Binance's filter")
    func filterNames() {
        let names: [RuleViolation: String] = [
            .priceRange: "PRICE_FILTER", .priceStep: "PRICE_FILTER", .priceBand: "PERCENT_PRICE_BY_SIDE",
            .quantityRange: "LOT_SIZE", .quantityStep: "LOT_SIZE", .minimumNotional: "NOTIONAL",
            .maximumNotional: "NOTIONAL", .openOrders: "MAX_NUM_ORDERS", .position: "MAX_POSITION",
        ]
        for (violation, name) in names { #expect(violation.filterName == name) }
        #expect(RuleViolation(rawValue: UInt8(names.count)) == nil, "a violation without a name here")
    }
}

@Suite("Order rounding")
struct OrderRoundingTests {
    @Test(
        "bids round down, asks up, to the tick size",
        arguments: [(100, 100, 100), (101, 100, 105), (104, 100, 105), (105, 105, 105), (3, 0, 5)]
            as [(Int64, Int64, Int64)])
    func ticks(ticks: Int64, bid: Int64, ask: Int64) throws {
        let rules = try makeRules()
        #expect(rules.rounded(Price(ticks: ticks), for: .buy).ticks == bid)
        #expect(rules.rounded(Price(ticks: ticks), for: .sell).ticks == ask)
    }

    @Test(
        "bids round down, asks up, to five significant digits",
        arguments: [
            // price, bid, ask, step
            (1, 1, 1, 1), (99_999, 99_999, 99_999, 1), (100_000, 100_000, 100_000, 10), (100_001, 100_000, 100_010, 10),
            (123_456, 123_450, 123_460, 10), (999_991, 999_990, 1_000_000, 10), (999_999, 999_990, 1_000_000, 10),
            (1_000_000, 1_000_000, 1_000_000, 100), (1_000_001, 1_000_000, 1_000_100, 100),
            (123_456_789, 123_450_000, 123_460_000, 10_000),
        ] as [(Int64, Int64, Int64, Int64)])
    func significantDigits(ticks: Int64, bid: Int64, ask: Int64, step: Int64) throws {
        let rules = try makeRules(TradingRules(priceRounding: .significantDigits(5), lotSize: "0.0001"))
        #expect(rules.rounded(Price(ticks: ticks), for: .buy).ticks == bid)
        #expect(rules.rounded(Price(ticks: ticks), for: .sell).ticks == ask)
        #expect(rules.step(at: Price(ticks: ticks)) == step)
    }

    @Test("a rounded price is on the step, on its side, and less than a step away", arguments: Seeds.all)
    func nearest(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<60 {
            let rounding: PriceRounding =
                random.chance(oneIn: 2)
                ? .significantDigits(Int(random.int(in: 1...18)))
                : .tick(try unit.price.multiplied(by: random.int(in: 1...10_000)))
            let rules = try makeRules(TradingRules(priceRounding: rounding, lotSize: "0.0001"))
            for _ in 0..<30 {
                let price = Price(ticks: 1 + Int64(random.next() >> (24 + random.below(39))))
                for side in Side.allCases {
                    let rounded = rules.rounded(price, for: side)
                    let distance = (price.ticks - rounded.ticks) * side.sign
                    var isGood = distance >= 0 && distance < rules.step(at: price)
                    isGood = isGood && rules.rounded(rounded, for: side) == rounded
                    if rounded.ticks > 0, rounded.ticks <= OrderRules.maximumTicks {
                        let one = Quantity(lots: 10)
                        isGood =
                            isGood && rules.violation(side: side, price: rounded, quantity: one, average: nil) == nil
                    }
                    if distance > 0, price.ticks <= OrderRules.maximumTicks {
                        let one = Quantity(lots: 10)
                        isGood =
                            isGood
                            && rules.violation(side: side, price: price, quantity: one, average: nil) == .priceStep
                    }
                    if !isGood { Issue.record("\(side) \(price.ticks) to \(rounded.ticks) under \(rounding)") }
                }
            }
        }
    }

    @Test("quantities round down to whole lot steps", arguments: [(0, 0), (9, 0), (10, 10), (19, 10), (20, 20)])
    func lots(lots: Int64, rounded: Int64) throws {
        #expect(try makeRules().roundedDown(Quantity(lots: lots)).lots == rounded)
    }
}

@Suite("Minimum quantity")
struct MinimumQuantityTests {
    @Test(
        "is the larger of the exchange's minimum and what the notional asks, on the lot step",
        arguments: [
            ("100", "0.05"), ("1000", "0.005"), ("2000", "0.0025"), ("5", "1"), ("1", "5"), ("7", "0.7143"),
            ("0.05", "100"),
            ("0.01", nil), ("0", nil), ("-1", nil), ("10000", "0.001"), ("5000000", "0.001"), ("5000000.01", nil),
        ] as [(FixedDecimal, FixedDecimal?)])
    func examples(limit: FixedDecimal, smallest: FixedDecimal?) throws {
        let found = try makeRules().minimumQuantity(at: price(limit))
        #expect(found == (try smallest.map { try quantity($0) }))
    }

    @Test("is acceptable, and one lot step less is not; nil only when no quantity is acceptable", arguments: Seeds.all)
    func smallest(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<300 {
            let rules = try makeRules(randomRules(&random))
            let price = Price(ticks: random.int(in: 1...30_000))
            func isGood(_ lots: Int64) -> Bool {
                rules.violation(side: .buy, price: price, quantity: Quantity(lots: lots), average: nil) == nil
            }
            if let smallest = rules.minimumQuantity(at: price) {
                if !isGood(smallest.lots) { Issue.record("\(smallest.lots) at \(price.ticks) is no good: \(rules)") }
                if isGood(smallest.lots - rules.roundedStep) {
                    Issue.record("\(smallest.lots) at \(price.ticks) is not the smallest: \(rules)")
                }
            } else if let good = (1...400).first(where: { isGood(Int64($0)) }) {
                Issue.record("\(good) at \(price.ticks) would do: \(rules)")
            }
        }
    }

    @Test("absurd minimums have no smallest quantity, and stop nothing")
    func absurd() throws {
        let huge = FixedDecimal(raw: .max)
        let tiny = try BookUnit(price: "0.000000001", quantity: "0.000000001")
        let rules = try makeRules(
            TradingRules(priceRounding: .tick("0.000000001"), lotSize: "0.000000001", minimumNotional: huge), unit: tiny
        )
        #expect(rules.minimumQuantity(at: Price(ticks: 1)) == nil)
        #expect(rules.minimumQuantity(at: Price(ticks: .max)) == nil)
        let coarse = try makeRules(TradingRules(priceRounding: .tick("0.01"), lotSize: "10000000000000"))
        #expect(coarse.minimumQuantity(at: Price(ticks: 1))?.lots == 1_000_000_000_000_000_000)
        let coarser = try makeRules(TradingRules(priceRounding: .tick("0.01"), lotSize: "50000000000000"))
        #expect(coarser.minimumQuantity(at: Price(ticks: 1)) == nil)
    }

    private func randomRules(_ random: inout SplitMix64) throws -> TradingRules {
        func quantity(_ range: ClosedRange<Int64>) throws -> FixedDecimal? {
            random.chance(oneIn: 3) ? nil : try unit.quantity.multiplied(by: random.int(in: range))
        }
        let (lot, minimum, maximum) = try (quantity(1...20), quantity(0...50), quantity(50...400))
        let notional = unit.notional
        let least = random.chance(oneIn: 3) ? nil : try notional.multiplied(by: random.int(in: 0...500_000))
        let most = random.chance(oneIn: 2) ? nil : try notional.multiplied(by: random.int(in: 0...1_000_000))
        return TradingRules(
            priceRounding: .tick(unit.price), lotSize: lot ?? unit.quantity, minimumQuantity: minimum,
            maximumQuantity: maximum, minimumNotional: least, maximumNotional: most)
    }
}

extension OrderRules {
    /// The lot step, found from outside: the smallest quantity that rounding down keeps.
    fileprivate var roundedStep: Int64 {
        var lots: Int64 = 1
        while roundedDown(Quantity(lots: lots)).lots == 0 { lots += 1 }
        return lots
    }
}

@Suite("Instrument errors")
struct InstrumentErrorTests {
    @Test("name the field, its value and the rule")
    func messages() throws {
        let change: [(String, (inout TradingRules) -> Void)] = [
            (
                "tickSize 0.015: must be a positive multiple of the book unit 0.01",
                { $0.priceRounding = .tick("0.015") }
            ),
            ("tickSize 0: must be a positive multiple of the book unit 0.01", { $0.priceRounding = .tick("0") }),
            (
                "tickSize -0.05: must be a positive multiple of the book unit 0.01",
                { $0.priceRounding = .tick("-0.05") }
            ),
            ("significantDigits 0: must be 1 to 18", { $0.priceRounding = .significantDigits(0) }),
            ("significantDigits 19: must be 1 to 18", { $0.priceRounding = .significantDigits(19) }),
            ("lotSize 0.000001: must be a positive multiple of the book unit 0.00001", { $0.lotSize = "0.000001" }),
            (
                "minimumPrice 20000000000: must be at most 1099511627776 steps of 0.01",
                { $0.minimumPrice = "20000000000" }
            ),
            (
                "minimumPrice 170141183460469231731: must be at most 1099511627776 steps of 0.01",
                { $0.minimumPrice = "170141183460469231731" }
            ),
            ("maximumPrice 0.5: must be at least one step of 0.01 and the minimum 1", { $0.maximumPrice = "0.5" }),
            (
                "maximumPrice -100000000000000000000: must be at least one step of 0.01 and the minimum 1",
                { $0.maximumPrice = "-100000000000000000000" }
            ),
            (
                "maximumQuantity 0: must be at least one step of 0.00001 and the minimum 0.001",
                { $0.maximumQuantity = "0" }
            ),
            (
                "maximumMarketQuantity 0.000001: must be at least one step of 0.00001",
                { $0.maximumMarketQuantity = "0.000001" }
            ),
            ("minimumNotional -1: must be 0 or more", { $0.minimumNotional = "-1" }),
            ("maximumNotional -1: must be 0 or more", { $0.maximumNotional = "-1" }),
            (
                "bidBand 2 to 1.25: must be a range that is not empty within 0 to 1000000",
                { $0.priceBand?.bidDown = "2" }
            ),
            (
                "askBand 0.75 to 1000001: must be a range that is not empty within 0 to 1000000",
                { $0.priceBand?.askUp = "1000001" }
            ),
            ("maximumOpenOrders 0: must be at least 1", { $0.maximumOpenOrders = 0 }),
        ]
        for (message, change) in change {
            var rules = allRules
            change(&rules)
            let error = #expect(throws: InstrumentError.self) { try makeRules(rules) }
            #expect(error?.description == message)
        }
    }

    @Test(
        "a book unit is positive and its notional exact",
        arguments: [
            ("0", "1", "priceUnit 0: must be above 0"), ("-1", "1", "priceUnit -1: must be above 0"),
            ("1", "0", "quantityUnit 0: must be above 0"), ("1", "-0.1", "quantityUnit -0.1: must be above 0"),
            (
                "0.0000000001", "0.000000001",
                "priceUnit x quantityUnit 0.0000000001 x 0.000000001: must be a product of at most 18 fractional digits"
            ),
            (
                "100000000000", "100000000000",
                "priceUnit x quantityUnit 100000000000 x 100000000000: must be a product of at most 18 fractional digits"
            ),
        ] as [(FixedDecimal, FixedDecimal, String)])
    func unit(price: FixedDecimal, quantity: FixedDecimal, message: String) {
        let error = #expect(throws: InstrumentError.self) { try BookUnit(price: price, quantity: quantity) }
        #expect(error?.description == message)
    }

    @Test(
        "fees stay within ten percent",
        arguments: [
            ("0.100000000000000001", "0", 8, "makerFee 0.100000000000000001: must be a fraction from -0.1 to 0.1"),
            ("0", "-0.2", 8, "takerFee -0.2: must be a fraction from -0.1 to 0.1"),
            ("0", "0", 19, "feeDigits 19: must be 0 to 18"),
            ("0", "0", -1, "feeDigits -1: must be 0 to 18"), ("0.1", "-0.1", 0, nil), ("-0.1", "0.1", 18, nil),
        ] as [(FixedDecimal, FixedDecimal, Int, String?)])
    func fees(maker: FixedDecimal, taker: FixedDecimal, digits: Int, message: String?) {
        var found: String?
        do { _ = try FeeSchedule(maker: maker, taker: taker, assetDigits: digits) } catch { found = error.description }
        #expect(found == message)
    }

    @Test("a unit turns counts into decimals exactly")
    func decimals() throws {
        let unit = try BookUnit(price: "0.01", quantity: "0.00001")
        #expect(unit.notional == "0.0000001")
        #expect(unit.decimal(Price(ticks: 6_500_012)) == "65000.12")
        #expect(unit.decimal(Quantity(lots: -3)) == "-0.00003")
        #expect(unit.notional(Price(ticks: 6_500_012), Quantity(lots: 3)) == "1.9500036")
    }
}
