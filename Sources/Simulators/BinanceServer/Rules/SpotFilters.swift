import TradingCore

/// What an order on one symbol must satisfy, as Binance's filters say it. A value of 0 switches its part of a filter off.
struct SpotFilters: Codable, Hashable, Sendable {
    struct Range: Codable, Hashable, Sendable {
        var least: FixedDecimal
        var most: FixedDecimal
        var step: FixedDecimal

        func holds(_ value: FixedDecimal) -> Bool {
            if least.isPositive, value < least { return false }
            if most.isPositive, value > most { return false }
            return !step.isPositive || value.raw % step.raw == 0
        }
    }

    struct Band: Codable, Hashable, Sendable {
        var bidUp: FixedDecimal
        var bidDown: FixedDecimal
        var askUp: FixedDecimal
        var askDown: FixedDecimal
    }

    var price: Range
    var band: Band?
    var lot: Range
    var marketLot: Range
    var leastNotional: FixedDecimal
    var appliesLeastToMarket = true
    var mostNotional: FixedDecimal
    var appliesMostToMarket = false
    /// Minutes of the average price that market orders and bands are measured by; 0 is the last price.
    var averageMinutes: Int64 = 5
    var mostOrders: Int64 = 200
    var mostAlgoOrders: Int64 = 5
    var mostIcebergParts: Int64 = 10
    /// Base asset held, open buys included; nil: no such filter.
    var mostPosition: FixedDecimal?

    /// An instrument's rules, the exchange's usual values where it has none.
    init(_ rules: TradingRules, unit: BookUnit) {
        let tick: FixedDecimal
        if case .tick(let size) = rules.priceRounding { tick = size } else { tick = unit.price }
        price = Range(least: rules.minimumPrice ?? tick, most: rules.maximumPrice ?? "1000000", step: tick)
        band = rules.priceBand.map { Band(bidUp: $0.bidUp, bidDown: $0.bidDown, askUp: $0.askUp, askDown: $0.askDown) }
        lot = Range(
            least: rules.minimumQuantity ?? rules.lotSize, most: rules.maximumQuantity ?? "9000", step: rules.lotSize)
        marketLot = Range(least: .zero, most: rules.maximumMarketQuantity ?? .zero, step: .zero)
        leastNotional = rules.minimumNotional ?? .zero
        mostNotional = rules.maximumNotional ?? "9000000"
        mostOrders = Int64(rules.maximumOpenOrders ?? 200)
        mostPosition = rules.maximumPosition
    }

    /// What is known of the market and the account when an order comes.
    struct Situation {
        /// Of the last `averageMinutes`; the last price where nothing traded then. Nil before any trade.
        var average: FixedDecimal?
        /// What a market order's value is reckoned with.
        var reference: FixedDecimal?
        var openOrders: Int
        /// Base held, free and locked, and what open buys would bring.
        var position: FixedDecimal
    }

    /// The first filter that an order fails, by name.
    /// - Parameter price: nil for a market order.
    func violation(side: Side, price limit: FixedDecimal?, quantity: FixedDecimal?, _ now: Situation) -> String? {
        if let limit {
            if !price.holds(limit) { return "PRICE_FILTER" }
            if let average = now.average, !isWithinBand(limit, side, average) { return "PERCENT_PRICE_BY_SIDE" }
        }
        if let quantity {
            if !lot.holds(quantity) { return "LOT_SIZE" }
            if limit == nil, !marketLot.holds(quantity) { return "MARKET_LOT_SIZE" }
            if let value = limit ?? now.reference, !isWorthwhile(quantity, at: value, isMarket: limit == nil) {
                return "NOTIONAL"
            }
        }
        if now.openOrders >= mostOrders { return "MAX_NUM_ORDERS" }
        if let mostPosition, side == .buy, let quantity,
            (try? now.position.adding(quantity)).map({ $0 > mostPosition }) ?? true
        {
            return "MAX_POSITION"
        }
        return nil
    }

    /// Of a market order by what it is to spend or bring.
    func allows(spending quote: FixedDecimal) -> Bool {
        if appliesLeastToMarket, quote < leastNotional { return false }
        return !(appliesMostToMarket && mostNotional.isPositive && quote > mostNotional)
    }

    private func isWithinBand(_ limit: FixedDecimal, _ side: Side, _ average: FixedDecimal) -> Bool {
        guard let band else { return true }
        let (down, up) = side == .buy ? (band.bidDown, band.bidUp) : (band.askDown, band.askUp)
        guard let low = try? average.multiplied(by: down, rounding: .up),
            let high = try? average.multiplied(by: up, rounding: .down)
        else { return false }
        return limit >= low && limit <= high
    }

    private func isWorthwhile(_ quantity: FixedDecimal, at price: FixedDecimal, isMarket: Bool) -> Bool {
        guard let value = try? quantity.multiplied(by: price, rounding: .down) else { return false }
        if !isMarket || appliesLeastToMarket, value < leastNotional { return false }
        return !((!isMarket || appliesMostToMarket) && mostNotional.isPositive && value > mostNotional)
    }

    /// The `filters` of `exchangeInfo`.
    var json: JSON {
        var filters: [JSON] = [
            [
                "filterType": .text("PRICE_FILTER"), "minPrice": .decimal(price.least),
                "maxPrice": .decimal(price.most),
                "tickSize": .decimal(price.step),
            ],
            [
                "filterType": .text("LOT_SIZE"), "minQty": .decimal(lot.least), "maxQty": .decimal(lot.most),
                "stepSize": .decimal(lot.step),
            ],
            ["filterType": .text("ICEBERG_PARTS"), "limit": .number(mostIcebergParts)],
            [
                "filterType": .text("MARKET_LOT_SIZE"), "minQty": .decimal(marketLot.least),
                "maxQty": .decimal(marketLot.most), "stepSize": .decimal(marketLot.step),
            ],
        ]
        if let band {
            filters.append([
                "filterType": .text("PERCENT_PRICE_BY_SIDE"), "bidMultiplierUp": .text("\(band.bidUp)"),
                "bidMultiplierDown": .text("\(band.bidDown)"), "askMultiplierUp": .text("\(band.askUp)"),
                "askMultiplierDown": .text("\(band.askDown)"), "avgPriceMins": .number(averageMinutes),
            ])
        }
        filters.append([
            "filterType": .text("NOTIONAL"), "minNotional": .decimal(leastNotional),
            "applyMinToMarket": .bool(appliesLeastToMarket), "maxNotional": .decimal(mostNotional),
            "applyMaxToMarket": .bool(appliesMostToMarket), "avgPriceMins": .number(averageMinutes),
        ])
        filters.append(["filterType": .text("MAX_NUM_ORDERS"), "maxNumOrders": .number(mostOrders)])
        filters.append(["filterType": .text("MAX_NUM_ALGO_ORDERS"), "maxNumAlgoOrders": .number(mostAlgoOrders)])
        if let mostPosition {
            filters.append(["filterType": .text("MAX_POSITION"), "maxPosition": .decimal(mostPosition)])
        }
        return .list(filters)
    }
}
