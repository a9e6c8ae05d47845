public import TradingCore

/// A session's course for a picture: samples and fills, thinned by half whenever there are too many.
public struct PerformanceCurve: Sendable {
    public struct Point: Sendable {
        public var time: Timestamp
        public var doubleMid: Int64
        /// Since the start, in quote, against holding.
        public var profit: FixedDecimal
        public var drawdown: FixedDecimal
        public var position: Quantity
        public var spreadCaptured: FixedDecimal
        /// In quote, by horizon.
        public var markouts: [FixedDecimal]
        /// Own best open orders.
        public var bid: Price?
        public var ask: Price?
    }

    public struct FillMark: Sendable {
        public var time: Timestamp
        public var side: Side
        public var price: Price
    }

    public static let pointLimit = 2_048
    public static let fillLimit = 4_096

    public private(set) var points: [Point] = []
    public private(set) var fills: [FillMark] = []
    private var pointStride = 1
    private var fillStride = 1
    private var pointsSeen = 0
    private var fillsSeen = 0

    mutating func add(_ point: Point) {
        defer { pointsSeen += 1 }
        guard pointsSeen % pointStride == 0 else { return }
        points.append(point)
        guard points.count >= PerformanceCurve.pointLimit else { return }
        points = PerformanceCurve.thinned(points)
        pointStride *= 2
    }

    mutating func add(_ booked: BookedFill) {
        defer { fillsSeen += 1 }
        guard fillsSeen % fillStride == 0 else { return }
        fills.append(FillMark(time: booked.bookedAt, side: booked.fill.side, price: booked.fill.price))
        guard fills.count >= PerformanceCurve.fillLimit else { return }
        fills = PerformanceCurve.thinned(fills)
        fillStride *= 2
    }

    private static func thinned<Element>(_ elements: [Element]) -> [Element] {
        stride(from: 0, to: elements.count, by: 2).map { elements[$0] }
    }
}
