public import TradingCore

/// Reads one instrument's Binance Spot messages from their bytes into its units.
///
/// Takes the combined stream form `{"stream":…,"data":{…}}`, the raw payload, and the REST snapshot; keys in any order,
/// white space anywhere, unknown keys skipped. Allocates nothing once the level buffer has grown.
///
/// Binance's quantity unit is 1e-8: some far levels lie off the order lot.
/// Source: developers.binance.com, Spot, "WebSocket Streams".
public struct BinanceStreamParser: Sendable {
    let priceText: UnitText
    let quantityText: UnitText
    /// The expected `s`; empty takes any.
    let symbol: [UInt8]

    /// - Parameters:
    ///   - symbol: as Binance writes it, such as `BTCUSDT`; nil takes messages of any symbol.
    ///   - unit: what ticks and lots count.
    /// - Throws: ``UnitTextError/unusableUnit`` for a unit beyond `Int64` times 10⁻¹⁸.
    public init(symbol: String?, unit: BookUnit) throws(UnitTextError) {
        priceText = try UnitText(unit: unit.price)
        quantityText = try UnitText(unit: unit.quantity)
        self.symbol = Array((symbol ?? "").utf8)
    }

    /// Reads one message.
    /// - Parameter levels: emptied, then filled with the levels of a depth update or snapshot in the message's order.
    /// - Throws: ``BinanceMessageError`` when the bytes are no JSON, or are one of our messages with a value that is
    ///   missing, malformed, off the unit or out of range, or of another symbol.
    public func parse(
        _ bytes: UnsafeRawBufferPointer, into levels: inout [LevelChange]
    ) throws(BinanceMessageError) -> BinanceMessage {
        if !levels.isEmpty { levels.removeAll(keepingCapacity: true) }
        var scanner = JSONScanner(bytes)
        var fields = BinanceFields()
        var isInEnvelope = false
        do throws(JSONError) {
            try scanner.beginObject()
        } catch {
            throw BinanceMessageError(error)
        }
        while let key = try nextKey(&scanner) {
            if key.count == 1 || key.count > 6 {
                try readField(key, &scanner, &fields, &levels)
            } else if scanner.matches(key, "data"), scanner.peek() == UInt8(ascii: "{") {
                if isInEnvelope { throw BinanceMessageError(offset: key.start, reason: .repeatedKey) }
                isInEnvelope = true
                try readPayload(&scanner, &fields, &levels)
            } else {
                try readField(key, &scanner, &fields, &levels)
            }
        }
        do throws(JSONError) { try scanner.finish() } catch { throw BinanceMessageError(error) }
        return try message(fields, isInEnvelope: isInEnvelope, length: bytes.count, &levels)
    }

    @inline(__always)
    func nextKey(_ scanner: inout JSONScanner) throws(BinanceMessageError) -> JSONScanner.Text? {
        do throws(JSONError) { return try scanner.nextKey() } catch { throw BinanceMessageError(error) }
    }

    func readPayload(
        _ scanner: inout JSONScanner, _ fields: inout BinanceFields, _ levels: inout [LevelChange]
    ) throws(BinanceMessageError) {
        do throws(JSONError) { try scanner.beginObject() } catch { throw BinanceMessageError(error) }
        while let key = try nextKey(&scanner) { try readField(key, &scanner, &fields, &levels) }
    }

    /// Puts the fields together into the message they are.
    func message(
        _ fields: BinanceFields, isInEnvelope: Bool, length: Int, _ levels: inout [LevelChange]
    ) throws(BinanceMessageError) -> BinanceMessage {
        switch kind(of: fields, isInEnvelope: isInEnvelope) {
        case .depthUpdate:
            try check(fields, has: .depthUpdate, length)
            guard fields.firstID >= 0, fields.firstID <= fields.lastID else {
                throw BinanceMessageError(offset: length, reason: .idOutOfRange)
            }
            return .depthUpdate(
                BinanceDepthUpdate(
                    eventTime: try time(fields.eventTime, length), firstID: fields.firstID, lastID: fields.lastID))
        case .trade:
            try check(fields, has: .trade, length)
            guard (1...BookSide.maximumTicks).contains(fields.price) else {
                throw BinanceMessageError(offset: length, reason: .priceOutOfRange)
            }
            guard fields.quantity > 0 else { throw BinanceMessageError(offset: length, reason: .quantityOutOfRange) }
            guard fields.tradeID >= 0 else { throw BinanceMessageError(offset: length, reason: .idOutOfRange) }
            return .trade(
                BinanceTrade(
                    eventTime: try time(fields.eventTime, length), tradeTime: try time(fields.tradeTime, length),
                    id: fields.tradeID, price: Price(ticks: fields.price), quantity: Quantity(lots: fields.quantity),
                    aggressor: fields.buyerIsMaker ? .sell : .buy))
        case .bookTicker:
            try check(fields, has: .bookTicker, length)
            guard fields.lastID >= 0 else { throw BinanceMessageError(offset: length, reason: .idOutOfRange) }
            return .bookTicker(
                BinanceBookTicker(
                    updateID: fields.lastID, bid: try top(.buy, fields.bid, fields.bidQuantity, length),
                    ask: try top(.sell, fields.ask, fields.askQuantity, length)))
        case .unnamed:
            try check(fields, has: .snapshot, length)
            guard fields.snapshotID >= 0 else { throw BinanceMessageError(offset: length, reason: .idOutOfRange) }
            return .snapshot(lastUpdateID: fields.snapshotID)
        case .other:
            levels.removeAll(keepingCapacity: true)
            return .other
        }
    }

    /// Which message the keys make. ``BinanceFields/Kind/unnamed`` stands for a snapshot here.
    func kind(of fields: BinanceFields, isInEnvelope: Bool) -> BinanceFields.Kind {
        guard fields.kind == .unnamed else { return fields.kind }
        // In a stream's envelope `lastUpdateId` is a partial book of 5 to 20 levels, never the whole one.
        if fields.seen.contains(.snapshotID) { return isInEnvelope ? .other : .unnamed }
        if fields.seen.contains([.lastID, .bidQuantity]) || fields.seen.contains([.lastID, .askQuantity]) {
            return .bookTicker
        }
        return .other
    }

    @inline(__always)
    func check(_ fields: BinanceFields, has keys: BinanceFields.Keys, _ length: Int) throws(BinanceMessageError) {
        if let problem = fields.problem { throw problem }
        guard fields.seen.isSuperset(of: keys) else { throw BinanceMessageError(offset: length, reason: .missingKey) }
        guard fields.isOurSymbol else { throw BinanceMessageError(offset: fields.symbolOffset, reason: .wrongSymbol) }
    }

    /// The exchange's time; it sends milliseconds, or microseconds to whoever connected with `timeUnit=MICROSECOND`.
    @inline(__always)
    func time(_ count: Int64, _ length: Int) throws(BinanceMessageError) -> Timestamp {
        if count >= 0, count < 9_000_000_000_000 { return Timestamp(nanoseconds: count &* 1_000_000) }
        if count >= 0, count < 9_000_000_000_000_000 { return Timestamp(nanoseconds: count &* 1_000) }
        throw BinanceMessageError(offset: length, reason: .timeOutOfRange)
    }

    func top(_ side: Side, _ ticks: Int64, _ lots: Int64, _ length: Int) throws(BinanceMessageError) -> BookLevel {
        if lots == 0 {
            // Nothing rests on this side; the price is then zero.
            let worst = side == .buy ? 1 : BookSide.maximumTicks
            return BookLevel(price: Price(ticks: worst), quantity: .zero)
        }
        guard lots > 0 else { throw BinanceMessageError(offset: length, reason: .quantityOutOfRange) }
        guard (1...BookSide.maximumTicks).contains(ticks) else {
            throw BinanceMessageError(offset: length, reason: .priceOutOfRange)
        }
        return BookLevel(price: Price(ticks: ticks), quantity: Quantity(lots: lots))
    }
}
