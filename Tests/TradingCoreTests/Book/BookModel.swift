import Scheduling
import TradingCore

/// A book side as a dictionary, searched from end to end for every answer. Slow, obvious, and the judge of `BookSide`.
struct BookModel {
    let side: Side
    private(set) var levels: [Int64: Int64] = [:]
    private(set) var top: (ticks: Int64, lots: Int64)?

    init(_ side: Side) {
        self.side = side
    }

    var none: Int64 { side == .buy ? 0 : .max }

    /// What a reader sees: the levels not better than the top, and the top itself.
    var visible: [Int64: Int64] {
        guard let top else { return levels }
        var visible = levels.filter { !isBetter($0.key, than: top.ticks) }
        visible[top.ticks] = top.lots > 0 ? top.lots : nil
        return visible
    }

    var best: Int64 { touch(of: visible) }
    var storedBest: Int64 { touch(of: levels) }

    func next(after ticks: Int64) -> Int64 { touch(of: visible.filter { isBetter(ticks, than: $0.key) }) }

    /// Whether a level set here would change nothing that is seen.
    func isCovered(_ ticks: Int64) -> Bool { top.map { !isBetter($0.ticks, than: ticks) } ?? false }

    mutating func set(_ ticks: Int64, _ lots: Int64) -> Int64 {
        defer { levels[ticks] = lots > 0 ? lots : nil }
        return levels[ticks] ?? 0
    }

    mutating func setTop(_ ticks: Int64, _ lots: Int64) { top = (ticks, lots) }

    mutating func clearTop() { top = nil }

    mutating func removeAll() {
        levels = [:]
        top = nil
    }

    private func touch(of levels: [Int64: Int64]) -> Int64 {
        levels.keys.reduce(none) { $0 == none || isBetter($1, than: $0) ? $1 : $0 }
    }

    private func isBetter(_ left: Int64, than right: Int64) -> Bool { side == .buy ? left > right : left < right }
}

/// Where the prices of a random book lie.
enum PricePattern: CaseIterable, Sendable {
    /// A few pages, many levels each.
    case narrow
    /// The last and first ticks of pages, of words of pages and of directory blocks.
    case boundaries
    /// Millions of ticks apart, in no order.
    case wide
    /// Millions of ticks apart, each step beyond what the book covers so far.
    case growingUp
    case growingDown
    /// The cheapest and the dearest price a book takes.
    case cheapest
    case dearest

    func ticks(_ random: inout SplitMix64, step: Int) -> Int64 {
        switch self {
        case .narrow: return random.int(in: 10_000...10_099)
        case .boundaries:
            let page = random.pick([64, 4_096, 262_144, 524_288, 786_432] as [Int64])
            return page * random.int(in: 1...3) + random.int(in: -1...1)
        case .wide: return random.int(in: 1...60) * 1_000_003
        case .growingUp: return 1 + Int64(step) * 4_001 + random.int(in: 0...20) * 64
        case .growingDown: return 12_000_000 - Int64(step) * 4_001 + random.int(in: 0...20) * 64
        case .cheapest: return random.int(in: 1...70)
        case .dearest: return BookSide.maximumTicks - random.int(in: 0...70)
        }
    }
}
