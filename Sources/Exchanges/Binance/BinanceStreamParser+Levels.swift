import TradingCore

extension BinanceStreamParser {
    /// Reads `[["price","quantity"],…]`. What only looks like it, in a message of another kind, is stepped over.
    func readLevels(
        _ side: Side, _ key: JSONScanner.Text, _ scanner: inout JSONScanner, _ fields: inout BinanceFields,
        _ levels: inout [LevelChange]
    ) throws(JSONError) {
        try mark(side == .buy ? .bids : .asks, key, &fields)
        let start = scanner.offset
        do throws(JSONError) {
            try scanner.beginArray()
            while try scanner.nextElement() {
                if readPlainLevel(side, &scanner, &levels) { continue }
                try scanner.beginArray()
                guard try scanner.nextElement() else { throw scanner.error(.string) }
                let place = scanner.offset
                let ticks = try price(&scanner, &fields)
                guard try scanner.nextElement() else { throw scanner.error(.string) }
                let lots = try quantity(&scanner, &fields)
                // Older answers carry an empty array as a third element.
                while try scanner.nextElement() { try scanner.skipValue() }
                if UInt64(bitPattern: ticks &- 1) >= UInt64(BookSide.maximumTicks) {
                    fields.note(place, .priceOutOfRange)
                } else if lots < 0 {
                    fields.note(place, .quantityOutOfRange)
                } else {
                    levels.append(LevelChange(side: side, ticks: ticks, lots: lots))
                }
            }
        } catch {
            fields.note(error.offset, .json(error.expected))
            scanner.offset = start
            try scanner.skipValue()
        }
    }

    /// Reads `["price","quantity"]` as Binance writes it, without white space and within all bounds.
    /// - Returns: false, with nothing read, for everything else.
    @inline(__always)
    private func readPlainLevel(
        _ side: Side, _ scanner: inout JSONScanner, _ levels: inout [LevelChange]
    ) -> Bool {
        let (bytes, end) = (scanner.base, scanner.count)
        var index = scanner.offset
        var (ticks, lots): (Int64, Int64) = (0, 0)
        guard index &+ 10 < end, scanner.byte(index) == UInt8(ascii: "["),
            scanner.byte(index &+ 1) == UInt8(ascii: "\"")
        else { return false }
        index &+= 2
        let priceLength = priceText.scan(bytes, from: index, upTo: end, into: &ticks)
        index &+= priceLength
        guard priceLength > 0, index &+ 3 < end, scanner.byte(index) == UInt8(ascii: "\""),
            scanner.byte(index &+ 1) == UInt8(ascii: ","), scanner.byte(index &+ 2) == UInt8(ascii: "\"")
        else { return false }
        index &+= 3
        let quantityLength = quantityText.scan(bytes, from: index, upTo: end, into: &lots)
        index &+= quantityLength
        guard quantityLength > 0, index &+ 1 < end, scanner.byte(index) == UInt8(ascii: "\""),
            scanner.byte(index &+ 1) == UInt8(ascii: "]"),
            UInt64(bitPattern: ticks &- 1) < UInt64(BookSide.maximumTicks)
        else { return false }
        scanner.offset = index &+ 2
        levels.append(LevelChange(side: side, ticks: ticks, lots: lots))
        return true
    }
}
