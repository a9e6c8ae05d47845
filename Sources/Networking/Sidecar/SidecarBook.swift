import Exchanges
import TradingCore

/// Turns whole books, told again with every change, into the records of what changed. Pure.
struct SidecarBook: Sendable {
    private let unit: BookUnit
    /// Lots by ticks, as last told; nil: nothing is trusted, the next book is a snapshot.
    private var bids: [Int64: Int64]?
    private var asks: [Int64: Int64] = [:]

    init(_ unit: BookUnit) { self.unit = unit }

    var isTrusted: Bool { bids != nil }

    /// The stream broke.
    mutating func lose() { bids = nil }

    /// - Throws: for a price off the instrument's unit and a book whose sides cross: it is not trusted then.
    mutating func records(_ book: ExchangeBook, now: Timestamp) throws(UnreadableAnswer) -> [MarketRecord] {
        let previous = bids.map { ($0, asks) }
        bids = nil
        let (newBids, newAsks) = (try lots(book.bids, "bids"), try lots(book.asks, "asks"))
        if let bid = newBids.keys.max(), let ask = newAsks.keys.min(), bid >= ask {
            throw UnreadableAnswer("book", expected: "bids below asks", found: "\(bid) and \(ask) ticks")
        }
        func record(_ kind: MarketRecord.Kind, _ side: Side, _ ticks: Int64, _ lots: Int64) -> MarketRecord {
            MarketRecord(
                time: now, kind: kind, side: side, price: Price(ticks: ticks), quantity: Quantity(lots: lots),
                isLast: false)
        }
        var records: [MarketRecord] = []
        if let (oldBids, oldAsks) = previous {
            for (side, old, new) in [(Side.buy, oldBids, newBids), (.sell, oldAsks, newAsks)] {
                // Removals first: no side crosses the other in between.
                for ticks in old.keys.sorted() where new[ticks] == nil {
                    records.append(record(.level, side, ticks, 0))
                }
            }
            for (side, old, new) in [(Side.buy, oldBids, newBids), (.sell, oldAsks, newAsks)] {
                for (ticks, lots) in new.sorted(by: { $0.key < $1.key }) where old[ticks] != lots {
                    records.append(record(.level, side, ticks, lots))
                }
            }
            if records.isEmpty { records.append(record(.heartbeat, .buy, 0, 0)) }
        } else {
            records.append(record(.reset, .buy, 0, 0))
            for (side, new) in [(Side.buy, newBids), (.sell, newAsks)] {
                for (ticks, lots) in new.sorted(by: { $0.key < $1.key }) {
                    records.append(record(.snapshot, side, ticks, lots))
                }
            }
        }
        records[records.count - 1].isLast = true
        (bids, asks) = (newBids, newAsks)
        return records
    }

    private func lots(_ levels: [PriceLevel], _ side: String) throws(UnreadableAnswer) -> [Int64: Int64] {
        var lots: [Int64: Int64] = [:]
        for level in levels {
            guard level.price.isPositive, level.price.isMultiple(of: unit.price),
                let ticks = try? level.price.count(of: unit.price, rounding: .down)
            else {
                throw UnreadableAnswer(side, expected: "a multiple of \(unit.price)", found: "\(level.price)")
            }
            // Less than what we count in is as good as nothing.
            guard let count = try? level.amount.count(of: unit.quantity, rounding: .down), count >= 0 else {
                throw UnreadableAnswer(side, expected: "a quantity of 64 bits", found: "\(level.amount)")
            }
            if count > 0 { lots[ticks] = count }
        }
        return lots
    }

    static func gap(_ now: Timestamp) -> MarketRecord {
        MarketRecord(time: now, kind: .gap, side: .buy, price: Price(ticks: 0), quantity: .zero, isLast: true)
    }
}
