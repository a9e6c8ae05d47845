import Scheduling
import Testing
import TradingCore

@testable import Execution

/// Made-up sessions with true accounts: a price that walks at random and quotes around it, a look every second.
struct SampleCurve {
    static let start = Timestamp(nanoseconds: 1_709_474_400 * Nanoseconds.perSecond)

    private(set) var curve = PerformanceCurve()
    private var account = PositionAccount()
    private var markouts = PerformanceRecorder.markoutHorizons.map {
        Markout(horizonNanoseconds: Nanoseconds.seconds($0))
    }
    private var random: SplitMix64
    private let unit: BookUnit
    private let session: SessionID
    private let order: ClientOrderID
    private var bestProfit = FixedDecimal.zero
    private var fillCount: UInt64 = 0

    init(seed: UInt64 = 1, unit: BookUnit) throws {
        random = SplitMix64(seed: seed)
        self.unit = unit
        session = try #require(SessionID(1))
        order = try #require(ClientOrderID(rawValue: 1))
    }

    /// A session of so many seconds around `price` ticks, quoted `distance` ticks off the mid.
    static func walk(
        seconds: Int, price: Int64 = 6_183_764, distance: Int64 = 2_500, unit: BookUnit
    ) throws -> PerformanceCurve {
        var sample = try SampleCurve(unit: unit)
        var doubleMid = 2 * price
        for second in 0..<seconds {
            let now = start.advanced(byNanoseconds: Nanoseconds.seconds(Int64(second)))
            let skew = -sample.account.position.lots / 300
            let bid = Price(ticks: doubleMid / 2 - distance + skew)
            let ask = Price(ticks: doubleMid / 2 + distance + skew)
            for _ in 0..<4 { doubleMid += Int64(sample.random.below(4_001)) - 2_000 }
            if doubleMid / 2 < bid.ticks { sample.fill(.buy, bid, doubleMid, now) }
            if doubleMid / 2 > ask.ticks { sample.fill(.sell, ask, doubleMid, now) }
            let isQuoting = second % 900 > 40
            sample.look(at: now, doubleMid, isQuoting ? bid : nil, isQuoting ? ask : nil)
        }
        return sample.curve
    }

    /// So many points that are all the same but for their time.
    static func constant(_ count: Int, doubleMid: Int64 = 200, unit: BookUnit) throws -> PerformanceCurve {
        var sample = try SampleCurve(unit: unit)
        for second in 0..<count {
            sample.look(at: start.advanced(byNanoseconds: Nanoseconds.seconds(Int64(second))), doubleMid, nil, nil)
        }
        return sample.curve
    }

    mutating func fill(_ side: Side, _ price: Price, _ doubleMid: Int64, _ now: Timestamp) {
        fillCount += 1
        let lots = 1_000 + Int64(random.below(9_000))
        let fill = Fill(
            tradeID: fillCount, orderID: order, side: side, price: price,
            quantity: Quantity(lots: lots), liquidity: .maker, fee: .zero, feeAsset: .quote, time: now)
        // The touch happened on the way to the new mid; what was earned then is measured a little inside of our price.
        let seen = 2 * price.ticks + side.sign * 800
        let booked = BookedFill(session: session, fill: fill, doubleMid: seen, bookedAt: now)
        account.book(fill, doubleMid: seen, unit: unit, otherFeePrice: nil)
        for index in markouts.indices { markouts[index].add(booked) }
        curve.add(booked)
    }

    mutating func look(at now: Timestamp, _ doubleMid: Int64, _ bid: Price?, _ ask: Price?) {
        for index in markouts.indices { markouts[index].settle(until: now, doubleMid: doubleMid) }
        let profit = account.profit(doubleMark: doubleMid, unit: unit)
        bestProfit = max(bestProfit, profit)
        curve.add(
            PerformanceCurve.Point(
                time: now, doubleMid: doubleMid, profit: profit,
                drawdown: FixedDecimal(raw: bestProfit.raw - profit.raw), position: account.position,
                spreadCaptured: FixedDecimal(raw: account.halfSpreadCaptured &* unit.notional.raw / 2),
                markouts: markouts.map { $0.value(unit) }, bid: bid, ask: ask))
    }

    /// A copy of the last look with another profit.
    mutating func add(profit: FixedDecimal, at now: Timestamp) {
        guard var point = curve.points.last else { return }
        point.time = now
        point.profit = profit
        point.drawdown = profit
        point.spreadCaptured = profit
        point.markouts = point.markouts.map { _ in profit }
        curve.add(point)
    }
}
