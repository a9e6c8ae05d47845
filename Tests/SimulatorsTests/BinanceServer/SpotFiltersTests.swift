import Exchanges
import Testing
import TradingCore

@testable import Simulators

@Suite("Filters of a symbol")
struct SpotFiltersTests {
    private func filters() throws -> SpotFilters {
        let symbol = try #require(Symbol("BTC/USDT"))
        let instrument = try #require(BinanceInstruments.instrument(symbol))
        return SpotFilters(instrument.rules, unit: instrument.unit)
    }

    private let market = SpotFilters.Situation(average: "60000", reference: "60000", openOrders: 0, position: "9")

    @Test(
        "The first that an order fails is named, in Binance's order",
        arguments: [
            ("60000", "0.001", nil), ("0.005", "0.000001", "PRICE_FILTER"), ("1000000.01", "1", "PRICE_FILTER"),
            ("60000.001", "0.000001", "PRICE_FILTER"), ("29999.99", "0.000001", "PERCENT_PRICE_BY_SIDE"),
            ("120000.01", "1", "PERCENT_PRICE_BY_SIDE"), ("30000", "0.000001", "LOT_SIZE"),
            ("120000", "0.001", nil), ("60000", "9000.00001", "LOT_SIZE"), ("60000", "0.000015", "LOT_SIZE"),
            ("60000", "0.00008", "NOTIONAL"), ("60000", "0.00009", nil), ("60000", "151", "NOTIONAL"),
            (nil, "0.00001", "NOTIONAL"), (nil, "0.000001", "LOT_SIZE"), (nil, "163", "MARKET_LOT_SIZE"),
            (nil, "162", nil),
        ] as [(String?, String, String?)])
    func named(price: String?, quantity: String, filter: String?) throws {
        // Texts, not decimals: docs/decisions/int128-and-async.md.
        let (price, quantity) = (price.flatMap { FixedDecimal($0) }, try #require(FixedDecimal(quantity)))
        #expect(try filters().violation(side: .buy, price: price, quantity: quantity, market) == filter)
    }

    @Test("Each side has its own band; before any trade there is none")
    func bands() throws {
        var filters = try filters()
        filters.band = .init(bidUp: "1.1", bidDown: "0.9", askUp: "3", askDown: "0.5")
        #expect(filters.violation(side: .buy, price: "70000", quantity: "1", market) == "PERCENT_PRICE_BY_SIDE")
        #expect(filters.violation(side: .sell, price: "70000", quantity: "1", market) == nil)
        var quiet = market
        quiet.average = nil
        #expect(filters.violation(side: .buy, price: "70000", quantity: "1", quiet) == nil)
    }

    @Test("Open orders and position are bounded")
    func limits() throws {
        var filters = try filters()
        var busy = market
        busy.openOrders = 200
        #expect(filters.violation(side: .buy, price: "60000", quantity: "1", busy) == "MAX_NUM_ORDERS")
        filters.mostPosition = "9.5"
        #expect(filters.violation(side: .buy, price: "60000", quantity: "1", market) == "MAX_POSITION")
        #expect(filters.violation(side: .buy, price: "60000", quantity: "0.5", market) == nil)
        #expect(filters.violation(side: .sell, price: "60000", quantity: "1", market) == nil)
    }

    @Test("A zero switches its part off")
    func off() throws {
        var filters = try filters()
        filters.price = .init(least: .zero, most: .zero, step: .zero)
        filters.band = nil
        #expect(filters.violation(side: .buy, price: "2000000.123", quantity: "1", market) == nil)
    }
}
