import Scheduling
import Strategies
import Testing
import TradingCore

@Suite("Ladder")
struct LadderTests {
    @Test(
        "bids round down and asks up, so neither is ever better than its formula",
        arguments: [
            ("99.99", "100.01", "0.001", "0.002", ["99.9", "99.8", "99.7"], ["100.2", "100.4", "100.6"]),
            ("100", "100.01", "0.001", "0.001", ["99.9", "99.8", "99.7"], ["100.11", "100.21", "100.31"]),
            ("99.99", "100.01", "0.00015", "0.00015", ["99.98", "99.97", "99.95"], ["100.02", "100.03", "100.05"]),
            ("99.99", "100.01", "0.0999", "0.0999", ["90.01", "80.02", "70.03"], ["109.99", "119.98", "129.97"]),
        ])
    func roundsOutwards(
        bid: String, ask: String, bidSpread: String, askSpread: String, bids: [String], asks: [String]
    ) throws {
        let desk = try Desk([
            "bidSpread": .number(bidSpread), "askSpread": .number(askSpread), "numberOfLayers": .number("3"),
        ])
        try desk.show(bid: try decimal(bid), ask: try decimal(ask))
        #expect(desk.decide() == .quote(next: .milliseconds(1000)))
        #expect(desk.prices(.buy) == bids)
        #expect(desk.prices(.sell) == asks)
        #expect(desk.wanted.quotes.filter { $0.side == .buy }.map(\.level) == [0, 1, 2])
        #expect(desk.wanted.quotes.filter { $0.side == .sell }.map(\.level) == [0, 1, 2])
    }

    @Test("prices and amounts equal an exact calculation of the original's formulas", arguments: 0..<24)
    func equalsTheFormula(index: Int) throws {
        let seed = UInt64(1_000 + index)
        var random = SplitMix64(seed: seed)
        for _ in 0..<25 {
            let layers = 1 + Int64(random.below(6))
            let spreads = [1 + Int64(random.below(90_000)), 1 + Int64(random.below(90_000))]
            let change = Int64(random.below(40))
            let isFixed = random.below(2) == 0
            let bid = FixedDecimal(raw: Int128(200_000 + random.below(1_000_000)) * 10_000_000_000_000_000)
            let ask = try bid.adding(FixedDecimal(raw: Int128(1 + random.below(500)) * 10_000_000_000_000_000))
            let desk = try Desk([
                "bidSpread": .number("\(spreads[0])e-6"), "askSpread": .number("\(spreads[1])e-6"),
                "numberOfLayers": .number("\(layers)"), "amountChangePerLayer": .number("\(change)"),
                "amountChangeType": .string(isFixed ? "fixed" : "percentage"), "postOnly": .bool(false),
            ])
            try desk.show(bid: bid, ask: ask)
            desk.decide()

            let reference = try bid.adding(ask).divided(by: FixedDecimal(2), rounding: .down)
            var amount = FixedDecimal.one
            var expected: [Side: [String]] = [.buy: [], .sell: []]
            var last: [Side: FixedDecimal] = [:]
            for layer in 1...layers {
                for side in Side.allCases {
                    let spread = FixedDecimal(raw: Int128(spreads[side == .buy ? 0 : 1]) * 1_000_000_000_000)
                    let away = try spread.multiplied(by: -side.sign * layer)
                    let exact = try reference.multiplied(by: FixedDecimal.one.adding(away), rounding: .down)
                    var price = try exact.rounded(toMultipleOf: "0.01", side == .buy ? .floor : .ceiling)
                    // Layers that the tick would bring together stand a tick apart.
                    if let last = last[side] {
                        let next = try last.adding(side == .buy ? "-0.01" : "0.01")
                        price = side == .buy ? min(price, next) : max(price, next)
                    }
                    last[side] = price
                    let quantity = try amount.rounded(toMultipleOf: "0.001", .down)
                    expected[side]?.append("\(price) x \(quantity)")
                }
                amount =
                    isFixed
                    ? try amount.adding(FixedDecimal(change))
                    : try amount.multiplied(by: FixedDecimal(100 + change), rounding: .down)
                        .divided(by: FixedDecimal(100), rounding: .down)
            }
            #expect(desk.quotes(.buy) == expected[.buy], "seed \(seed)")
            #expect(desk.quotes(.sell) == expected[.sell], "seed \(seed)")
        }
    }

    @Test("a spread in ticks is counted from the exact reference")
    func ticks() throws {
        let desk = try Desk([
            "bidSpread": nil, "bidSpreadTicks": .number("3"), "askSpread": nil, "askSpreadTicks": .number("1"),
            "numberOfLayers": .number("2"),
        ])
        try desk.show(bid: "99.99", ask: "100.02")
        desk.decide()
        #expect(desk.prices(.buy) == ["99.97", "99.94"], "from 100.005")
        #expect(desk.prices(.sell) == ["100.02", "100.03"])
    }

    @Test("a bid that would not be above 0 is left out")
    func deepTicks() throws {
        let desk = try Desk([
            "bidSpread": nil, "bidSpreadTicks": .number("6000"), "numberOfLayers": .number("3"),
        ])
        try desk.show(bid: "99.99", ask: "100.01")
        desk.decide()
        #expect(desk.prices(.buy) == ["40"])
        #expect(desk.prices(.sell).count == 3)
    }

    @Test(
        "the minimum spread holds after rounding, and moves every layer",
        arguments: [
            ("minimumSpread", "0.004", ["99.8", "99.7"], ["100.2", "100.3"]),
            ("minimumSpread", "0.002", ["99.9", "99.8"], ["100.1", "100.2"]),
            ("minimumSpreadTicks", "20", ["99.9", "99.8"], ["100.1", "100.2"]),
            ("minimumSpreadTicks", "21", ["99.89", "99.79"], ["100.11", "100.21"]),
            ("minimumSpreadTicks", "100", ["99.5", "99.4"], ["100.5", "100.6"]),
            ("minimumSpread", "0", ["99.9", "99.8"], ["100.1", "100.2"]),
        ])
    func minimumSpread(field: String, value: String, bids: [String], asks: [String]) throws {
        let desk = try Desk([field: .number(value), "numberOfLayers": .number("2")])
        try desk.show(bid: "99.99", ask: "100.01")
        desk.decide()
        #expect(desk.prices(.buy) == bids)
        #expect(desk.prices(.sell) == asks)
    }

    @Test("a minimum spread wider than the price leaves the asks")
    func hugeMinimumSpread() throws {
        let desk = try Desk(["minimumSpreadTicks": .number("1000000000")])
        try desk.show(bid: "99.99", ask: "100.01")
        desk.decide()
        #expect(desk.prices(.buy).isEmpty)
        #expect(desk.prices(.sell) == ["5000100"])
    }

    @Test("post-only quotes stay a step off the market, and layers a step apart")
    func postOnly() throws {
        let desk = try Desk(["priceSourceType": .string("last_price"), "numberOfLayers": .number("3")])
        try desk.show(bid: "89.99", ask: "90.01")
        desk.situation.lastTradePrice = try desk.price("100")
        desk.decide()
        #expect(desk.prices(.buy) == ["90", "89.99", "89.98"])
        #expect(desk.prices(.sell) == ["100.1", "100.2", "100.3"])
        #expect(desk.wanted.quotes.allSatisfy { $0.isPostOnly })

        desk.situation.lastTradePrice = try desk.price("80")
        desk.decide(at: 1000)
        #expect(desk.prices(.buy) == ["79.92", "79.84", "79.76"])
        #expect(desk.prices(.sell) == ["90", "90.01", "90.02"])
    }

    @Test("without post-only the formula stands, whatever the market")
    func notPostOnly() throws {
        let desk = try Desk(["priceSourceType": .string("last_price"), "postOnly": .bool(false)])
        try desk.show(bid: "89.99", ask: "90.01")
        desk.situation.lastTradePrice = try desk.price("100")
        desk.decide()
        #expect(desk.prices(.buy) == ["99.9"])
        #expect(desk.wanted.quotes.allSatisfy { !$0.isPostOnly })
    }

    @Test("a coarse tick does not bring two layers to one price")
    func coarseTick() throws {
        let desk = try Desk(["numberOfLayers": .number("3")], on: .test(tick: "1"))
        try desk.show(bid: "99", ask: "101")
        desk.decide()
        #expect(desk.prices(.buy) == ["99", "98", "97"])
        #expect(desk.prices(.sell) == ["101", "102", "103"])
    }

    @Test(
        "an exchange of five significant digits gets prices of five significant digits",
        arguments: [
            ("12345.6", "12345.8", ["12333", "12321"], ["12359", "12371"]),
            ("99999.9", "100000.1", ["99900", "99800"], ["100100", "100200"]),
            ("99.9", "100.1", ["99.9", "99.8"], ["100.1", "100.2"]),
            ("123456.7", "123456.9", ["123330", "123200"], ["123590", "123710"]),
        ])
    func significantDigits(bid: String, ask: String, bids: [String], asks: [String]) throws {
        let desk = try Desk(["numberOfLayers": .number("2")], on: .test(tick: "0.1", rounding: .significantDigits(5)))
        try desk.show(bid: try decimal(bid), ask: try decimal(ask))
        desk.decide()
        #expect(desk.prices(.buy) == bids)
        #expect(desk.prices(.sell) == asks)
    }

    @Test("H34, D18: ceiling 0 is off, it does not stop the buys; floor 0 neither")
    func boundsOff() throws {
        let desk = try Desk(["ceilingPrice": .number("0"), "floorPrice": .number("0")])
        try desk.show(bid: "99.99", ask: "100.01")
        desk.decide()
        #expect(desk.prices(.buy) == ["99.9"])
        #expect(desk.prices(.sell) == ["100.1"])
    }

    @Test(
        "D18: no buys above the ceiling, no sells below the floor; the bound itself is inside",
        arguments: [
            ("ceilingPrice", "100", 1, 1), ("ceilingPrice", "99.999", 0, 1), ("ceilingPrice", "50", 0, 1),
            ("ceilingPrice", "200", 1, 1), ("floorPrice", "100", 1, 1), ("floorPrice", "100.001", 1, 0),
            ("floorPrice", "200", 1, 0), ("floorPrice", "50", 1, 1), ("ceilingPrice", "1000000000000", 1, 1),
            ("floorPrice", "1000000000000", 1, 0),
        ])
    func bounds(field: String, value: String, bids: Int, asks: Int) throws {
        let desk = try Desk([field: .number(value)])
        try desk.show(bid: "99.99", ask: "100.01")
        desk.decide()
        #expect(desk.prices(.buy).count == bids)
        #expect(desk.prices(.sell).count == asks)
    }

    @Test("a skew prices no sell below the floor and no buy above the ceiling")
    func boundsUnderSkew() throws {
        let desk = try Desk([
            "floorPrice": .number("100"), "ceilingPrice": .number("100"), "inventoryTarget": .number("0.5"),
            "inventorySkew": .number("0.01"), "numberOfLayers": .number("3"), "priceSourceType": .string("last_price"),
        ])
        desk.situation.lastTradePrice = try desk.price("100")
        desk.situation.quote = "0"
        desk.decide()
        #expect(desk.prices(.sell).isEmpty, "99.1, 99.2 and 99.3 are below the floor")

        desk.situation.base = "0"
        desk.situation.quote = "1000000"
        desk.decide(at: 1000)
        #expect(desk.prices(.buy).isEmpty, "100.89, 100.79 and 100.69 are above the ceiling")
    }

    @Test("prices outside the exchange's range and amounts beyond its notional are not quoted")
    func exchangeBounds() throws {
        let instrument = try Instrument.test {
            $0.minimumPrice = "99.85"
            $0.maximumPrice = "100.25"
            $0.maximumNotional = "50"
        }
        let desk = try Desk(["numberOfLayers": .number("3")], on: instrument)
        try desk.show(bid: "99.99", ask: "100.01")
        desk.decide()
        #expect(desk.quotes(.buy) == ["99.9 x 0.5"])
        #expect(desk.quotes(.sell) == ["100.1 x 0.499", "100.2 x 0.499"])
    }
}
