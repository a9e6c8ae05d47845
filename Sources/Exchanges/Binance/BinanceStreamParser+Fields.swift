import TradingCore

extension BinanceStreamParser {
    /// Reads the value of one key, or steps over it.
    func readField(
        _ key: JSONScanner.Text, _ scanner: inout JSONScanner, _ fields: inout BinanceFields,
        _ levels: inout [LevelChange]
    ) throws(BinanceMessageError) {
        do throws(JSONError) {
            guard key.count == 1, !key.hasEscapes else {
                try readLongKey(key, &scanner, &fields, &levels)
                return
            }
            let byte = scanner.peek()
            let isString = byte == UInt8(ascii: "\"")
            let isArray = byte == UInt8(ascii: "[")
            let isNumber = byte == UInt8(ascii: "-") || byte &- 48 < 10
            switch scanner.byte(key.start) {
            case UInt8(ascii: "e") where isString:
                try mark(.kind, key, &fields)
                fields.kind = kind(named: try scanner.string(), scanner)
            case UInt8(ascii: "s") where isString:
                try mark(.symbol, key, &fields)
                let text = try scanner.string()
                fields.symbolOffset = text.start
                fields.isOurSymbol = isSymbol(text, scanner)
            case UInt8(ascii: "E") where isNumber:
                try mark(.eventTime, key, &fields)
                fields.eventTime = try scanner.integer()
            case UInt8(ascii: "T") where isNumber:
                try mark(.tradeTime, key, &fields)
                fields.tradeTime = try scanner.integer()
            case UInt8(ascii: "U") where isNumber:
                try mark(.firstID, key, &fields)
                fields.firstID = try scanner.integer()
            case UInt8(ascii: "u") where isNumber:
                try mark(.lastID, key, &fields)
                fields.lastID = try scanner.integer()
            case UInt8(ascii: "t") where isNumber:
                try mark(.tradeID, key, &fields)
                fields.tradeID = try scanner.integer()
            case UInt8(ascii: "b") where isArray:
                try readLevels(.buy, key, &scanner, &fields, &levels)
            case UInt8(ascii: "a") where isArray:
                try readLevels(.sell, key, &scanner, &fields, &levels)
            case UInt8(ascii: "b") where isString:
                try mark(.bid, key, &fields)
                fields.bid = try price(&scanner, &fields)
            case UInt8(ascii: "a") where isString:
                try mark(.ask, key, &fields)
                fields.ask = try price(&scanner, &fields)
            case UInt8(ascii: "B") where isString:
                try mark(.bidQuantity, key, &fields)
                fields.bidQuantity = try quantity(&scanner, &fields)
            case UInt8(ascii: "A") where isString:
                try mark(.askQuantity, key, &fields)
                fields.askQuantity = try quantity(&scanner, &fields)
            case UInt8(ascii: "p") where isString:
                try mark(.price, key, &fields)
                fields.price = try price(&scanner, &fields)
            case UInt8(ascii: "q") where isString:
                try mark(.quantity, key, &fields)
                fields.quantity = try quantity(&scanner, &fields)
            case UInt8(ascii: "m") where byte == UInt8(ascii: "t") || byte == UInt8(ascii: "f"):
                try mark(.buyerIsMaker, key, &fields)
                fields.buyerIsMaker = try scanner.boolean()
            default:
                try scanner.skipValue()
            }
        } catch {
            throw BinanceMessageError(error)
        }
    }

    /// The keys of a snapshot; everything else, `stream` among it, is stepped over.
    func readLongKey(
        _ key: JSONScanner.Text, _ scanner: inout JSONScanner, _ fields: inout BinanceFields,
        _ levels: inout [LevelChange]
    ) throws(JSONError) {
        if scanner.matches(key, "lastUpdateId") {
            try mark(.snapshotID, key, &fields)
            fields.snapshotID = try scanner.integer()
        } else if scanner.matches(key, "bids"), scanner.peek() == UInt8(ascii: "[") {
            try readLevels(.buy, key, &scanner, &fields, &levels)
        } else if scanner.matches(key, "asks"), scanner.peek() == UInt8(ascii: "[") {
            try readLevels(.sell, key, &scanner, &fields, &levels)
        } else {
            try scanner.skipValue()
        }
    }

    @inline(__always)
    func mark(
        _ key: BinanceFields.Keys, _ text: JSONScanner.Text, _ fields: inout BinanceFields
    ) throws(JSONError) {
        guard fields.seen.isDisjoint(with: key) else { throw JSONError(offset: text.start, expected: .newKey) }
        fields.seen.formUnion(key)
    }

    func kind(named text: JSONScanner.Text, _ scanner: JSONScanner) -> BinanceFields.Kind {
        if scanner.matches(text, "depthUpdate") { return .depthUpdate }
        if scanner.matches(text, "trade") { return .trade }
        if scanner.matches(text, "bookTicker") { return .bookTicker }
        return .other
    }

    func isSymbol(_ text: JSONScanner.Text, _ scanner: JSONScanner) -> Bool {
        if symbol.isEmpty { return true }
        guard text.count == symbol.count else { return false }
        var index = 0
        while index < text.count {
            if scanner.byte(text.start &+ index) != symbol[index] { return false }
            index &+= 1
        }
        return true
    }

    // MARK: - Numbers in strings

    @inline(__always)
    func price(_ scanner: inout JSONScanner, _ fields: inout BinanceFields) throws(JSONError) -> Int64 {
        var value: Int64 = 0
        if let problem = try decimal(priceText, &scanner, &value) {
            fields.note(problem.offset, .price(problem.error))
        }
        return value
    }

    @inline(__always)
    func quantity(_ scanner: inout JSONScanner, _ fields: inout BinanceFields) throws(JSONError) -> Int64 {
        var value: Int64 = 0
        if let problem = try decimal(quantityText, &scanner, &value) {
            fields.note(problem.offset, .quantity(problem.error))
        }
        return value
    }

    /// Reads a string holding a decimal number.
    /// - Returns: what is wrong with the number, if anything; the string is read in either case.
    @inline(__always)
    func decimal(
        _ text: UnitText, _ scanner: inout JSONScanner, _ value: inout Int64
    ) throws(JSONError) -> (offset: Int, error: UnitTextError)? {
        if scanner.peek() == UInt8(ascii: "\"") {
            let start = scanner.offset &+ 1
            let length = text.scan(scanner.base, from: start, upTo: scanner.count, into: &value)
            let end = start &+ length
            if length > 0, end < scanner.count, scanner.byte(end) == UInt8(ascii: "\"") {
                scanner.offset = end &+ 1
                return nil
            }
        }
        return try unusualDecimal(text, &scanner, &value)
    }

    func unusualDecimal(
        _ text: UnitText, _ scanner: inout JSONScanner, _ value: inout Int64
    ) throws(JSONError) -> (offset: Int, error: UnitTextError)? {
        let string = try scanner.string()
        do {
            value = try text.count(scanner.content(of: string))
            return nil
        } catch {
            return (string.start, error)
        }
    }
}

extension BinanceFields {
    /// Keeps the first problem.
    mutating func note(_ offset: Int, _ reason: BinanceMessageError.Reason) {
        if problem == nil { problem = BinanceMessageError(offset: offset, reason: reason) }
    }
}
