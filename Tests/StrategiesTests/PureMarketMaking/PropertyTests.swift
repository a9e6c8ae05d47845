import Scheduling
import Strategies
import Testing
import TradingCore

/// Random instruments, parameters, books, funds, orders and fills, with the extremes of each among them.
@Suite("Properties")
struct PropertyTests {
    @Test("whatever is quoted is acceptable, affordable, apart and the same again", arguments: 0..<24)
    func invariants(index: Int) throws {
        let seed = UInt64(50_000 + index)
        var random = SplitMix64(seed: seed)
        var quoteCount = 0
        for _ in 0..<12 {
            guard let desk = try desk(&random) else { continue }
            var time: Int64 = 0
            for _ in 0..<8 {
                // The highest book takes a large index: rarely.
                try shake(desk, isHighest: index == 0 && time == 0, &random)
                time += Int64(random.below(1500))
                _ = desk.strategy.wantsDecision(desk.book, now: .milliseconds(time))
                var twin = desk.strategy
                let decision = desk.decide(at: time)
                var again = WantedQuotes()
                let repeated = twin.decide(desk.book, desk.situation, into: &again)
                #expect(repeated == decision, "seed \(seed)")
                #expect(again.quotes == desk.wanted.quotes && again.hanging == desk.wanted.hanging, "seed \(seed)")
                #expect(decision.next > desk.situation.now, "seed \(seed)")
                let fault = try fault(desk)
                #expect(fault == nil, "seed \(seed)")
                quoteCount += desk.wanted.quotes.count
                if case .hold = decision { desk.wanted.removeAll() }
                try desk.restWanted()
                if random.below(3) == 0, let order = desk.situation.ownOrders.randomElement(using: &random) {
                    try desk.fill(order.id)
                }
            }
        }
        #expect(quoteCount > 0, "seed \(seed) proves nothing")
    }

    /// What is wrong with the wanted quotes; nil when nothing is.
    private func fault(_ desk: Desk) throws -> String? {
        let rules = try OrderRules(desk.instrument)
        let unit = desk.instrument.unit
        let own = desk.situation.bookShowsOwnOrders ? desk.situation.ownOrders : []
        let market = ForeignTouch(desk.book, without: own, minimumLots: 1)
        var (base, quote) = (Int128(0), Int128(0))
        for order in desk.situation.ownOrders where desk.wanted.hanging.contains(order.id) {
            if order.side == .buy {
                quote += unit.notional(order.price, order.remaining).raw
            } else {
                base += unit.decimal(order.remaining).raw
            }
        }
        let isNothingNew = desk.wanted.quotes.isEmpty
        for side in Side.allCases {
            let quotes = desk.wanted.quotes.filter { $0.side == side }
            for (inner, outer) in zip(quotes, quotes.dropFirst())
            where !side.isBetter(inner.price, than: outer.price) || inner.level >= outer.level {
                return
                    "\(side) levels \(inner.level) and \(outer.level) at \(inner.price.ticks) and \(outer.price.ticks)"
            }
            for item in quotes {
                if let violation = rules.violation(side: side, price: item.price, quantity: item.quantity, average: nil)
                {
                    return "\(item) breaks \(violation)"
                }
                let other = side == .buy ? market.ask?.price : market.bid?.price
                if item.isPostOnly, let other, side.crosses(item.price, other) {
                    return "\(item) touches \(other.ticks)"
                }
                if side == .buy {
                    quote += unit.notional(item.price, item.quantity).raw
                } else {
                    base += unit.decimal(item.quantity).raw
                }
            }
        }
        if !isNothingNew,
            quote > max(0, desk.situation.quote.raw) && desk.wanted.quotes.contains(where: { $0.side == .buy })
        {
            return "buys cost \(FixedDecimal(raw: quote)) of \(desk.situation.quote)"
        }
        if !isNothingNew,
            base > max(0, desk.situation.base.raw) && desk.wanted.quotes.contains(where: { $0.side == .sell })
        {
            return "sells take \(FixedDecimal(raw: base)) of \(desk.situation.base)"
        }
        let hanging = desk.situation.ownOrders.filter { desk.wanted.hanging.contains($0.id) }
        let bids = desk.wanted.quotes.filter { $0.side == .buy }.map(\.price)
        let asks = desk.wanted.quotes.filter { $0.side == .sell }.map(\.price)
        let allBids = bids + hanging.filter { $0.side == .buy }.map(\.price)
        let allAsks = asks + hanging.filter { $0.side == .sell }.map(\.price)
        if let bid = bids.max(), let ask = allAsks.min(), bid >= ask {
            return "bid \(bid.ticks) at or above ask \(ask.ticks)"
        }
        if let bid = allBids.max(), let ask = asks.min(), bid >= ask {
            return "bid \(bid.ticks) at or above ask \(ask.ticks)"
        }
        return nil
    }

    // MARK: - Chance

    private func desk(_ random: inout SplitMix64) throws -> Desk? {
        let instrument = try instrument(&random)
        var changes: [String: Value?] = [:]
        func choose(_ field: String, _ values: [String]) {
            let value = values[Int(random.below(UInt64(values.count)))]
            if !value.isEmpty { changes[field] = .string(value) }
        }
        changes["bidSpread"] = .some(nil)
        changes["askSpread"] = .some(nil)
        for side in ["bid", "ask"] {
            if random.below(3) == 0 {
                choose(side + "SpreadTicks", ["1", "2", "50", "1000000000"])
            } else {
                choose(side + "Spread", ["0.000000000001", "0.0001", "0.0013", "0.02", "0.09", "0.5", "0.999"])
            }
        }
        choose("allowWideSpreads", ["true"])
        choose("numberOfLayers", ["1", "2", "5", "50"])
        choose("orderAmount", ["0.01", "1", "3.777", "1000000", "1000000000000"])
        choose("amountChangePerLayer", ["", "0.3", "-0.0001", "10", "50"])
        choose("amountChangeType", ["", "percentage"])
        choose("priceSourceType", PureMarketMakingParameters.PriceSource.allCases.map(\.rawValue))
        choose("ceilingPrice", ["", "", "0", "0.001", "100", "1000000000000"])
        choose("postOnly", ["true", "true", "false"])
        choose("minimumSpread", ["", "0.01", "1"])
        if changes["minimumSpread"] == nil { choose("minimumSpreadTicks", ["", "7", "1000000000"]) }
        choose("fillDelay", ["", "500", "86400000"])
        choose("hangingOrders", ["true", "false"])
        choose("hangingOrdersCancelDistance", ["", "0", "1"])
        choose("inventoryTarget", ["0", "0.5", "1"])
        choose("inventorySkew", ["", "0.003", "0.5"])
        choose("inventorySizeSkew", ["", "0.4", "1"])
        choose("shortFunds", ["shrink", "drop"])
        choose("minimumDepth", ["", "0.1", "1000000000000"])
        choose("requoteMove", ["", "0.000000000001", "0.01", "1"])
        choose("oracleExchangeName", ["", "", "okx"])
        choose("maximumExternalDistance", ["", "0", "1"])
        choose("suddenMove", ["", "", "0.000000000001", "0.5"])
        choose("maximumOrderAge", ["", "10", "5000"])
        guard refusals(changes).isEmpty else { return nil }
        do throws(ParameterErrors) {
            _ = try PureMarketMaking(read(document(changes)), instrument: instrument)
        } catch { return nil }
        let desk = try Desk(changes, on: instrument)
        desk.situation.bookShowsOwnOrders = random.below(2) == 0
        return desk
    }

    private func instrument(_ random: inout SplitMix64) throws -> Instrument {
        let steps: [FixedDecimal] = ["0.01", "0.5", "1", "0.00000001", "100"]
        let tick = steps[Int(random.below(5))]
        let lot = steps[Int(random.below(4))]
        let digits = random.below(3) == 0
        let (low, high, most) = (random.below(3) == 0, random.below(3) == 0, random.below(3) == 0)
        return try .test(tick: tick, lot: lot, rounding: digits ? .significantDigits(5) : nil) {
            if low {
                $0.minimumQuantity = lot
                $0.minimumNotional = "5"
            }
            if high { $0.maximumNotional = "100000" }
            if most { $0.maximumQuantity = "2000000" }
        }
    }

    /// Another book, other funds, another outside world.
    private func shake(_ desk: Desk, isHighest: Bool, _ random: inout SplitMix64) throws {
        desk.book.removeAll()
        let heights: [Int64] = [1, 2, 100, 9_999, 123_456, 999_999, BookSide.maximumTicks - 20]
        let middle = heights[Int(random.below(isHighest ? 7 : 6))]
        let sizes: [Int64] = [1, 5, 1_000, 1_000_000_000, .max / 2, .max]
        let overlap = random.below(5) == 0 ? Int64(random.below(4)) : 0
        for side in Side.allCases where random.below(6) > 0 {
            for _ in 0..<random.below(5) {
                let away = 1 + Int64(random.below(10)) - overlap
                let ticks = min(BookSide.maximumTicks, max(1, middle - side.sign * away))
                desk.book.set(side, ticks: ticks, lots: sizes[Int(random.below(UInt64(sizes.count)))])
            }
        }
        let funds: [FixedDecimal] = ["0", "0.5", "1000", "123456789.123", "1000000000000000000", "-1"]
        desk.situation.base = funds[Int(random.below(6))]
        desk.situation.quote = funds[Int(random.below(6))]
        let trades: [Int64?] = [nil, 1, 10_000, middle, 1 << 40, .max, 0]
        desk.situation.lastTradePrice = trades[Int(random.below(7))].map { Price(ticks: $0) }
        let outside: [FixedDecimal] = ["0", "-5", "100", "0.000000000000000001", "170141183460469231731"]
        let unit = desk.instrument.unit.decimal(Price(ticks: middle))
        desk.situation.externalPrice =
            switch random.below(3) {
            case 0: nil
            case 1: ExternalPrice(price: unit, receivedAt: desk.situation.now)
            default: ExternalPrice(price: outside[Int(random.below(5))], receivedAt: desk.situation.now)
            }
    }
}
