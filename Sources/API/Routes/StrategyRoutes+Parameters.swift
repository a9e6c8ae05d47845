extension StrategyRoutes {
    /// Parameters that the original does not have, as docs/pure-market-making.md explains them. The strategy judges them: what is
    /// declared here is their name, kind and meaning.
    static let ownMarketMaking = placing + spreads + refreshing + inventory + protection + limits

    private static let placing: [Parameter] = [
        .body("accountLabel", isRequired: false, "The exchange account, default if absent"),
        own("baseFunds", "Base asset that the session may use; all that is free if absent"),
        own("quoteFunds", "Quote asset that the session may use; all that is free if absent"),
        flag("postOnly", "Orders that would trade at once are refused by the exchange; true if absent"),
        .body(
            "shortFunds", isRequired: false,
            "What becomes of an order that the funds do not cover: shrink or drop; shrink if absent"),
    ]

    private static let spreads: [Parameter] = [
        own("bidSpreadTicks", "Ticks, 1 to 1000000000, instead of bidSpread"),
        own("askSpreadTicks", "Ticks, 1 to 1000000000, instead of askSpread"),
        flag("allowWideSpreads", "Lets spreads be 0.1 and more, below 1"),
        own("minimumSpread", "Fraction of the price, 0 to 1, that the own best bid and ask keep between them"),
        own("minimumSpreadTicks", "The same in ticks, 1 to 1000000000"),
        own("minimumDepth", "Base asset that must stand at or before a price for it to count as the best"),
    ]

    private static let refreshing: [Parameter] = [
        own("refreshTolerance", "Fraction of the price, 0 to 1, within which an order is left where it is"),
        own("refreshToleranceTicks", "The same in ticks, 0 to 1000000000"),
        own("maximumOrderAge", "Milliseconds, 10 to 86400000, after which an order is replaced all the same"),
        flag("overlapReplacement", "The new order goes before the old one is gone"),
        own("fillDelay", "Milliseconds, 0 to 86400000, in which its side places nothing after a fill"),
        own(
            "requoteMove",
            "Fraction of the price, 0 to 1, beyond which a move of the reference refreshes early; 0 is off"),
        flag("hangingOrders", "When one side fills, the other stays"),
        own("hangingOrdersCancelDistance", "Fraction of the price, 0 to 1, beyond which it is cancelled"),
    ]

    private static let inventory: [Parameter] = [
        own("inventoryTarget", "Share of worth held in base, 0 to 1"),
        own("inventorySkew", "How far prices lean back towards it, 0 to 0.5"),
        own("inventorySizeSkew", "How far amounts do, 0 to 1"),
    ]

    private static let protection: [Parameter] = [
        own("suddenMove", "Fraction of the price, 0 to 1: a move so large pauses quoting; 0 is off"),
        own("suddenMoveWindow", "Milliseconds, 1 to 86400000, within which it counts"),
        own("suddenMovePause", "Milliseconds, 1 to 86400000, without orders after it"),
        own("maximumExternalDistance", "Fraction, 0 to 1, that another exchange's price may be away"),
        own("maximumExternalAge", "Milliseconds, 1 to 86400000, that it may be old"),
    ]

    private static let limits: [Parameter] = [
        own("priceCollar", "Fraction, 0 to 1, that an order may be worse than the middle of the market"),
        own("maximumOrderAmount", "Base asset in one order"), own("maximumOrderNotional", "Quote asset in one order"),
        own("maximumPosition", "Base asset, long or short"), own("maximumOpenOrders", "1 to 10000"),
        own("maximumDataAge", "Milliseconds, 1 to 86400000, after which the market's data are too old to trade on"),
        own("maximumLoss", "Quote asset; more halts the session"),
        own("maximumDrawdown", "Quote asset below the best profit; more halts the session"),
        own("maximumConsecutiveRejects", "1 to 1000000; so many refusals in a row halt the session"),
        own("maximumRequestsPer10Seconds", "10 to 1000000; cancels that protect go beyond it"),
    ]

    private static func own(_ name: String, _ note: String) -> Parameter {
        .body(name, .number, isRequired: false, note)
    }

    private static func flag(_ name: String, _ note: String) -> Parameter {
        .body(name, .boolean, isRequired: false, note)
    }
}
