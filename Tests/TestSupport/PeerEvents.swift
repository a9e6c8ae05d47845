import Scheduling
public import TradingCore

/// The market history that we and other engines are compared on: a random book and its trades from a seed, record by
/// record, bit for bit what `gen_events.py` writes into `.mme` files (there described).
///
/// What a consumer may rely on: the book is never crossed or locked at the end of a message; a trade prints at the touch
/// for at most the quantity there and is followed, in the same message, by the level's new quantity; the first message is
/// a full snapshot (put ``reset`` before it); both sides always hold at least 20 levels.
public struct PeerEvents: Sequence, IteratorProtocol {
    public static let start = Timestamp(nanoseconds: 1_735_689_600_000_000_000)
    /// What empties a book before the first snapshot; not part of the history.
    public static let reset = MarketRecord(
        time: start, kind: .reset, side: .buy, price: Price(ticks: 0), quantity: .zero, isLast: false)
    public static let seed: UInt64 = 20_250_101

    private static let middle: Int64 = 6_000_000
    private static let minimumLevels = 20
    private static let keptLevels = 120

    private let count: Int
    private var random: SplitMix64
    private var bids = Levels(sign: -1)
    private var asks = Levels(sign: 1)
    private var time = PeerEvents.start
    private var drift: Int64 = 0
    private var message: [MarketRecord] = []
    private var position = 0
    /// How many records have been made, the message being read included.
    private var made = 0

    /// - Parameter count: at least so many records; the last message is always whole.
    public init(count: Int, seed: UInt64 = PeerEvents.seed) {
        self.count = count
        random = SplitMix64(seed: seed)
        makeSnapshot()
    }

    public mutating func next() -> MarketRecord? {
        if position == message.count {
            guard made < count else { return nil }
            makeMessage()
        }
        defer { position += 1 }
        return message[position]
    }

    // MARK: - Messages

    private mutating func makeSnapshot() {
        for offset in 0..<50 {
            bids.put(PeerEvents.middle - 1 - Int64(offset), 1 + below(200_000))
            asks.put(PeerEvents.middle + 1 + Int64(offset), 1 + below(200_000))
        }
        for index in 0..<50 { add(.snapshot, .buy, bids.price(index), bids.lots[index]) }
        for index in 0..<50 { add(.snapshot, .sell, asks.price(index), asks.lots[index]) }
        finish()
    }

    private mutating func makeMessage() {
        message.removeAll(keepingCapacity: true)
        position = 0
        time.nanoseconds += 50_000 + below(1_900_000)
        if below(1_000) < 5 { drift = below(5) - 2 }
        if below(100) < 20 {
            makeTrade()
        } else {
            for _ in 0..<(1 + geometric(6)) { makeUpdate() }
        }
        finish()
    }

    private mutating func makeTrade() {
        let aggressor: Side = below(100) < 50 + 6 * drift ? .buy : .sell
        let side = aggressor.opposite
        var levels = side == .buy ? bids : asks
        let (price, available) = (levels.price(0), levels.lots[0])
        var lots = 1 + below(60_000)
        if lots >= available, levels.count <= PeerEvents.minimumLevels { lots = Swift.max(1, available - 1) }
        lots = Swift.min(lots, available)
        add(.trade, aggressor, price, lots)
        // A side keeps its least depth: the last lot of its last level is not taken away.
        let left = available == lots && levels.count <= PeerEvents.minimumLevels ? 1 : available - lots
        levels.put(price, left)
        add(.level, side, price, left)
        if side == .buy { bids = levels } else { asks = levels }
    }

    private mutating func makeUpdate() {
        let side: Side = below(2) == 0 ? .buy : .sell
        let (bid, ask) = (bids.price(0), asks.price(0))
        let kind = below(100)
        let improve = 12 + 3 * drift * side.sign + (ask - bid > 6 ? 40 : 0)
        let count = side == .buy ? bids.count : asks.count
        if ask - bid > 1, kind < improve {
            set(side, side == .buy ? bid + 1 : ask - 1, 1 + below(120_000))
        } else if kind < 35, count > PeerEvents.minimumLevels {
            set(side, price(side, Swift.min(geometric(5), count - 1)), 0)
        } else if kind < 50 {
            set(side, price(side, count - 1) - side.sign, 1 + below(200_000))
        } else {
            let index = geometric(5) + Int(below(6))
            set(side, price(side, Swift.min(index, count - 1)), 1 + below(200_000))
        }
        if (side == .buy ? bids.count : asks.count) > PeerEvents.keptLevels {
            set(side, price(side, PeerEvents.keptLevels), 0)
        }
    }

    private mutating func set(_ side: Side, _ price: Int64, _ lots: Int64) {
        if side == .buy { bids.put(price, lots) } else { asks.put(price, lots) }
        add(.level, side, price, lots)
    }

    private func price(_ side: Side, _ index: Int) -> Int64 { side == .buy ? bids.price(index) : asks.price(index) }

    private mutating func add(_ kind: MarketRecord.Kind, _ side: Side, _ price: Int64, _ lots: Int64) {
        message.append(
            MarketRecord(
                time: time, kind: kind, side: side, price: Price(ticks: price), quantity: Quantity(lots: lots),
                isLast: false))
        made += 1
    }

    private mutating func finish() {
        message[message.count - 1].isLast = true
    }

    private mutating func below(_ bound: UInt64) -> Int64 { Int64(random.below(bound)) }

    /// 0, 1, 2, ... each half as likely as the one before, at most `cap`.
    private mutating func geometric(_ cap: UInt64) -> Int { (random.next() | 1 << cap).trailingZeroBitCount }
}

/// One side, best level first.
private struct Levels {
    /// Makes better prices smaller keys.
    let sign: Int64
    var keys: [Int64] = []
    var lots: [Int64] = []
    var count: Int { keys.count }

    init(sign: Int64) {
        self.sign = sign
    }

    func price(_ index: Int) -> Int64 { keys[index] * sign }

    mutating func put(_ price: Int64, _ quantity: Int64) {
        let key = price * sign
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        let exists = low < keys.count && keys[low] == key
        switch (exists, quantity == 0) {
        case (true, true):
            keys.remove(at: low)
            lots.remove(at: low)
        case (true, false): lots[low] = quantity
        case (false, false):
            keys.insert(key, at: low)
            lots.insert(quantity, at: low)
        case (false, true): break
        }
    }
}

extension PeerEvents {
    /// The instrument that these events are of: 0.01 USDT ticks, 0.00001 BTC lots, no rules beyond them.
    public static func instrument(fees: FeeSchedule = .free) throws -> Instrument {
        Instrument(
            id: InstrumentID(
                exchange: ExchangeID(rawValue: "paper"),
                symbol: Symbol(base: AssetID("BTC"), quote: AssetID("USDT"))),
            unit: try BookUnit(price: "0.01", quantity: "0.00001"),
            rules: TradingRules(priceRounding: .tick("0.01"), lotSize: "0.00001"), fees: fees)
    }
}
