import Strategies
import Testing
import TradingCore

@Suite("Reference price")
struct ReferenceTests {
    static let sources = PureMarketMakingParameters.PriceSource.allCases

    @Test(
        "each source says its own price",
        arguments: [
            ("mid_price", "100"), ("best_bid", "99"), ("best_ask", "101"), ("last_price", "100.5"),
            ("microprice", "100.5"),
        ])
    func source(name: String, price: FixedDecimal) throws {
        let desk = try Desk([
            "priceSourceType": .string(name), "postOnly": .bool(false), "bidSpread": nil, "askSpread": nil,
            "bidSpreadTicks": .number("10"), "askSpreadTicks": .number("10"),
        ])
        try desk.add(.buy, "99", "3")
        try desk.add(.sell, "101", "1")
        desk.situation.lastTradePrice = try desk.price("100.5")
        desk.decide()
        #expect(desk.prices(.buy) == ["\(try price.subtracting("0.1"))"])
        #expect(desk.prices(.sell) == ["\(try price.adding("0.1"))"])
    }

    // MARK: - Odd books

    enum Outcome: Sendable, CustomTestStringConvertible {
        case quotes(bid: String, ask: String)
        case holds(HoldReason)

        var testDescription: String {
            switch self {
            case .quotes(let bid, let ask): "\(bid) | \(ask)"
            case .holds(let reason): "\(reason)"
            }
        }
    }

    @Test(
        "an odd book at the start",
        arguments: [
            (nil, nil, Outcome.holds(.noReferencePrice)), ("100", nil, .holds(.noReferencePrice)),
            (nil, "100", .holds(.noReferencePrice)), ("100", "100", .quotes(bid: "99.9", ask: "100.1")),
            ("100.01", "100", .holds(.crossedBook)), ("110", "90", .holds(.crossedBook)),
            ("99", "101", .quotes(bid: "99.9", ask: "100.1")),
        ] as [(String?, String?, Outcome)])
    func atTheStart(bid: String?, ask: String?, outcome: Outcome) throws {
        try expect(outcome, try Desk(), bid, ask, at: 0)
    }

    @Test(
        "an odd book after a reference of 100",
        arguments: [
            (nil, nil, Outcome.quotes(bid: "99.9", ask: "100.1")), ("99", nil, .quotes(bid: "99.9", ask: "100.1")),
            (nil, "101", .quotes(bid: "99.9", ask: "100.1")), ("105", nil, .quotes(bid: "104.89", ask: "105.11")),
            (nil, "95", .quotes(bid: "94.9", ask: "95.1")), ("105", "105", .quotes(bid: "104.89", ask: "105.11")),
            ("105", "104", .holds(.crossedBook)),
        ] as [(String?, String?, Outcome)])
    func afterwards(bid: String?, ask: String?, outcome: Outcome) throws {
        let desk = try Desk()
        try desk.show(bid: "99", ask: "101")
        desk.decide()
        try expect(outcome, desk, bid, ask, at: 1000)
    }

    @Test(
        "a side that the source needs and that is missing leaves the last reference",
        arguments: [
            ("best_bid", nil, "101", Outcome.quotes(bid: "98.9", ask: "99.1")),
            ("best_ask", "99", nil, .quotes(bid: "100.89", ask: "101.11")),
            ("best_bid", "98", nil, .quotes(bid: "97.9", ask: "98.1")),
            ("best_ask", nil, "102", .quotes(bid: "101.89", ask: "102.11")),
            ("microprice", nil, nil, .quotes(bid: "99.9", ask: "100.1")),
        ] as [(String, String?, String?, Outcome)])
    func missingSide(source: String, bid: String?, ask: String?, outcome: Outcome) throws {
        let desk = try Desk(["priceSourceType": .string(source), "postOnly": .bool(false)])
        try desk.show(bid: "99", ask: "101")
        desk.decide()
        try expect(outcome, desk, bid, ask, at: 1000)
    }

    @Test("without a trade there is no last price; with one the book may be empty")
    func lastPrice() throws {
        let desk = try Desk(["priceSourceType": .string("last_price")])
        try expect(.holds(.noReferencePrice), desk, "99", "101", at: 0)
        desk.situation.lastTradePrice = try desk.price("100")
        try expect(.quotes(bid: "99.9", ask: "100.1"), desk, nil, nil, at: 1000)
    }

    @Test("post-only quotes fit into a locked book")
    func locked() throws {
        let desk = try Desk(["bidSpread": .number("0.000001"), "askSpread": .number("0.000001")])
        try expect(.quotes(bid: "99.99", ask: "100.01"), desk, "100", "100", at: 0)
    }

    @Test("a crossed book heals, and the next look quotes again")
    func crossedHeals() throws {
        let desk = try Desk(["orderRefreshTime": .number("2000")])
        try desk.show(bid: "101", ask: "100")
        #expect(desk.decide() == .hold(.crossedBook, next: .milliseconds(1000)), "not after a whole refresh time")
        try desk.show(bid: "99.99", ask: "100.01")
        #expect(desk.decide(at: 1000) == .quote(next: .milliseconds(3000)))
    }

    private func expect(_ outcome: Outcome, _ desk: Desk, _ bid: String?, _ ask: String?, at time: Int64) throws {
        try desk.show(bid: bid.flatMap { FixedDecimal($0) }, ask: ask.flatMap { FixedDecimal($0) })
        let decision = desk.decide(at: time)
        switch outcome {
        case .quotes(let bid, let ask):
            #expect(decision == .quote(next: .milliseconds(time + 1000)))
            #expect(desk.prices(.buy) == [bid])
            #expect(desk.prices(.sell) == [ask])
        case .holds(let reason):
            #expect(decision == .hold(reason, next: .milliseconds(time + 1000)))
            #expect(desk.wanted.quotes.isEmpty)
        }
    }

    // MARK: - Our own orders and small depth

    @Test("our own orders in the book change nothing", arguments: sources, [false, true])
    func ignoresOwnOrders(source: PureMarketMakingParameters.PriceSource, isInside: Bool) throws {
        var answers: [[Quote]] = []
        for shows in [false, true] {
            let desk = try Desk([
                "priceSourceType": .string(source.rawValue), "numberOfLayers": .number("3"),
                "bidSpread": .number("0.01"), "askSpread": .number("0.01"), "minimumDepth": .number("2"),
            ])
            desk.situation.bookShowsOwnOrders = shows
            desk.situation.lastTradePrice = try desk.price("100.2")
            try desk.add(.buy, "99", "3")
            try desk.add(.buy, "98", "7")
            try desk.add(.sell, "101", "4")
            try desk.rest(.buy, isInside ? "99.7" : "99", "1000")
            try desk.rest(.buy, level: 1, "98", "2")
            try desk.rest(.sell, isInside ? "100.1" : "101", "1000")
            try desk.rest(.sell, level: 1, "150", "5")
            #expect(desk.decide() == .quote(next: .milliseconds(1000)))
            answers.append(desk.wanted.quotes)
        }
        #expect(answers[0] == answers[1])
    }

    @Test("a book that only our own orders would cross is not crossed")
    func ownCross() throws {
        let desk = try Desk()
        desk.situation.bookShowsOwnOrders = true
        try desk.show(bid: "99", ask: "101")
        try desk.rest(.buy, "101.5", "1")
        desk.decide()
        #expect(desk.prices(.buy) == ["99.9"])
    }

    @Test(
        "depth below the stated size does not count; what stands before a level is added up",
        arguments: [
            ("0", "99.9", "100.1"), ("1", "99.9", "100.1"), ("1.001", "98.9", "99.1"), ("3", "98.9", "99.1"),
            ("3.001", "97.9", "98.1"),
        ])
    func depth(minimum: String, bid: String, ask: String) throws {
        let desk = try Desk(["minimumDepth": .number(minimum), "postOnly": .bool(false)])
        for (bid, ask, amount) in [("99", "101", "1"), ("97", "101", "2"), ("95", "101", "4")]
            as [(FixedDecimal, FixedDecimal, FixedDecimal)]
        {
            try desk.add(.buy, bid, amount)
            try desk.add(.sell, ask, amount)
        }
        desk.decide()
        #expect(desk.prices(.buy) == [bid])
        #expect(desk.prices(.sell) == [ask])
    }

    @Test("small depth does not move the reference, but a post-only quote does not touch it")
    func dustAtTheTouch() throws {
        let desk = try Desk(["minimumDepth": .number("1")])
        try desk.show(bid: "99", ask: "101")
        try desk.add(.buy, "100.5", "0.001")
        desk.decide()
        #expect(desk.prices(.buy) == ["99.9"])
        #expect(desk.prices(.sell) == ["100.51"])
    }

    @Test("a depth that no book has leaves no reference, it is not off")
    func impossibleDepth() throws {
        let desk = try Desk(["minimumDepth": .number("1000000000000")], on: .test(lot: "0.0000000001"))
        try desk.show(bid: "99", ask: "101")
        #expect(desk.decide() == .hold(.noReferencePrice, next: .milliseconds(1000)))
    }

    @Test("huge quantities add up without a trap")
    func hugeQuantities() throws {
        let desk = try Desk(["priceSourceType": .string("microprice")])
        desk.book.set(.buy, ticks: 9_900, lots: .max)
        desk.book.set(.buy, ticks: 9_800, lots: .max)
        desk.book.set(.sell, ticks: 10_100, lots: .max)
        desk.decide()
        #expect(desk.prices(.buy) == ["99.9"])
        let deep = try Desk(["minimumDepth": .number("1000000000000")], on: .test(lot: "0.0000001"))
        for ticks in 1...20 as ClosedRange<Int64> {
            deep.book.set(.buy, ticks: 9_900 - ticks, lots: .max / 2)
            deep.book.set(.sell, ticks: 10_100 + ticks, lots: .max / 2)
        }
        deep.decide()
        #expect(!deep.wanted.quotes.isEmpty)
    }

    // MARK: - Alone

    enum Setting: String, CaseIterable, Sendable { case plain, skewed, minimumDepth, uneven, external, fullLadder }

    @Test(
        "alone on an empty book our quotes do not drift in 10,000 refreshes",
        arguments: sources.map { ($0, Setting.plain) } + Setting.allCases.dropFirst().map { (.midPrice, $0) }
            + [(.microprice, .skewed), (.bestBid, .minimumDepth)])
    func noDrift(source: PureMarketMakingParameters.PriceSource, setting: Setting) throws {
        var changes: [String: Value?] = ["priceSourceType": .string(source.rawValue)]
        switch setting {
        case .plain: break
        case .skewed:
            changes["inventoryTarget"] = .number("0.3")
            changes["inventorySkew"] = .number("0.02")
            changes["inventorySizeSkew"] = .number("0.5")
        case .minimumDepth: changes["minimumDepth"] = .number("0.5")
        case .uneven:
            changes["bidSpread"] = .number("0.0007")
            changes["askSpread"] = .number("0.0123")
        case .external: changes["oracleExchangeName"] = .string("okx")
        case .fullLadder:
            changes["numberOfLayers"] = .number("4")
            changes["amountChangePerLayer"] = .number("1")
            changes["minimumSpreadTicks"] = .number("33")
        }
        let desk = try Desk(changes)
        desk.situation.bookShowsOwnOrders = true
        desk.situation.lastTradePrice = try desk.price("100.01")
        if setting == .skewed { desk.situation.quote = "1000" }
        try desk.show(bid: "99.97", ask: "100.04")
        desk.external("100.02")
        desk.decide()
        try desk.show(bid: nil, ask: nil)
        try desk.restWanted()
        desk.external("100.02", at: 1000)
        desk.decide(at: 1000)
        let first = desk.wanted.quotes
        #expect(first.contains { $0.side == .buy } && first.contains { $0.side == .sell })
        var drifted: Int64?
        for refresh in 2...10_001 as ClosedRange<Int64> where drifted == nil {
            try desk.restWanted()
            desk.external("100.02", at: refresh * 1000)
            desk.decide(at: refresh * 1000)
            if desk.wanted.quotes != first { drifted = refresh }
        }
        #expect(drifted == nil)
    }

    @Test("alone with our own orders from the start there is nothing to quote around")
    func aloneFromTheStart() throws {
        let desk = try Desk()
        desk.situation.bookShowsOwnOrders = true
        try desk.rest(.buy, "99", "1")
        try desk.rest(.sell, "101", "1")
        #expect(desk.decide() == .hold(.noReferencePrice, next: .milliseconds(1000)))
    }
}
