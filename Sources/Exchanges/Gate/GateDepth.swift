import TradingCore

/// The result of `spot.obu` and `spot.order_book_update`: `{"t", "full", "s", "U", "u", "b", "a"}`.
struct GateDepth {
    /// `BTC_USDT`, or `ob.BTC_USDT.50`: where the frame names it.
    private(set) var name: JSONScanner.Text?
    /// Milliseconds since 1970.
    private(set) var time: Int64?
    private(set) var isFull = false
    private(set) var first: Int64?
    private(set) var last: Int64 = 0
    private(set) var bids: [PriceLevel] = []
    private(set) var asks: [PriceLevel] = []
    /// Why it cannot be used; the name is kept where it was read, as that book is lost then.
    private(set) var problem: String?

    init(_ scanner: inout JSONScanner) {
        do {
            try read(&scanner)
        } catch {
            problem = "\(error)"
        }
    }

    /// Leaves the scanner behind the value, whatever it is.
    /// - Throws: for what is no JSON.
    init(reading scanner: inout JSONScanner) throws(JSONError) {
        let start = scanner.offset
        self.init(&scanner)
        if problem != nil {
            scanner.offset = start
            try scanner.skipValue()
        }
    }

    private mutating func read(_ scanner: inout JSONScanner) throws {
        var (hasLast, hasBids, hasAsks) = (false, false, false)
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            switch key.count == 1 ? scanner.byte(key.start) : 0 {
            case UInt8(ascii: "s"): name = try scanner.string()
            case UInt8(ascii: "t"): time = try scanner.integer()
            case UInt8(ascii: "U"): first = try number(&scanner)
            case UInt8(ascii: "u"):
                last = try number(&scanner)
                hasLast = true
            case UInt8(ascii: "b") where scanner.peek() == UInt8(ascii: "["):
                bids = try scanner.priceLevels()
                hasBids = true
            case UInt8(ascii: "a") where scanner.peek() == UInt8(ascii: "["):
                asks = try scanner.priceLevels()
                hasAsks = true
            default:
                if scanner.matches(key, "full") { isFull = try scanner.boolean() } else { try scanner.skipValue() }
            }
        }
        // A side without a change may be left out, both may not.
        guard hasLast, hasBids || hasAsks || isFull, isFull || first != nil, (first ?? last) <= last else {
            problem = "the update has no numbers, no levels, or numbers in the wrong order"
            return
        }
    }

    /// Far below the largest number, so that the next one can always be counted.
    private func number(_ scanner: inout JSONScanner) throws -> Int64 {
        let number = try scanner.integer()
        guard (0...GateDepth.largestNumber).contains(number) else { throw scanner.error(.integer) }
        return number
    }

    static let largestNumber: Int64 = 1 << 62
}
