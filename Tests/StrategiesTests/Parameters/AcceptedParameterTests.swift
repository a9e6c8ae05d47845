import Strategies
import Testing
import TradingCore

@Suite("Accepted parameters")
struct AcceptedParameterTests {
    @Test("what only the original knows is enough, and everything else has its default")
    func defaults() throws {
        let plain = try parameters()
        #expect(plain.bidSpread == .trillionths(1_000_000_000))
        #expect(plain.askSpread == .trillionths(1_000_000_000))
        #expect(plain.layerAmounts == ["1"])
        #expect(plain.orderRefreshNanoseconds == 1_000_000_000)
        #expect(plain.priceSource == .midPrice)
        #expect(plain.ceilingPrice == nil)
        #expect(plain.floorPrice == nil)
        #expect(plain.oracleExchange == nil)
        #expect(plain.isPostOnly)
        #expect(plain.minimumSpread == nil)
        #expect(plain.tolerance == .exact)
        #expect(plain.fillDelayNanoseconds == 0)
        #expect(!plain.hangingOrders)
        #expect(plain.hangingOrdersCancelTrillionths == 100_000_000_000)
        #expect(plain.inventoryTarget == nil)
        #expect(plain.inventorySkew == 0)
        #expect(plain.inventorySizeSkew == 0)
        #expect(plain.shortFunds == .shrink)
        #expect(plain.minimumDepth == nil)
        #expect(plain.requoteMoveTrillionths == nil)
        #expect(plain.externalDistanceTrillionths == 50_000_000_000)
        #expect(plain.externalMaximumAgeNanoseconds == 10_000_000_000)
        #expect(plain.suddenMove == nil)
    }

    @Test("every parameter arrives where it belongs")
    func everything() throws {
        let all = try parameters([
            "bidSpread": nil, "bidSpreadTicks": .number("3"), "askSpread": .number("0.02"),
            "orderAmount": .number("2"), "orderRefreshTime": .number("5000"), "numberOfLayers": .number("3"),
            "priceSourceType": .string("microprice"), "amountChangePerLayer": .number("10"),
            "amountChangeType": .string("percentage"), "ceilingPrice": .number("200"), "floorPrice": .number("50"),
            "oracleExchangeName": .string("okx"), "postOnly": .bool(false), "minimumSpread": .number("0.004"),
            "refreshTolerance": .number("0.001"), "refreshToleranceTicks": .number("2"),
            "maximumOrderAge": .number("60000"), "overlapReplacement": .bool(true), "fillDelay": .number("250"),
            "hangingOrders": .string("true"), "hangingOrdersCancelDistance": .number("0.05"),
            "inventoryTarget": .number("0.5"), "inventorySkew": .number("0.01"), "inventorySizeSkew": .number("0.25"),
            "shortFunds": .string("DROP"), "minimumDepth": .number("0.75"), "requoteMove": .number("0.002"),
            "maximumExternalDistance": .number("0.03"), "maximumExternalAge": .number("1500"),
            "suddenMove": .number("0.01"), "suddenMoveWindow": .number("2000"), "suddenMovePause": .number("30000"),
        ])
        #expect(all.bidSpread == .ticks(3))
        #expect(all.askSpread == .trillionths(20_000_000_000))
        #expect(all.layerAmounts == ["2", "2.2", "2.42"])
        #expect(all.orderRefreshNanoseconds == 5_000_000_000)
        #expect(all.priceSource == .microprice)
        #expect(all.ceilingPrice == "200")
        #expect(all.floorPrice == "50")
        #expect(all.oracleExchange == "okx")
        #expect(!all.isPostOnly)
        #expect(all.minimumSpread == .trillionths(4_000_000_000))
        #expect(
            all.tolerance
                == QuoteTolerance(
                    ticks: 2, trillionths: 1_000_000_000, maximumAgeNanoseconds: 60_000_000_000,
                    overlapsReplacement: true))
        #expect(all.fillDelayNanoseconds == 250_000_000)
        #expect(all.hangingOrders)
        #expect(all.hangingOrdersCancelTrillionths == 50_000_000_000)
        #expect(all.inventoryTarget == 0.5)
        #expect(all.inventorySkew == 0.01)
        #expect(all.inventorySizeSkew == 0.25)
        #expect(all.shortFunds == .drop)
        #expect(all.minimumDepth == "0.75")
        #expect(all.requoteMoveTrillionths == 2_000_000_000)
        #expect(all.externalDistanceTrillionths == 30_000_000_000)
        #expect(all.externalMaximumAgeNanoseconds == 1_500_000_000)
        #expect(
            all.suddenMove
                == SuddenMoveParameters(
                    thresholdTrillionths: 10_000_000_000, windowNanoseconds: 2_000_000_000,
                    pauseNanoseconds: 30_000_000_000))
    }

    @Test(
        "H34, D18: a ceiling or floor of 0, null, \"\" or nothing is off",
        arguments: [
            nil, Value.null, .string(""), .string("0"), .number("0"), .number("0.00"), .number("-0"), .number("0e5"),
        ])
    func boundsThatAreOff(value: Value?) throws {
        let read = try parameters(["ceilingPrice": value, "floorPrice": value])
        #expect(read.ceilingPrice == nil)
        #expect(read.floorPrice == nil)
    }

    @Test("a depth, requote move, sudden move or spread of 0 is off")
    func zeros() throws {
        let plain = try parameters()
        for field in ["minimumDepth", "requoteMove", "suddenMove"] {
            #expect(try parameters([field: .number("0")]) == plain)
        }
    }

    @Test(
        "D17: choices are read in any capitals",
        arguments: [
            ("MID_PRICE", PureMarketMakingParameters.PriceSource.midPrice), ("mid_price", .midPrice),
            ("Mid_Price", .midPrice),
            ("BEST_ASK", .bestAsk), ("best_bid", .bestBid), ("LAST_PRICE", .lastPrice), ("MicroPrice", .microprice),
        ])
    func capitals(text: String, source: PureMarketMakingParameters.PriceSource) throws {
        #expect(try parameters(["priceSourceType": .string(text)]).priceSource == source)
    }

    @Test(
        "numbers come plain, with exponents, or as text",
        arguments: [
            Value.number("0.001"), .number("1e-3"), .number("1E-3"), .number("0.1e-2"), .string("0.001"),
            .string("1e-3"),
            .number("0.001000000000000000000000"),
        ])
    func spellings(value: Value) throws {
        #expect(try parameters(["bidSpread": value]).bidSpread == .trillionths(1_000_000_000))
    }

    @Test(
        "D17: spreads are fractions to the last digit",
        arguments: [
            ("0.000000000001", Int64(1)), ("0.099999999999", 99_999_999_999), ("0.0123456789", 12_345_678_900),
        ])
    func exactSpreads(text: String, trillionths: Int64) throws {
        #expect(try parameters(["askSpread": .number(text)]).askSpread == .trillionths(trillionths))
    }

    @Test(
        "amounts grow by a fixed step or by a percentage of the last",
        arguments: [
            ("1", "0.5", "fixed", ["1", "1.5", "2", "2.5"]), ("1", "-0.2", "FIXED", ["1", "0.8", "0.6", "0.4"]),
            ("1", "10", "percentage", ["1", "1.1", "1.21", "1.331"]), ("8", "-50", "Percentage", ["8", "4", "2", "1"]),
            ("0.3", "0", "percentage", ["0.3", "0.3", "0.3", "0.3"]),
            ("0.000000000000000001", "0", "fixed", Array(repeating: "0.000000000000000001", count: 4)),
        ])
    func growth(amount: String, change: String, kind: String, amounts: [String]) throws {
        let read = try parameters([
            "orderAmount": .number(amount), "amountChangePerLayer": .number(change), "amountChangeType": .string(kind),
            "numberOfLayers": .number("4"),
        ])
        #expect(read.layerAmounts.map(\.description) == amounts)
    }

    @Test("an oracle that is the own exchange means this market's own price")
    func ownOracle() throws {
        #expect(try parameters(["oracleExchangeName": .string("binance")]).oracleExchange == nil)
        #expect(try parameters(["oracleExchangeName": .string("Binance")]).oracleExchange == nil)
        #expect(try parameters(["oracleExchangeName": .string("mexc")]).oracleExchange == "mexc")
        #expect(
            try parameters(["exchangeName": nil, "oracleExchangeName": .string("mexc")]).oracleExchange == "mexc")
    }

    @Test(
        "H35: what the instrument cannot trade is refused when the strategy is made",
        arguments: [
            (
                "0.0005", "0",
                "orderAmount 0.0005 (layer 1): must be 0.001 to 50 in every layer, as binance:BTC/USDT accepts"
            ),
            (
                "0.003", "-0.001",
                "orderAmount 0.001 (layer 3): must be 0.002 to 50 in every layer, as binance:BTC/USDT accepts"
            ),
            ("40", "10", "orderAmount 60 (layer 3): must be 0.001 to 50 in every layer, as binance:BTC/USDT accepts"),
            (
                "1000000000000", "0",
                "orderAmount 1000000000000 (layer 1): must be 0.001 to 50 in every layer, as binance:BTC/USDT accepts"
            ),
        ])
    func instrument(amount: String, change: String, message: String) throws {
        let instrument = try Instrument.test {
            $0.maximumQuantity = "50"
            if message.contains("0.002 to") { $0.minimumQuantity = "0.002" }
        }
        let read = try parameters([
            "orderAmount": .number(amount), "amountChangePerLayer": .number(change), "numberOfLayers": .number("3"),
        ])
        do throws(ParameterErrors) {
            _ = try PureMarketMaking(read, instrument: instrument)
            Issue.record("not refused")
        } catch {
            #expect(error.description == message)
        }
    }

    @Test("an amount is cut down to whole lots")
    func lots() throws {
        let desk = try Desk(["orderAmount": .number("1.2349")])
        try desk.show(bid: "99.99", ask: "100.01")
        desk.decide()
        #expect(desk.quotes(.buy) == ["99.9 x 1.234"])
    }
}
