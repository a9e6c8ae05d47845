import TradingCore

extension PureMarketMakingParameters {
    /// Fractions are kept to this many digits.
    private static let fractionDigits = 12

    /// Judges a document. Names of the identity fields (`userId`, `clientId`, `pair`) are passed over; `exchangeName` is
    /// read only to see whether `oracleExchangeName` names another one.
    /// - Parameter reader: reads the document; the caller may take further parameters from it before it is finished.
    /// - Returns: nil when something was refused; the reader knows what.
    public static func read(_ reader: inout ParameterReader) -> PureMarketMakingParameters? {
        reader.ignore("userId", "clientId", "pair")
        let layers = reader.integer("numberOfLayers", 1...50, "1 to 50")
        let isWide = reader.bool("allowWideSpreads") ?? false
        let bid = spread(&reader, "bidSpread", isWide)
        let ask = spread(&reader, "askSpread", isWide)
        let amounts = layerAmounts(&reader, count: reader.require("numberOfLayers", layers, "1 to 50"))
        let refresh = reader.integer("orderRefreshTime", 10...86_400_000, "10 to 86400000 (milliseconds)")
        let source = reader.choice("priceSourceType", PriceSource.self)
        let ceiling = bound(&reader, "ceilingPrice")
        let floor = bound(&reader, "floorPrice")
        if let ceiling, let floor, ceiling < floor { reader.refuse("ceilingPrice", "at or above floorPrice \(floor)") }
        let exchange = reader.string("exchangeName")
        let named = reader.string("oracleExchangeName")
        let oracle = named?.lowercased() == exchange?.lowercased() ? nil : named
        let own = OwnParameters(&reader)
        if let layers, case .trillionths(let spread)? = bid, spread * layers >= trillion {
            reader.refuse("bidSpread", "below 1 when multiplied by numberOfLayers \(layers): the last bid is above 0")
        }
        let sources = PriceSource.allCases.map(\.rawValue).joined(separator: ", ")
        _ = reader.require("orderRefreshTime", refresh, "10 to 86400000 (milliseconds)")
        _ = reader.require("priceSourceType", source, "one of \(sources)")
        guard let bid, let ask, let amounts, let refresh, let source, reader.errors.isEmpty else { return nil }
        return PureMarketMakingParameters(
            bidSpread: bid, askSpread: ask, layerAmounts: amounts,
            orderRefreshNanoseconds: Nanoseconds.milliseconds(refresh), priceSource: source, ceilingPrice: ceiling,
            floorPrice: floor, oracleExchange: oracle, isPostOnly: own.isPostOnly, minimumSpread: own.minimumSpread,
            tolerance: own.tolerance, fillDelayNanoseconds: own.fillDelay, hangingOrders: own.hangingOrders,
            hangingOrdersCancelTrillionths: own.hangingCancel, inventoryTarget: own.inventoryTarget,
            inventorySkew: own.inventorySkew, inventorySizeSkew: own.inventorySizeSkew, shortFunds: own.shortFunds,
            minimumDepth: own.minimumDepth, requoteMoveTrillionths: own.requoteMove,
            externalDistanceTrillionths: own.externalDistance, externalMaximumAgeNanoseconds: own.externalAge,
            suddenMove: own.suddenMove)
    }

    static let trillion: Int64 = 1_000_000_000_000

    /// A fraction of the price, or `<name>Ticks`; exactly one of the two.
    ///
    /// The upper bound of 0.1 catches percentages: 0.1 meant as 0.1 % would quote 10 % away. Whoever means it sets
    /// `allowWideSpreads`.
    private static func spread(_ reader: inout ParameterReader, _ field: String, _ isWide: Bool) -> Spread? {
        let ticks = reader.integer(field + "Ticks", 1...1_000_000_000, "1 to 1000000000 (ticks)")
        let (high, rule): (FixedDecimal, String) =
            isWide
            ? ("0.999999999999", "a fraction above 0 and below 1")
            : ("0.099999999999", "a fraction above 0 and below 0.1 (0.001 is 0.1 %, allowWideSpreads lifts this to 1)")
        let fraction = reader.decimal(field, "0.000000000001"...high, rule, fractionDigits: fractionDigits)
        if ticks != nil, fraction != nil { reader.refuse(field, "left out when \(field)Ticks is given") }
        if ticks == nil, !reader.hasRefused(field + "Ticks") { _ = reader.require(field, fraction, rule) }
        return ticks.map(Spread.ticks) ?? fraction.map { .trillionths(trillionths($0)) }
    }

    static func trillionths(_ fraction: FixedDecimal) -> Int64 { Int64(fraction.raw / 1_000_000) }

    /// 0, `""`, null and absent all mean no bound: the original's stored default of 0 stopped every buy (D18, H34).
    private static func bound(_ reader: inout ParameterReader, _ field: String) -> FixedDecimal? {
        let value = reader.decimal(field, "0"..."1000000000000", "0 (off) to 1000000000000")
        return value?.isZero == true ? nil : value
    }

    private static func layerAmounts(_ reader: inout ParameterReader, count: Int64?) -> [FixedDecimal]? {
        let limit: FixedDecimal = "1000000000000"
        let amount = reader.decimal("orderAmount", "0.000000000000000001"...limit, "above 0, to 1000000000000")
        let change =
            reader.decimal(
                "amountChangePerLayer", "-1000000000000"...limit, "from -1000000000000 to 1000000000000") ?? .zero
        let kind = reader.choice("amountChangeType", AmountChange.self) ?? .fixed
        guard let first = reader.require("orderAmount", amount, "above 0"), let count else { return nil }
        var amounts = [first]
        while amounts.count < Int(count), let last = amounts.last {
            guard let next = try? next(after: last, change, kind), next.isPositive, next <= limit else {
                reader.refuse(
                    "amountChangePerLayer",
                    "such that every amount is above 0 and at most \(limit): that of layer \(amounts.count + 1) is not")
                return nil
            }
            amounts.append(next)
        }
        return amounts
    }

    private static func next(
        after amount: FixedDecimal, _ change: FixedDecimal, _ kind: AmountChange
    ) throws(ArithmeticError) -> FixedDecimal {
        switch kind {
        case .fixed: return try amount.adding(change)
        case .percentage:
            let factor = try FixedDecimal.one.adding(change.divided(by: FixedDecimal(100), rounding: .down))
            return try amount.multiplied(by: factor, rounding: .down)
        }
    }
}

/// The parameters that the original does not have.
private struct OwnParameters {
    var isPostOnly: Bool
    var minimumSpread: PureMarketMakingParameters.Spread?
    var tolerance: QuoteTolerance
    var fillDelay: Int64
    var hangingOrders: Bool
    var hangingCancel: Int64
    var inventoryTarget: Double?
    var inventorySkew: Double
    var inventorySizeSkew: Double
    var shortFunds: PureMarketMakingParameters.ShortFunds
    var minimumDepth: FixedDecimal?
    var requoteMove: Int64?
    var externalDistance: Int64
    var externalAge: Int64
    var suddenMove: SuddenMoveParameters?

    init(_ reader: inout ParameterReader) {
        isPostOnly = reader.bool("postOnly") ?? true
        let minimumTicks = reader.integer("minimumSpreadTicks", 1...1_000_000_000, "1 to 1000000000 (ticks)")
        let minimumFraction = OwnParameters.fraction(&reader, "minimumSpread")
        if minimumTicks != nil, minimumFraction != nil {
            reader.refuse("minimumSpread", "left out when minimumSpreadTicks is given")
        }
        minimumSpread = minimumTicks.map { .ticks($0) } ?? minimumFraction.map { .trillionths($0) }
        tolerance = QuoteTolerance(
            ticks: reader.integer("refreshToleranceTicks", 0...1_000_000_000, "0 to 1000000000 (ticks)") ?? 0,
            trillionths: OwnParameters.fraction(&reader, "refreshTolerance") ?? 0,
            maximumAgeNanoseconds: OwnParameters.time(&reader, "maximumOrderAge", from: 10),
            overlapsReplacement: reader.bool("overlapReplacement") ?? false)
        fillDelay = OwnParameters.time(&reader, "fillDelay", from: 0) ?? 0
        hangingOrders = reader.bool("hangingOrders") ?? false
        hangingCancel = OwnParameters.fraction(&reader, "hangingOrdersCancelDistance") ?? 100_000_000_000
        let target = reader.decimal("inventoryTarget", "0"..."1", "0 to 1 (share of worth held in base)")
        inventoryTarget = target?.approximateDouble
        inventorySkew = reader.decimal("inventorySkew", "0"..."0.5", "0 to 0.5")?.approximateDouble ?? 0
        inventorySizeSkew = reader.decimal("inventorySizeSkew", "0"..."1", "0 to 1")?.approximateDouble ?? 0
        if target == nil, inventorySkew > 0 || inventorySizeSkew > 0, !reader.hasRefused("inventoryTarget") {
            reader.refuse("inventoryTarget", "given when inventorySkew or inventorySizeSkew is")
        }
        shortFunds = reader.choice("shortFunds", PureMarketMakingParameters.ShortFunds.self) ?? .shrink
        let depth = reader.decimal("minimumDepth", "0"..."1000000000000", "0 or more (base)")
        minimumDepth = depth?.isZero == true ? nil : depth
        let move = OwnParameters.fraction(&reader, "requoteMove")
        requoteMove = move == 0 ? nil : move
        externalDistance = OwnParameters.fraction(&reader, "maximumExternalDistance") ?? 50_000_000_000
        externalAge = OwnParameters.time(&reader, "maximumExternalAge", from: 1) ?? Nanoseconds.seconds(10)
        suddenMove = OwnParameters.suddenMove(&reader)
    }

    private static func suddenMove(_ reader: inout ParameterReader) -> SuddenMoveParameters? {
        let threshold = fraction(&reader, "suddenMove")
        let window = time(&reader, "suddenMoveWindow", from: 1)
        let pause = time(&reader, "suddenMovePause", from: 1)
        guard let threshold, threshold > 0 else {
            if window != nil || pause != nil, !reader.hasRefused("suddenMove") {
                reader.refuse("suddenMove", "above 0 when suddenMoveWindow or suddenMovePause is given")
            }
            return nil
        }
        return SuddenMoveParameters(
            thresholdTrillionths: threshold, windowNanoseconds: window ?? Nanoseconds.seconds(1),
            pauseNanoseconds: pause ?? Nanoseconds.seconds(10))
    }

    private static func fraction(_ reader: inout ParameterReader, _ field: String) -> Int64? {
        reader.decimal(field, "0"..."1", "a fraction, 0 to 1", fractionDigits: 12)
            .map(PureMarketMakingParameters.trillionths)
    }

    private static func time(_ reader: inout ParameterReader, _ field: String, from low: Int64) -> Int64? {
        reader.integer(field, low...86_400_000, "\(low) to 86400000 (milliseconds)").map(Nanoseconds.milliseconds)
    }
}
