import Scheduling
import Testing
import TradingCore

@testable import Execution

@Suite("Markouts and curves")
struct MeasuringTests {
    private func booked(_ side: Side, _ lots: Int64, at ticks: Int64, _ seconds: Int64) throws -> BookedFill {
        var ids = ClientOrderIDSource(installation: .bench, session: .bench)
        return BookedFill(
            session: .bench,
            fill: Fill(
                tradeID: 1, orderID: ids.required(), side: side, price: Price(ticks: ticks),
                quantity: Quantity(lots: lots), liquidity: .maker, fee: .zero, feeAsset: .quote, time: at(seconds)),
            doubleMid: nil, bookedAt: at(seconds))
    }

    private func at(_ seconds: Int64) -> Timestamp {
        EngineBench.start.advanced(byNanoseconds: Nanoseconds.seconds(seconds))
    }

    @Test("a markout compares with the mid at its horizon, not before, and counts a fill without a mid not at all")
    func markout() throws {
        let unit = try EngineBench.instrument().unit
        var markout = Markout(horizonNanoseconds: Nanoseconds.seconds(10))
        markout.add(try booked(.buy, 1_000, at: 10_000, 0))
        markout.add(try booked(.sell, 500, at: 10_000, 1))
        markout.add(try booked(.sell, 500, at: 10_000, 2))
        #expect(markout.nextDue == at(10))
        markout.settle(until: at(9), doubleMid: 30_000)
        #expect(markout.notional == 0)
        markout.settle(until: at(10), doubleMid: 20_003)
        #expect(markout.value(unit) == "0.015")
        #expect(abs(markout.basisPoints - 1.5) < 1e-9)
        markout.settle(until: at(11), doubleMid: nil)
        #expect(markout.notional == 10_000_000)
        markout.settle(until: at(12), doubleMid: 20_003)
        #expect(markout.value(unit) == "0.0075")
        #expect(markout.nextDue == .distantFuture)
    }

    @Test("a curve keeps first and even samples within its bounds however long it runs")
    func curve() throws {
        var curve = PerformanceCurve()
        for second in 0..<20_000 {
            curve.add(
                PerformanceCurve.Point(
                    time: at(Int64(second)), doubleMid: 1, profit: .zero, drawdown: .zero, position: .zero,
                    spreadCaptured: .zero, markouts: []))
            curve.add(try booked(.buy, 1, at: 1, Int64(second)))
            #expect(curve.points.count < PerformanceCurve.pointLimit)
            #expect(curve.fills.count < PerformanceCurve.fillLimit)
        }
        let gaps = Set(zip(curve.points, curve.points.dropFirst()).map { $1.time.nanoseconds(since: $0.time) })
        #expect(gaps == [Nanoseconds.seconds(16)])
        #expect(curve.points.first?.time == at(0))
        #expect(curve.points.count == 1_250)
        let fillGaps = Set(zip(curve.fills, curve.fills.dropFirst()).map { $1.time.nanoseconds(since: $0.time) })
        #expect(fillGaps == [Nanoseconds.seconds(8)])
    }

    @Test("many fills within one horizon are all compared")
    func many() throws {
        var markout = Markout(horizonNanoseconds: Nanoseconds.seconds(1))
        for count in 0..<5_000 {
            markout.add(try booked(.buy, 1, at: 100, Int64(count)))
            markout.settle(until: at(Int64(count)), doubleMid: 202)
        }
        markout.settle(until: at(10_000), doubleMid: 202)
        #expect(markout.notional == 500_000)
        #expect(markout.basisPoints == 100)
    }
}
