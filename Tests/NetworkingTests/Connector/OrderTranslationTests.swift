import Exchanges
import Testing
import TradingCore

@testable import Networking

/// What a fill cost, as it is booked: never in an asset that nobody named.
@Suite struct OrderTranslationTests {
    private func instrument(_ payment: FeePayment) throws -> Instrument {
        Instrument(
            id: InstrumentID(exchange: ExchangeID(rawValue: "gate"), symbol: VenueHarness.symbol),
            unit: try BookUnit(price: "0.01", quantity: "0.00000001"),
            rules: TradingRules(priceRounding: .tick("0.01"), lotSize: "0.0001"),
            fees: try FeeSchedule(maker: "0.001", taker: "0.001", payment: payment))
    }

    private func fill(_ fees: [ExchangeFee], _ payment: FeePayment) throws -> Fill {
        let trade = ExchangeTrade(
            id: "7", orderID: "5", symbol: VenueHarness.symbol, side: .buy, price: "99.5", amount: "0.5", fees: fees,
            time: 1)
        return try OrderTranslation.fill(
            trade, try #require(ClientOrderID(rawValue: 1)), try instrument(payment))
    }

    private let inGT = FeePayment.third(AssetID("GT"), priceInQuote: "10", discount: .zero)

    private func fee(_ cost: FixedDecimal, _ asset: String?) -> ExchangeFee {
        ExchangeFee(cost: cost, asset: asset.map { AssetID($0) })
    }

    @Test func `the one that was paid counts, not the first that is named`() throws {
        let paid = try fill([fee("0", "BTC"), fee("0.3", "GT")], inGT)
        #expect(paid.fee == "0.3" && paid.feeAsset == .other(0))
        let base = try fill([fee("0.0005", "BTC"), fee("0", "GT")], inGT)
        #expect(base.fee == "0.0005" && base.feeAsset == .base)
        let rebate = try fill([fee("-0.01", "USDT")], .received)
        #expect(rebate.fee == "-0.01" && rebate.feeAsset == .quote)
        #expect(try fill([fee("0", "BTC")], inGT).fee == .zero)
        #expect(try fill([], inGT).fee == .zero)
        // Points are worth nothing but fees.
        #expect(try fill([fee("0", "BTC"), fee("0.4", "POINT")], inGT).fee == .zero)
        #expect(try fill([fee("0.0002", "BTC"), fee("0.4", "POINT")], inGT).feeAsset == .base)
    }

    @Test func `what could only be booked wrong is not booked`() throws {
        #expect(throws: ConnectorError.self) { try fill([fee("0.1", "GT")], .received) }
        #expect(throws: ConnectorError.self) { try fill([fee("0.1", "BNB")], inGT) }
        #expect(throws: ConnectorError.self) { try fill([fee("0.1", "BTC"), fee("0.1", "GT")], inGT) }
    }

    @Test(arguments: [
        ("Filter failure: NOTIONAL", RejectReason.rule(.minimumNotional)),
        ("Filter failure: LOT_SIZE", .rule(.quantityRange)),
        ("Filter failure: PERCENT_PRICE_BY_SIDE", .rule(.priceBand)),
        ("Filter failure: PERCENT_PRICE", .rule(.priceBand)),
        ("binance: Filter failure: PRICE_FILTER.", .rule(.priceRange)), ("Filter failure: TRAILING_DELTA", .other),
        ("Price is too silly", .other),
    ])
    func `a filter that the exchange names is the reason that people are told`(words: String, reason: RejectReason) {
        let failure = ExchangeFailure(.invalidOrder, exchange: "binance", code: "-1013", message: words)
        #expect(OrderTranslation.rejection(failure) == reason)
    }

    @Test func `a refused key is told with what the exchange may have against it`() {
        let failure = ExchangeFailure(
            .authenticationError, exchange: "binance", code: "-2015", message: "Invalid API-key, IP, or permissions.")
        #expect(OrderTranslation.rejection(failure) == .key([.key, .permission, .address]))
        #expect(
            KeyDoubts([.key, .clock]).words
                == "key, secret or passphrase are wrong, or the clock here and the exchange's differ")
    }
}
