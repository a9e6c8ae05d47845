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
}
