import Strategies
import Testing
import TradingCore

@Suite("External price")
struct ExternalPriceTests {
    private func desk(_ changes: [String: Value?] = [:]) throws -> Desk {
        var changes = changes
        changes["oracleExchangeName"] = .string("okx")
        let desk = try Desk(changes)
        try desk.show(bid: "99.99", ask: "100.01")
        return desk
    }

    @Test("quotes stand around the external price, off the market's touch")
    func external() throws {
        let desk = try desk()
        desk.external("101")
        desk.decide()
        #expect(desk.prices(.buy) == ["100"], "post-only")
        #expect(desk.prices(.sell) == ["101.11"], "101.101 rounded up")
    }

    @Test("a price finer than a tick is not rounded before the spread")
    func fine() throws {
        let desk = try desk(["bidSpread": nil, "bidSpreadTicks": .number("1")])
        desk.external("99.995")
        desk.decide()
        #expect(desk.prices(.buy) == ["99.98"])
    }

    @Test(
        "the guard: no price, an old one, or one too far away shows nothing",
        arguments: [
            (nil, 0, true), ("105", 0, false), ("105.01", 0, true), ("95", 0, false), ("94.99", 0, true),
            ("100", 10_000, false),
            ("100", 10_001, true), ("0", 0, true), ("-100", 0, true), ("0.000000000000000001", 0, true),
            ("100000000000000000000", 0, true), ("-100000000000000000000", 0, true), ("92233720368.54775807", 0, true),
            ("100", -60_000, false),
        ] as [(String?, Int64, Bool)])
    func guarded(price: String?, age: Int64, holds: Bool) throws {
        for distance in ["0.05", "1"] where !(distance == "1" && price?.hasPrefix("9") == true) {
            let desk = try desk(["maximumExternalDistance": .number(distance)])
            if let price { desk.external(try decimal(price), at: 100_000 - age) }
            let decision = desk.decide(at: 100_000)
            if distance == "1", price == "105.01" || price == "0.000000000000000001" { continue }
            #expect((decision == .hold(.externalPrice, next: .milliseconds(101_000))) == holds)
        }
    }

    @Test("with no market at all the external price is enough")
    func emptyMarket() throws {
        let desk = try desk()
        try desk.show(bid: nil, ask: nil)
        desk.external("200")
        desk.decide()
        #expect(desk.prices(.buy) == ["199.8"])
    }

    @Test("an external price far from a market that has gone is not held against it")
    func goneMarket() throws {
        let desk = try desk()
        desk.external("100")
        desk.decide()
        try desk.show(bid: nil, ask: nil)
        desk.external("120", at: 1000)
        #expect(desk.decide(at: 1000) == .quote(next: .milliseconds(2000)))
    }

    @Test(
        "with one side missing the guard measures from the side that stands",
        arguments: [
            ("99", nil, "120", false), ("99", nil, "94.1", false), ("99", nil, "94", true), (nil, "101", "80", false),
            (nil, "101", "106", false), (nil, "101", "107", true),
        ] as [(String?, String?, String, Bool)])
    func oneSide(bid: String?, ask: String?, price: String, holds: Bool) throws {
        let desk = try desk()
        try desk.show(bid: bid.flatMap { FixedDecimal($0) }, ask: ask.flatMap { FixedDecimal($0) })
        desk.external(try decimal(price))
        #expect((desk.decide() == .hold(.externalPrice, next: .milliseconds(1000))) == holds)
    }

    @Test("ceiling and floor are held against the external price, as in the original")
    func bounds() throws {
        let desk = try desk(["ceilingPrice": .number("100.5")])
        desk.external("101")
        desk.decide()
        #expect(desk.prices(.buy).isEmpty)
        #expect(desk.prices(.sell) == ["101.11"])
    }

    @Test("a jump of the external price pauses too")
    func jump() throws {
        let desk = try desk(["suddenMove": .number("0.01"), "orderRefreshTime": .number("100")])
        desk.external("100")
        desk.decide()
        desk.external("102", at: 100)
        #expect(desk.decide(at: 100) == .hold(.suddenMove, next: .milliseconds(10_100)))
    }

    @Test("without an oracle an external price is not read")
    func noOracle() throws {
        let desk = try Desk()
        try desk.show(bid: "99.99", ask: "100.01")
        desk.external("5")
        desk.decide()
        #expect(desk.prices(.buy) == ["99.9"])
    }
}
