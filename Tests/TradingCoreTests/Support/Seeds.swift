import Foundation
import Scheduling
import TradingCore

/// Where property tests begin. A failing test prints its seed as its argument; the same seed gives the same cases again.
///
/// `PROPERTY_SEEDS=1...500` in the environment runs other seeds than the two that every run takes.
enum Seeds {
    static let all: [UInt64] = {
        let bounds = (ProcessInfo.processInfo.environment["PROPERTY_SEEDS"] ?? "").split(separator: ".").map {
            UInt64($0)
        }
        if bounds.count == 2, let first = bounds[0], let last = bounds[1], first <= last { return Array(first...last) }
        return [1, 20_260_117]
    }()
}

extension SplitMix64 {
    mutating func int(in range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(below(UInt64(range.upperBound - range.lowerBound) + 1))
    }

    mutating func chance(oneIn count: UInt64) -> Bool { below(count) == 0 }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[Int(below(UInt64(elements.count)))] }

    /// A number of any size: edges of the type, round numbers and their neighbours, and random bits of every width.
    mutating func decimal() -> FixedDecimal {
        switch below(8) {
        case 0: return FixedDecimal(raw: pick(FixedDecimal.edges))
        case 1: return FixedDecimal(raw: Int128(int(in: -20...20)) * 500_000_000_000_000_000)
        case 2: return FixedDecimal(raw: Int128(int(in: -1_000...1_000)))
        default:
            let bits = Int128(truncatingIfNeeded: next()) << 64 | Int128(truncatingIfNeeded: next())
            return FixedDecimal(raw: bits >> Int128(below(127)))
        }
    }
}

extension FixedDecimal {
    static let edges: [Int128] = {
        var edges: [Int128] = [0, .min, .min + 1, .max, .max - 1, .max / 2, .min / 2]
        var power: Int128 = 1
        for _ in 0...38 {
            edges += [power, -power, power - 1, 1 - power, power + 1, -power - 1]
            power = power.multipliedReportingOverflow(by: 10).partialValue
        }
        for shift in [31, 32, 62, 63, 64, 65, 96, 126] {
            let power = Int128(1) << Int128(shift)
            edges += [power, -power, power - 1, 1 - power]
        }
        return edges
    }()
}
