import Scheduling
import Testing
import TradingCore

@testable import Execution

/// Sums that an earlier version may have stored: nothing that is booked to them stops the program.
@Suite struct AbsurdAccountTests {
    private static let units =
        ([("0.01", "0.00000001"), ("0.00000001", "1"), ("1000", "0.000000001")]
        as [(FixedDecimal, FixedDecimal)]).compactMap { try? BookUnit(price: $0.0, quantity: $0.1) }

    private static func extreme(_ random: inout SplitMix64) -> Int128 {
        switch random.below(8) {
        case 0: .max
        case 1: .min
        case 2: Int128.max / 1_000 + Int128(random.below(3)) - 1
        case 3: Int128.min / 1_000
        case 4: Int128(Int64.max)
        case 5: Int128(Int64.min)
        case 6: Int128(random.below(1_000)) - 500
        default: Int128(Int64(bitPattern: random.next())) * Int128(Int64(bitPattern: random.next()))
        }
    }

    /// One that ``FillBounds`` lets through.
    private static func fill(_ id: ClientOrderID, _ random: inout SplitMix64, _ unit: BookUnit) -> Fill {
        while true {
            let ticks = Int64(random.next() >> (1 + random.below(63)))
            let lots = Int64(random.next() >> (1 + random.below(63)))
            let side: Side = random.below(2) == 0 ? .buy : .sell
            let asset: FeeAsset = [.base, .quote, .other(0)][Int(random.below(3))]
            let fee = FixedDecimal(raw: Int128(random.next() >> random.below(64)))
            let fill = Fill(
                tradeID: random.next(), orderID: id, side: side,
                price: Price(ticks: ticks), quantity: Quantity(lots: lots), liquidity: .maker, fee: fee,
                feeAsset: asset, time: .distantPast)
            if FillBounds.unknown(side).mismatch(fill, unit) == nil { return fill }
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `no sums and no fills stop the program, and plausible sums stay exact`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let id = try #require(ClientOrderID(rawValue: 1 << 26 | 1))
        var (plausible, refused) = (0, 0)
        for round in 0..<300 {
            let unit = Self.units[round % Self.units.count]
            let isSmall = round % 3 == 0
            var counters = (0..<13).map { _ in isSmall ? Int128(random.below(9_999)) : Self.extreme(&random) }
            counters[0] = isSmall ? counters[0] : Int128(Int64(bitPattern: random.next() << random.below(64)))
            counters[7] = Int128(random.below(1_000))
            guard var account = PositionAccount(counters: counters) else { continue }
            let isPlausible = account.isPlausible(unit)
            if isPlausible { plausible += 1 } else { refused += 1 }
            var cash = account.cash
            for _ in 0..<20 {
                let fill = Self.fill(id, &random, unit)
                let mid: Int64? = random.below(2) == 0 ? nil : Int64(random.next() >> 1)
                account.book(fill, doubleMid: mid, unit: unit, otherFeePrice: FixedDecimal(raw: .max / 3))
                cash = cash.saturatingSubtract(
                    Int128(fill.side.sign) * Int128(fill.price.ticks) * Int128(fill.quantity.lots))
                _ = account.profit(doubleMark: Int64(random.next() >> 1), unit: unit)
                _ = account.feesInQuote
            }
            #expect(account.cash == cash, "seed \(seed)")
            if isPlausible { #expect(cash != .max && cash != .min, "seed \(seed)") }
        }
        #expect(plausible > 50 && refused > 50, "\(plausible), \(refused)")
    }

    @Test func `an account of no trades is plausible, one beyond what trading can make is not`() throws {
        let unit = try #require(Self.units.first)
        #expect(PositionAccount().isPlausible(unit))
        for place in 0..<13 where place != 7 {
            var counters = [Int128](repeating: 0, count: 13)
            counters[place] = place == 0 ? Int128(Int64.max) : .max / 2
            #expect(try !#require(PositionAccount(counters: counters)).isPlausible(unit), "\(place)")
        }
    }
}
