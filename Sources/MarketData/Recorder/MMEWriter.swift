import Exchanges
import TradingCore

/// Writes the format `mme`: whole messages of records, and the book they make, with which each file begins.
struct MMEWriter {
    let unit: BookUnit
    /// Lots by ticks.
    private var bids: [Int64: Int64] = [:]
    private var asks: [Int64: Int64] = [:]
    private var isWhole = false
    private var sequence: UInt64 = 0

    init(unit: BookUnit) { self.unit = unit }

    /// A header, and the book where it is whole. How many records follow is not known: as many as there are.
    mutating func begin(at time: Timestamp, into bytes: inout [UInt8]) throws(RecordingFailure) {
        sequence = 0
        let step: Int128 = 10_000_000_000
        append(UInt64(0x3145_4D4D), &bytes)
        append(MMEHeader.unknownCount, &bytes)
        append(UInt64(0), &bytes)
        append(UInt64(unit.price.raw / step), &bytes)
        append(UInt64(unit.quantity.raw / step), &bytes)
        append(UInt64(clamping: time.nanoseconds), &bytes)
        bytes.append(contentsOf: repeatElement(0, count: 16))
        if isWhole { appendBook(at: time, &bytes) }
    }

    mutating func take(_ event: StreamEvent, at time: Timestamp, into bytes: inout [UInt8]) throws(RecordingFailure) {
        switch event {
        case .book(let whole):
            bids.removeAll(keepingCapacity: true)
            asks.removeAll(keepingCapacity: true)
            try apply(whole.bids, .buy)
            try apply(whole.asks, .sell)
            isWhole = true
            appendBook(at: time, &bytes)
        case .bookChange(let change) where isWhole: try take(change, at: time, &bytes)
        case .bookLost: gap(at: time, into: &bytes)
        case .trade(let trade) where sequence > 0:
            guard let price = trade.price, let amount = trade.amount, let side = trade.side, price.isPositive,
                amount.isPositive
            else { return }
            let (ticks, lots) = (try self.ticks(price), try self.lots(amount))
            record(2, side, ticks, lots, isLast: true, at: time, &bytes)
        default: break
        }
    }

    /// The book is not whole from here until the next one.
    mutating func gap(at time: Timestamp, into bytes: inout [UInt8]) {
        guard isWhole else { return }
        isWhole = false
        record(4, .buy, 1, 0, isLast: true, at: time, &bytes)
    }

    private mutating func take(
        _ change: BookChange, at time: Timestamp, _ bytes: inout [UInt8]
    ) throws(RecordingFailure) {
        // A level told as it was says nothing.
        var changed: [(Side, Int64, Int64)] = []
        for (side, levels) in [(Side.buy, change.bids), (.sell, change.asks)] {
            for level in levels {
                let (ticks, lots) = (try ticks(level.price), try lots(level.amount))
                if set(side, ticks, lots) != lots { changed.append((side, ticks, lots)) }
            }
        }
        for (index, level) in changed.enumerated() {
            record(1, level.0, level.1, level.2, isLast: index == changed.count - 1, at: time, &bytes)
        }
    }

    private mutating func apply(_ levels: [PriceLevel], _ side: Side) throws(RecordingFailure) {
        for level in levels {
            let (ticks, lots) = (try ticks(level.price), try lots(level.amount))
            _ = set(side, ticks, lots)
        }
    }

    /// - Returns: what stood there before.
    private mutating func set(_ side: Side, _ ticks: Int64, _ lots: Int64) -> Int64 {
        let new = lots == 0 ? nil : lots
        return (side == .buy ? bids.updateOrRemove(ticks, new) : asks.updateOrRemove(ticks, new)) ?? 0
    }

    private mutating func appendBook(at time: Timestamp, _ bytes: inout [UInt8]) {
        let levels =
            bids.sorted { $0.key > $1.key }.map { (Side.buy, $0.key, $0.value) }
            + asks.sorted { $0.key < $1.key }.map { (Side.sell, $0.key, $0.value) }
        for (index, level) in levels.enumerated() {
            record(3, level.0, level.1, level.2, isLast: index == levels.count - 1, at: time, &bytes)
        }
    }

    private mutating func record(
        _ kind: UInt8, _ side: Side, _ ticks: Int64, _ lots: Int64, isLast: Bool, at time: Timestamp,
        _ bytes: inout [UInt8]
    ) {
        sequence += 1
        append(UInt64(clamping: time.nanoseconds), &bytes)
        append(sequence, &bytes)
        append(UInt64(bitPattern: ticks), &bytes)
        append(UInt64(bitPattern: lots), &bytes)
        bytes.append(contentsOf: [kind, side == .buy ? 1 : 2, isLast ? 1 : 0, 0, 0, 0, 0, 0])
    }

    private func append(_ value: UInt64, _ bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// - Throws: for a price that is no whole number of ticks: it cannot be written down, and a book without it is wrong.
    private func ticks(_ price: FixedDecimal) throws(RecordingFailure) -> Int64 {
        guard price.isMultiple(of: unit.price), let ticks = try? price.count(of: unit.price, rounding: .down),
            (1...BookSide.maximumTicks).contains(ticks)
        else {
            throw RecordingFailure(
                "a price of \(price): must be a multiple of the recording's tick \(unit.price), at most "
                    + "\(BookSide.maximumTicks) of them; --tick chooses another")
        }
        return ticks
    }

    /// Amounts finer than a lot are cut to whole ones, but never to none.
    private func lots(_ amount: FixedDecimal) throws(RecordingFailure) -> Int64 {
        guard !amount.isNegative, let lots = try? amount.count(of: unit.quantity, rounding: .down) else {
            throw RecordingFailure(
                "an amount of \(amount): must be 0 or more, at most \(Int64.max) lots of \(unit.quantity)")
        }
        return amount.isZero ? 0 : max(1, lots)
    }
}

extension [Int64: Int64] {
    /// - Returns: the value before.
    fileprivate mutating func updateOrRemove(_ key: Int64, _ value: Int64?) -> Int64? {
        if let value { updateValue(value, forKey: key) } else { removeValue(forKey: key) }
    }
}
