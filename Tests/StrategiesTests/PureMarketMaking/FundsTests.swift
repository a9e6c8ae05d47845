import Strategies
import Testing
import TradingCore

@Suite("Funds and inventory")
struct FundsTests {
    @Test(
        "when funds are short the ladder shrinks or drops, from the touch outwards",
        arguments: [
            ("shrink", "150", "1.5", ["99.9 x 1", "99.8 x 0.502"], ["100.1 x 1", "100.2 x 0.5"]),
            ("drop", "150", "1.5", ["99.9 x 1"], ["100.1 x 1"]),
            ("shrink", "10000", "0", ["99.9 x 1", "99.8 x 1", "99.7 x 1"], []),
            ("drop", "0", "3", [], ["100.1 x 1", "100.2 x 1", "100.3 x 1"]),
            ("shrink", "0.09", "0.0009", [], []),
        ])
    func shortFunds(rule: String, quote: String, base: String, bids: [String], asks: [String]) throws {
        let desk = try Desk(["shortFunds": .string(rule), "numberOfLayers": .number("3")])
        try desk.show(bid: "99.99", ask: "100.01")
        desk.situation.quote = try decimal(quote)
        desk.situation.base = try decimal(base)
        let decision = desk.decide()
        #expect(desk.quotes(.buy) == bids)
        #expect(desk.quotes(.sell) == asks)
        if bids.isEmpty, asks.isEmpty { #expect(decision == .hold(.nothingPlaceable, next: .milliseconds(1000))) }
    }

    @Test("dropping goes on to a smaller outer layer that fits")
    func dropsOnlyWhatDoesNotFit() throws {
        let desk = try Desk([
            "shortFunds": .string("drop"), "numberOfLayers": .number("3"), "orderAmount": .number("4"),
            "amountChangePerLayer": .number("-1.5"),
        ])
        try desk.show(bid: "99.99", ask: "100.01")
        desk.situation.base = "3"
        desk.situation.quote = "0"
        desk.decide()
        #expect(desk.quotes(.sell) == ["100.2 x 2.5"])
        #expect(desk.wanted.quotes.map(\.level) == [1])
    }

    @Test(
        "what is left below the exchange's minimum is not quoted",
        arguments: [
            ("minimumQuantity", "1.2"), ("minimumNotional", "120"),
        ])
    func belowTheMinimum(rule: String, funds: String) throws {
        let instrument = try Instrument.test {
            if rule == "minimumQuantity" { $0.minimumQuantity = "0.5" } else { $0.minimumNotional = "50" }
        }
        let desk = try Desk(["numberOfLayers": .number("2")], on: instrument)
        try desk.show(bid: "99.99", ask: "100.01")
        desk.situation.base = "1.2"
        desk.situation.quote = "120"
        desk.decide()
        #expect(desk.quotes(.buy) == ["99.9 x 1"], "0.2 are left")
        #expect(desk.quotes(.sell) == ["100.1 x 1"])
    }

    @Test("negative funds buy and sell nothing")
    func negative() throws {
        let desk = try Desk()
        try desk.show(bid: "99.99", ask: "100.01")
        desk.situation.base = "-1"
        desk.situation.quote = "-1"
        #expect(desk.decide() == .hold(.nothingPlaceable, next: .milliseconds(1000)))
    }

    @Test(
        "too much base lowers both prices, too little raises them; all in one asset shifts by the whole skew",
        arguments: [
            ("100", "0", "98.9", "99.1"), ("0", "10000", "100.89", "101.11"), ("50", "5000", "99.9", "100.1"),
            ("75", "2500", "99.4", "99.6"), ("25", "7500", "100.39", "100.61"), ("0", "0", "", ""),
        ])
    func skew(base: String, quote: String, bid: String, ask: String) throws {
        let desk = try Desk([
            "inventoryTarget": .number("0.5"), "inventorySkew": .number("0.01"),
            "priceSourceType": .string("last_price"),
        ])
        desk.situation.lastTradePrice = try desk.price("100")
        desk.situation.base = try decimal(base)
        desk.situation.quote = try decimal(quote)
        desk.decide()
        #expect(desk.prices(.buy) == (quote == "0" || bid.isEmpty ? [] : [bid]))
        #expect(desk.prices(.sell) == (base == "0" || ask.isEmpty ? [] : [ask]))
    }

    @Test(
        "a skew at a one-sided target shifts by the whole skew at the far end",
        arguments: [
            ("0", "50", "98.9"), ("1", "50", nil), ("0.2", "100", "98.9"),
        ] as [(String, String, String?)])
    func oneSidedTarget(target: String, base: String, bid: String?) throws {
        let desk = try Desk([
            "inventoryTarget": .number(target), "inventorySkew": .number("0.01"),
            "priceSourceType": .string("last_price"), "shortFunds": .string("shrink"),
        ])
        desk.situation.lastTradePrice = try desk.price("100")
        desk.situation.base = try decimal(base)
        desk.situation.quote = "0"
        desk.decide()
        #expect(desk.prices(.sell) == [target == "1" ? "100.1" : "99.1"])
        #expect(desk.prices(.buy).isEmpty)
    }

    @Test(
        "the size skew takes from the side that leads away from the target",
        arguments: [
            ("50", "5000", ["99.9 x 1"], ["100.1 x 1"]), ("75", "2500", ["99.9 x 0.75"], ["100.1 x 1"]),
            ("25", "7500", ["99.9 x 1"], ["100.1 x 0.75"]), ("0", "10000", ["99.9 x 1"], []),
        ])
    func sizeSkew(base: String, quote: String, bids: [String], asks: [String]) throws {
        let desk = try Desk(["inventoryTarget": .number("0.5"), "inventorySizeSkew": .number("0.5")])
        try desk.show(bid: "99.99", ask: "100.01")
        desk.situation.base = try decimal(base)
        desk.situation.quote = try decimal(quote)
        desk.decide()
        #expect(desk.quotes(.buy) == bids)
        #expect(desk.quotes(.sell) == asks)
    }

    @Test("a full size skew stops the side that leads further away")
    func fullSizeSkew() throws {
        let desk = try Desk(["inventoryTarget": .number("0.5"), "inventorySizeSkew": .number("1")])
        try desk.show(bid: "99.99", ask: "100.01")
        desk.situation.base = "1000000"
        desk.situation.quote = "0"
        desk.decide()
        #expect(desk.quotes(.buy).isEmpty)
        #expect(desk.quotes(.sell) == ["100.1 x 1"])
    }
}
