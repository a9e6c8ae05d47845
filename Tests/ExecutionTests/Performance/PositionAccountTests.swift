import Scheduling
import Testing
import TradingCore

@testable import Execution

@Suite("Position account")
struct PositionAccountTests {
    private func fill(
        _ side: Side, _ lots: Int64, at ticks: Int64, fee: FixedDecimal = .zero, in asset: FeeAsset = .quote,
        _ liquidity: Liquidity = .maker
    ) throws -> Fill {
        var ids = ClientOrderIDSource(installation: .bench, session: .bench)
        return Fill(
            tradeID: 1, orderID: ids.required(), side: side, price: Price(ticks: ticks),
            quantity: Quantity(lots: lots), liquidity: liquidity, fee: fee, feeAsset: asset, time: EngineBench.start)
    }

    private let unit: BookUnit

    init() throws { unit = try EngineBench.instrument().unit }

    @Test("average cost by hand: build, take profit, turn round")
    func byHand() throws {
        var account = PositionAccount()
        func book(_ side: Side, _ lots: Int64, _ ticks: Int64) throws {
            account.book(try fill(side, lots, at: ticks), doubleMid: nil, unit: unit, otherFeePrice: nil)
        }
        try book(.buy, 10, 100)
        try book(.buy, 30, 120)
        #expect((account.position.lots, account.cost, account.realized) == (40, 4_600, 0))
        // Ten of forty at an average of 115.
        try book(.sell, 10, 130)
        #expect((account.position.lots, account.cost, account.realized) == (30, 3_450, 150))
        // Thirty close at 100, twenty open short.
        try book(.sell, 50, 100)
        #expect((account.position.lots, account.cost, account.realized) == (-20, -2_000, -300))
        try book(.buy, 20, 90)
        #expect((account.position.lots, account.cost, account.realized) == (0, 0, -100))
        #expect(account.cash == -100)
    }

    @Test(
        "realized and unrealized are the cash view after every fill, fees in any asset",
        arguments: 1...20 as ClosedRange<UInt64>)
    func independent(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SplitMix64(seed: seed)
        var account = PositionAccount()
        // The independent view: plain sums over fills, no cost, no position rule.
        var (base, quote, baseFees, quoteFees, otherFees) = (Int128(0), Int128(0), Int128(0), Int128(0), Int128(0))
        var (maker, taker, halfSpread) = (Int128(0), Int128(0), Int128(0))
        let otherPrice: FixedDecimal = "600"
        // Of the average cost, rounded down each time a part closes.
        var (held, cost, realized) = (Int128(0), Int128(0), Int128(0))
        for _ in 0..<150 {
            let side: Side = random.below(2) == 0 ? .buy : .sell
            let (lots, ticks) = (1 + Int64(random.below(1_000)), 9_000 + Int64(random.below(2_000)))
            let fee = FixedDecimal(raw: Int128(random.below(1_000_000)) * 1_000_000 - 100_000_000_000)
            let asset = [FeeAsset.base, .quote, .other(0)][Int(random.below(3))]
            let isMaker = random.below(2) == 0
            let mid: Int64? = random.below(5) == 0 ? nil : 20_000 + Int64(random.below(100))
            account.book(
                try fill(side, lots, at: ticks, fee: fee, in: asset, isMaker ? .maker : .taker), doubleMid: mid,
                unit: unit, otherFeePrice: otherPrice)
            let sign: Int128 = side == .buy ? 1 : -1
            base += sign * Int128(lots)
            quote -= sign * Int128(lots) * Int128(ticks)
            switch asset {
            case .base: baseFees += fee.raw
            case .quote: quoteFees += fee.raw
            case .other: otherFees += fee.raw
            }
            if isMaker { maker += Int128(lots * ticks) } else { taker += Int128(lots * ticks) }
            if let mid { halfSpread += sign * Int128(mid - 2 * ticks) * Int128(lots) }
            var rest = sign * Int128(lots)
            if held != 0, (held < 0) != (rest < 0) {
                let closed = min(held.magnitude, rest.magnitude)
                let share = Int128(closed) * cost / Int128(held.magnitude)
                realized += (held < 0 ? -1 : 1) * Int128(closed) * Int128(ticks) - share
                cost -= share
                held += sign * Int128(closed)
                rest -= sign * Int128(closed)
            }
            held += rest
            cost += rest * Int128(ticks)

            #expect(account.position.lots == Int64(base))
            #expect(account.cash == quote)
            #expect((account.cost, account.realized) == (cost, realized))
            for mark in [Int128(0), 9_500, 10_777] {
                let unrealized = Int128(account.position.lots) * mark - account.cost
                #expect(account.realized + unrealized == quote + base * mark)
            }
            #expect((account.baseFees, account.quoteFees, account.otherFees) == (baseFees, quoteFees, otherFees))
            #expect((account.makerVolume, account.takerVolume) == (maker, taker))
            #expect(account.halfSpreadCaptured == halfSpread)
            // In quote at a mark of 100.005, fees paid, exact but for the last digit of each rounding.
            let profit = account.profit(doubleMark: 20_001, unit: unit)
            let expected =
                (2 * quote + base * 20_001) * unit.notional.raw / 2 - quoteFees
                - baseFees * 100_005 / 1_000 - otherFees * 600
            #expect((profit.raw - expected).magnitude <= 1_000)
        }
        #expect(account.fillCount == 150)
    }

    @Test("the largest order the rules allow is booked without overflow")
    func largest() throws {
        var account = PositionAccount()
        let (lots, ticks) = (OrderRules.maximumLots, OrderRules.maximumTicks)
        account.book(try fill(.buy, lots, at: ticks), doubleMid: nil, unit: unit, otherFeePrice: nil)
        account.book(try fill(.sell, lots - 1, at: ticks - 1), doubleMid: nil, unit: unit, otherFeePrice: nil)
        #expect(account.position.lots == 1)
        #expect(account.cost == Int128(ticks))
        #expect(account.realized == -Int128(lots - 1))
    }
}
