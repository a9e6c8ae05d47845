import TradingCore

/// The data of `/market/level2`: `{"changes": {"asks": [[price, size, number], …], "bids": …}, "sequenceStart",
/// "sequenceEnd", "symbol", "time"}`.
struct KuCoinDepth {
    private struct Row {
        var level: PriceLevel
        var number: Int64
    }

    /// Milliseconds since 1970; KuCoin did not always say.
    private(set) var time: Int64?
    private(set) var first: Int64 = 0
    private(set) var last: Int64 = 0
    /// In the order of their numbers. Rows of price 0 only carry a number and are left out.
    private(set) var bids: [PriceLevel] = []
    private(set) var asks: [PriceLevel] = []
    private var lowest = Int64.max
    private var highest: Int64 = 0

    init(_ scanner: inout JSONScanner) throws {
        var (hasFirst, hasLast, hasChanges) = (false, false, false)
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "changes") {
                try readChanges(&scanner)
                hasChanges = true
            } else if scanner.matches(key, "sequenceStart") {
                first = try KuCoinDepth.number(&scanner)
                hasFirst = true
            } else if scanner.matches(key, "sequenceEnd") {
                last = try KuCoinDepth.number(&scanner)
                hasLast = true
            } else if scanner.matches(key, "time") {
                time = KuCoinDialect.milliseconds(try scanner.wholeNumber())
            } else {
                try scanner.skipValue()
            }
        }
        guard hasFirst, hasLast, hasChanges, first <= last else {
            throw UnreadableAnswer("changes", expected: "changes and their numbers in order", found: "less")
        }
        guard lowest >= first, highest <= last else {
            throw UnreadableAnswer("changes", expected: "numbers \(first) to \(last)", found: "\(lowest) to \(highest)")
        }
    }

    private mutating func readChanges(_ scanner: inout JSONScanner) throws {
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "bids") {
                bids = try readSide(&scanner)
            } else if scanner.matches(key, "asks") {
                asks = try readSide(&scanner)
            } else {
                try scanner.skipValue()
            }
        }
    }

    private mutating func readSide(_ scanner: inout JSONScanner) throws -> [PriceLevel] {
        let start = scanner.offset
        var levels: [PriceLevel] = []
        var newest: Int64 = 0
        try scanner.beginArray()
        if scanner.peek() == UInt8(ascii: "[") { levels.reserveCapacity(16) }
        while let row = try readRow(&scanner) {
            if row.number < newest {
                scanner.offset = start
                return try readUnsorted(&scanner)
            }
            newest = row.number
            if row.level.price.isPositive { levels.append(row.level) }
        }
        return levels
    }

    private mutating func readUnsorted(_ scanner: inout JSONScanner) throws -> [PriceLevel] {
        var rows: [Row] = []
        try scanner.beginArray()
        while let row = try readRow(&scanner) { rows.append(row) }
        rows.sort { $0.number < $1.number }
        return rows.map(\.level).filter(\.price.isPositive)
    }

    @inline(__always)
    private mutating func readRow(_ scanner: inout JSONScanner) throws -> Row? {
        var (price, amount): (Int64, Int64) = (0, 0)
        let level: PriceLevel
        if scanner.plainLevel(price: &price, amount: &amount) {
            level = PriceLevel(
                price: FixedDecimal(hundredMillionths: price), amount: FixedDecimal(hundredMillionths: amount))
        } else {
            guard try scanner.nextElement() else { return nil }
            try scanner.beginArray()
            level = PriceLevel(price: try scanner.requiredElement(), amount: try scanner.requiredElement())
        }
        var number: Int64 = 0
        if !scanner.plainLastNumber(&number) {
            guard try scanner.nextElement() else { throw scanner.error(.integer) }
            number = try KuCoinDepth.number(&scanner)
            try scanner.endArray()
        }
        guard !level.price.isNegative, !level.amount.isNegative else {
            throw UnreadableAnswer(
                "level", expected: "no number below zero", found: "\(level.price) x \(level.amount)")
        }
        lowest = min(lowest, number)
        highest = max(highest, number)
        return Row(level: level, number: number)
    }

    /// Far below the largest number, so that the next one can always be counted.
    private static func number(_ scanner: inout JSONScanner) throws -> Int64 {
        let number = try scanner.wholeNumber()
        guard (0...largestNumber).contains(number) else { throw scanner.error(.integer) }
        return number
    }

    static let largestNumber: Int64 = 1 << 62

    /// An update that a whole book contains in part is applied in whole: every number of its range is in it, so the rows
    /// that the book contains already say what it says.
    func change(_ symbol: Symbol) -> BookChange {
        BookChange(symbol: symbol, bids: bids, asks: asks, time: time, sequence: last)
    }
}
