import CZlib
import TradingCore

/// A book as the exchange streams it: by levels (P0: price, count of orders, amount) or by orders (R0: id, price, amount),
/// amounts of asks negative. Keeps the numbers' texts, of which the checksum is made.
///
/// Source: docs.bitfinex.com, "Books", "Raw Books", "Order Book Checksum".
struct BitfinexBook: Sendable {
    struct Row: Hashable, Sendable {
        /// The count of orders of a level, or the order's id.
        var number: Int64
        /// 0 removes an order.
        var price: FixedDecimal
        /// Negative on the ask side.
        var amount: FixedDecimal
        /// As JavaScript prints them.
        var priceText: String
        var amountText: String
    }

    /// More than the exchange ever sends; beyond it something is wrong.
    static let sideLimit = 10_000
    private static let checksumLevels = 25

    let isOrders: Bool
    /// The best first; of orders at one price the lower id first.
    private(set) var bids: [Row] = []
    private(set) var asks: [Row] = []
    /// Where an order rests.
    private var placed: [Int64: (side: Side, price: FixedDecimal)] = [:]

    init(isOrders: Bool) {
        self.isOrders = isOrders
    }

    /// Takes a row in.
    /// - Throws: for a price or amount that cannot be, and when the book grows beyond ``sideLimit``.
    mutating func place(_ row: Row) throws(UnreadableAnswer) {
        var change = Change()
        try apply(row, into: &change)
    }

    /// Levels with their new amounts.
    struct Change {
        var bids: [PriceLevel] = []
        var asks: [PriceLevel] = []
    }

    mutating func apply(_ row: Row, into change: inout Change) throws(UnreadableAnswer) {
        guard !row.amount.isZero, !row.price.isNegative, row.number >= 0, isOrders || row.price.isPositive else {
            throw UnreadableAnswer(
                "book", expected: "a price and an amount", found: "\(row.number) \(row.price) \(row.amount)")
        }
        let side: Side = row.amount.isNegative ? .sell : .buy
        if isOrders { try applyOrder(row, side, into: &change) } else { try applyLevel(row, side, into: &change) }
    }

    private mutating func applyLevel(
        _ row: Row, _ side: Side, into change: inout Change
    ) throws(UnreadableAnswer) {
        let amount = row.number == 0 ? .zero : try BitfinexMapping.magnitude(row.amount)
        if side == .buy {
            try Self.set(row, isRemoval: row.number == 0, in: &bids) { $0.price > $1.price }
            change.bids.append(PriceLevel(price: row.price, amount: amount))
        } else {
            try Self.set(row, isRemoval: row.number == 0, in: &asks) { $0.price < $1.price }
            change.asks.append(PriceLevel(price: row.price, amount: amount))
        }
    }

    private mutating func applyOrder(
        _ row: Row, _ side: Side, into change: inout Change
    ) throws(UnreadableAnswer) {
        if let (oldSide, oldPrice) = placed[row.number] {
            var gone = row
            gone.price = oldPrice
            try setOrder(gone, oldSide, isRemoval: true)
            placed[row.number] = nil
            if oldSide != side || oldPrice != row.price { try tell(oldSide, oldPrice, into: &change) }
        }
        guard row.price.isPositive else { return }
        try setOrder(row, side, isRemoval: false)
        placed[row.number] = (side, row.price)
        try tell(side, row.price, into: &change)
    }

    private mutating func setOrder(_ row: Row, _ side: Side, isRemoval: Bool) throws(UnreadableAnswer) {
        if side == .buy {
            try Self.set(row, isRemoval: isRemoval, in: &bids) {
                $0.price != $1.price ? $0.price > $1.price : $0.number < $1.number
            }
        } else {
            try Self.set(row, isRemoval: isRemoval, in: &asks) {
                $0.price != $1.price ? $0.price < $1.price : $0.number < $1.number
            }
        }
    }

    /// A price's amount: the sum of its orders'.
    private func tell(_ side: Side, _ price: FixedDecimal, into change: inout Change) throws(UnreadableAnswer) {
        let rows = side == .buy ? bids : asks
        var sum = FixedDecimal.zero
        var index = Self.position(in: rows) { side == .buy ? $0.price > price : $0.price < price }
        while index < rows.count, rows[index].price == price {
            sum = try Derived.sum(sum, try BitfinexMapping.magnitude(rows[index].amount), "amount")
            index += 1
        }
        if side == .buy {
            change.bids.append(PriceLevel(price: price, amount: sum))
        } else {
            change.asks.append(PriceLevel(price: price, amount: sum))
        }
    }

    private static func set(
        _ row: Row, isRemoval: Bool, in rows: inout [Row], comesBefore: (Row, Row) -> Bool
    ) throws(UnreadableAnswer) {
        let index = position(in: rows) { comesBefore($0, row) }
        let isThere = index < rows.count && !comesBefore(row, rows[index])
        if isRemoval {
            if isThere { rows.remove(at: index) }
        } else if isThere {
            rows[index] = row
        } else {
            guard rows.count < sideLimit else {
                throw UnreadableAnswer("book", expected: "at most \(sideLimit) rows a side", found: "more")
            }
            rows.insert(row, at: index)
        }
    }

    /// How many rows come before.
    private static func position(in rows: [Row], comesBefore: (Row) -> Bool) -> Int {
        var (low, high) = (0, rows.count)
        while low < high {
            let middle = (low + high) / 2
            if comesBefore(rows[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: - Whole

    func whole(_ symbol: Symbol, time: Int64? = nil) throws(UnreadableAnswer) -> ExchangeBook {
        ExchangeBook(symbol: symbol, bids: try Self.levels(bids), asks: try Self.levels(asks), time: time)
    }

    private static func levels(_ rows: [Row]) throws(UnreadableAnswer) -> [PriceLevel] {
        var levels: [PriceLevel] = []
        levels.reserveCapacity(rows.count)
        for row in rows {
            let amount = try BitfinexMapping.magnitude(row.amount)
            if let last = levels.last, last.price == row.price {
                levels[levels.count - 1].amount = try Derived.sum(last.amount, amount, "amount")
            } else {
                levels.append(PriceLevel(price: row.price, amount: amount))
            }
        }
        return levels
    }

    /// CRC-32, as a signed number, of the best 25 bids and asks in turn, `price:amount` or `id:amount` each.
    func checksum() -> Int32 {
        var text: [UInt8] = []
        text.reserveCapacity(1_600)
        for index in 0..<Self.checksumLevels {
            if index < bids.count { append(bids[index], to: &text) }
            if index < asks.count { append(asks[index], to: &text) }
        }
        let sum = text.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
        return Int32(bitPattern: UInt32(truncatingIfNeeded: sum))
    }

    private func append(_ row: Row, to text: inout [UInt8]) {
        if !text.isEmpty { text.append(UInt8(ascii: ":")) }
        var key = isOrders ? String(row.number) : row.priceText
        key.withUTF8 { text.append(contentsOf: $0) }
        text.append(UInt8(ascii: ":"))
        var amount = row.amountText
        amount.withUTF8 { text.append(contentsOf: $0) }
    }
}
