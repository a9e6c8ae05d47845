import TradingCore

/// The data of `/market/level2`: `{"changes": {"asks": [[price, size, number], …], "bids": …}, "sequenceStart",
/// "sequenceEnd", "symbol", "time"}`.
struct KuCoinDepth {
    struct Row {
        var isBid: Bool
        var level: PriceLevel
        var number: Int64
    }

    private(set) var symbol: String?
    /// Milliseconds since 1970; KuCoin did not always say.
    private(set) var time: Int64?
    private(set) var first: Int64 = 0
    private(set) var last: Int64 = 0
    /// In the order of their numbers.
    private(set) var rows: [Row] = []
    private var lowest = Int64.max
    private var highest: Int64 = 0
    private var isSorted = true

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
            } else if scanner.matches(key, "symbol") {
                symbol = try scanner.plainString()
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
        if !isSorted { rows.sort { $0.number < $1.number } }
    }

    private mutating func readChanges(_ scanner: inout JSONScanner) throws {
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "bids") {
                try readRows(&scanner, isBid: true)
            } else if scanner.matches(key, "asks") {
                try readRows(&scanner, isBid: false)
            } else {
                try scanner.skipValue()
            }
        }
    }

    private mutating func readRows(_ scanner: inout JSONScanner, isBid: Bool) throws {
        try scanner.beginArray()
        while try scanner.nextElement() {
            try scanner.beginArray()
            let price = try scanner.requiredElement()
            let amount = try scanner.requiredElement()
            guard try scanner.nextElement() else { throw scanner.error(.integer) }
            let number = try KuCoinDepth.number(&scanner)
            while try scanner.nextElement() { try scanner.skipValue() }
            guard !price.isNegative, !amount.isNegative else {
                throw UnreadableAnswer("level", expected: "no number below zero", found: "\(price) x \(amount)")
            }
            if number < highest { isSorted = false }
            lowest = min(lowest, number)
            highest = max(highest, number)
            rows.append(Row(isBid: isBid, level: PriceLevel(price: price, amount: amount), number: number))
        }
    }

    /// Far below the largest number, so that the next one can always be counted.
    private static func number(_ scanner: inout JSONScanner) throws -> Int64 {
        let number = try scanner.wholeNumber()
        guard (0...largestNumber).contains(number) else { throw scanner.error(.integer) }
        return number
    }

    static let largestNumber: Int64 = 1 << 62

    /// Rows of price 0 only carry a number.
    ///
    /// An update that a whole book contains in part is applied in whole: every number of its range is in it, so the rows
    /// that the book contains already say what it says.
    func numbered(_ symbol: Symbol) -> DepthSync.Numbered {
        var change = BookChange(symbol: symbol, bids: [], asks: [], time: time, sequence: last)
        for row in rows where row.level.price.isPositive {
            if row.isBid { change.bids.append(row.level) } else { change.asks.append(row.level) }
        }
        return DepthSync.Numbered(change, first: first, last: last)
    }
}
