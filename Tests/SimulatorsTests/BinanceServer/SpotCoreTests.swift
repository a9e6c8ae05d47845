import Execution
import Scheduling
import Testing
import TradingCore

@testable import Simulators

@Suite("The exchange's deciding part")
struct SpotCoreTests {
    static let start = Timestamp(nanoseconds: 1_700_000_000_000_000_000)

    private func core(_ configuration: SpotConfiguration? = nil) throws -> SpotCore {
        let core = try SpotCore(try configuration ?? FixedMarket.configuration(), genesis: Self.start, depthStart: 1)
        try core.advance(to: Self.start)
        core.isWatched = true
        return core
    }

    private func ticket(_ text: String) throws -> OrderTicket {
        var reader = ParameterReader(try RequestText(query: text, body: "").parameters)
        return try OrderTicket(&reader)
    }

    private func place(_ core: SpotCore, _ account: String, _ text: String, id: String = "x") throws -> SpotOutcome {
        core.perform(.place(.init(account: account, symbol: "BTCUSDT", ticket: try ticket(text), clientID: id)))
    }

    private func code(_ outcome: SpotOutcome) -> Int? {
        if case .refused(let error) = outcome { error.code } else { nil }
    }

    private func held(_ core: SpotCore, _ account: String) -> [String] {
        ["BTC", "USDT"].map {
            let balance = core.balance(account, AssetID($0))
            return "\(balance.free)+\(balance.locked)"
        }
    }

    @Test("Accounts trade with each other, each told in Binance's order")
    func meet() throws {
        let core = try core()
        _ = try place(core, "alice", "side=SELL&type=LIMIT_MAKER&quantity=1&price=60000", id: "ask")
        #expect(held(core, "alice") == ["9+1", "1000000+0"])
        guard
            case .placed(let order, let fills) = try place(
                core, "bob", "side=BUY&type=LIMIT&timeInForce=GTC&quantity=1.5&price=60000", id: "bid")
        else {
            Issue.record("refused")
            return
        }
        #expect(order.status == .partlyFilled && order.executed == 100_000_000)
        #expect(fills.map(\.commission) == ["0.001"])
        #expect(held(core, "alice") == ["9+0", "1059940+0"])
        #expect(held(core, "bob") == ["10.999+0", "910000+30000"])
        let told = core.events.map { event in
            switch event.body {
            case .order(let order, let done): "\(event.account) \(order.clientID) \(done.kind) \(order.status)"
            case .balances: "\(event.account) balances"
            case .transfer: "\(event.account) transfer"
            }
        }
        #expect(
            told == [
                "alice ask new new", "alice balances", "bob bid new new", "bob bid trade partlyFilled",
                "alice ask trade filled", "bob balances", "alice balances",
            ])
        let market = try core.market("BTCUSDT")
        #expect(market.tape.trades.map(\.quantity.lots) == [100_000_000])
        #expect(market.tape.trades.map(\.isBuyerMaker) == [false])
    }

    @Test(
        "What is refused, and by which code",
        arguments: [
            ("side=BUY&type=LIMIT_MAKER&quantity=1&price=60010", -2010),
            ("side=SELL&type=LIMIT&timeInForce=GTC&quantity=11&price=61000", -2010),
            ("side=BUY&type=LIMIT&timeInForce=GTC&quantity=20&price=59000", -2010),
            ("side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=59000.001", -1013),
            ("side=BUY&type=MARKET&quoteOrderQty=1", -1013), ("side=SELL&type=MARKET&quantity=0.00001", nil),
            ("side=SELL&type=MARKET&quantity=10.5", -2010),
        ])
    func refused(text: String, code: Int?) throws {
        let core = try core()
        // Without a trade there is no average price that a market order's value could be reckoned with.
        #expect(self.code(try place(core, "alice", text)) == code)
        if code != nil {
            #expect(held(core, "alice") == ["10+0", "1000000+0"])
            #expect(core.events.isEmpty)
        }
    }

    @Test("An id is free again when its order has ended")
    func clientIDs() throws {
        let core = try core()
        let text = "side=BUY&type=LIMIT_MAKER&quantity=1&price=59000"
        _ = try place(core, "alice", text, id: "same")
        #expect(code(try place(core, "alice", text, id: "same")) == -2010)
        #expect(code(try place(core, "bob", text, id: "same")) == nil)
        let target = SpotCommand.Target(account: "alice", symbol: "BTCUSDT", orderID: nil, clientID: "same")
        #expect(code(core.perform(.cancel(.init(target: target, clientID: "c")))) == nil)
        #expect(code(core.perform(.cancel(.init(target: target, clientID: "c")))) == -2011)
        #expect(code(try place(core, "alice", text, id: "same")) == nil)
        #expect(core.records.find(target)?.id == 3)
    }

    @Test("An order of value buys whole steps worth at most that")
    func byValue() throws {
        let core = try core()
        guard case .placed(let order, _) = try place(core, "alice", "side=BUY&type=MARKET&quoteOrderQty=150000") else {
            Issue.record("refused")
            return
        }
        #expect(order.status == .filled && order.lots % 1_000 == 0)
        #expect(order.value <= "150000" && order.value > "149999.3")
    }

    @Test(
        "Nobody trades with himself unless he wants to",
        arguments: [
            ("NONE", "FILLED", "FILLED"), ("EXPIRE_TAKER", "NEW", "EXPIRED_IN_MATCH"),
            ("EXPIRE_MAKER", "EXPIRED_IN_MATCH", "NEW"), ("EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH"),
            ("DECREMENT", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH"),
        ])
    func prevention(mode: String, maker: String, taker: String) throws {
        let core = try core()
        _ = try place(core, "alice", "side=SELL&type=LIMIT_MAKER&quantity=1&price=60000", id: "maker")
        _ = try place(
            core, "alice",
            "side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=60000&selfTradePreventionMode=\(mode)", id: "taker")
        #expect(core.records[1]?.status.rawValue == maker)
        #expect(core.records[2]?.status.rawValue == taker)
    }

    @Test("An FOK that cannot fill whole fills nothing; an IOC what it can", arguments: [("FOK", "0"), ("IOC", "2")])
    func forces(force: String, filled: String) throws {
        let core = try core()
        guard
            case .placed(let order, _) = try place(
                core, "alice", "side=BUY&type=LIMIT&timeInForce=\(force)&quantity=3&price=60010")
        else {
            Issue.record("refused")
            return
        }
        #expect(order.status == .expired)
        #expect(try core.market("BTCUSDT").amount(order.executed).description == filled)
        #expect(core.balance("alice", "USDT").locked.isZero)
    }

    @Test("Cancel and replace: both, none, half")
    func replace() throws {
        let core = try core()
        let text = "side=BUY&type=LIMIT_MAKER&quantity=1&price=59000"
        _ = try place(core, "alice", text, id: "old")
        func replace(_ old: String, _ new: String, requires: Bool, text: String = text) throws -> (Bool, Bool?) {
            let cancel = SpotCommand.Cancel(
                target: .init(account: "alice", symbol: "BTCUSDT", orderID: nil, clientID: old), clientID: "c")
            let place = SpotCommand.Place(
                account: "alice", symbol: "BTCUSDT", ticket: try ticket(text), clientID: new)
            guard
                case .replaced(let cancelled, let placed) = core.perform(
                    .replace(cancel, place, requiresCancel: requires))
            else { return (false, false) }
            return ((try? cancelled.get()) != nil, placed.map { (try? $0.get()) != nil })
        }
        #expect(try replace("old", "new", requires: true) == (true, true))
        #expect(try replace("old", "newer", requires: true) == (false, nil))
        #expect(try replace("old", "newer", requires: false) == (false, true))
        #expect(
            try replace("newer", "bad", requires: true, text: "side=BUY&type=LIMIT_MAKER&quantity=1&price=61000")
                == (true, false))
        #expect(core.records.open(.init(account: "alice", symbol: "BTCUSDT")).map(\.clientID) == ["new"])
    }

    // MARK: - Properties

    /// Whatever accounts do, nothing is made or lost, orders and fills agree, and the same commands give the same again, also
    /// when the exchange was stored and restored in between.
    @Test("Books add up and repeat exactly", arguments: 1...12)
    func addsUp(seed: UInt64) throws {
        let configuration = SpotConfiguration(
            listings: PaperExchangeConfiguration.generated(seed: seed).listings,
            accounts: try FixedMarket.configuration().accounts)
        let first = try core(configuration)
        var second = try core(configuration)
        let totals = first.balances.assets.map { total(first, $0) }
        var random = SplitMix64(seed: seed)
        for step in 0..<300 {
            let time = first.now.advanced(byNanoseconds: Int64(random.below(200)) * 1_000_000)
            try first.advance(to: time)
            try second.advance(to: time)
            if step % 50 == 49 { second = try restored(second, configuration) }
            guard let command = try command(first, &random, step) else { continue }
            _ = first.perform(command)
            _ = second.perform(command)
        }
        #expect(first.balances.assets.map { total(first, $0) } == totals, "seed \(seed)")
        for account in ["alice", "bob"] {
            #expect(held(first, account) == held(second, account), "seed \(seed)")
            let owner = OrderRecords.Owner(account: account, symbol: "BTCUSDT")
            #expect(first.records.all(owner) == second.records.all(owner), "seed \(seed)")
            #expect(first.records.fills[owner] == second.records.fills[owner], "seed \(seed)")
            for order in first.records.all(owner) {
                let fills = (first.records.fills[owner] ?? []).filter { $0.orderID == order.id }
                #expect(fills.reduce(0) { $0 + $1.lots } == order.executed)
                #expect(order.executed <= order.lots)
            }
            // What is locked is what open orders may still need.
            var (base, quote): (Int128, Int128) = (0, 0)
            for order in first.records.open(owner) {
                if order.side == .sell { base += Int128(order.remaining) * 10_000_000_000 }
                if order.side == .buy, let price = order.ticket.price {
                    quote += price.raw / 100_000_000 * Int128(order.remaining)
                }
            }
            #expect(first.balance(account, "BTC").locked.raw == base, "seed \(seed)")
            #expect(first.balance(account, "USDT").locked.raw == quote, "seed \(seed)")
        }
    }

    private func total(_ core: SpotCore, _ asset: AssetID) -> FixedDecimal? {
        core.balances.index(of: asset).map { core.balances.total($0) }
    }

    private func restored(_ core: SpotCore, _ configuration: SpotConfiguration) throws -> SpotCore {
        let owners = ["alice", "bob"].map { OrderRecords.Owner(account: $0, symbol: "BTCUSDT") }
        let stored = SpotJournal.Recovered(
            genesis: Self.start, state: core.state, commands: [], orders: owners.flatMap { core.records.all($0) },
            fills: owners.flatMap { core.records.fills[$0] ?? [] },
            candles: ["BTCUSDT": try core.market("BTCUSDT").candles.minutes])
        return try SpotCore(configuration, genesis: Self.start, restoring: stored, depthStart: 1)
    }

    private func command(_ core: SpotCore, _ random: inout SplitMix64, _ step: Int) throws -> SpotCommand? {
        let account = random.below(2) == 0 ? "alice" : "bob"
        let market = try core.market("BTCUSDT")
        guard let bid = market.best(.buy)?.price.ticks else { return nil }
        let open = core.records.open(.init(account: account, symbol: "BTCUSDT"))
        switch random.below(10) {
        case 0...1:
            guard let order = open.first else { return nil }
            return .cancel(
                .init(
                    target: .init(account: account, symbol: "BTCUSDT", orderID: order.id, clientID: nil),
                    clientID: "c\(step)"))
        case 2: return .cancelAll(account: account, symbol: "BTCUSDT", seed: random.next())
        case 3:
            guard let order = open.first else { return nil }
            return .fill(account: account, orderID: order.id, percent: Int64(random.below(100)) + 1)
        case 4:
            guard let order = open.last else { return nil }
            return .amend(
                .init(account: account, symbol: "BTCUSDT", orderID: order.id, clientID: nil),
                quantity: market.amount(order.lots / 2_000 * 1_000), clientID: nil)
        default:
            let side = random.below(2) == 0 ? "BUY" : "SELL"
            let price = market.decimal(bid + Int64(random.below(400)) - 200)
            let quantity = market.amount(Int64(random.below(50) + 1) * 100_000)
            let modes = OrderTicket.Prevention.allCases
            let mode = modes[Int(random.below(UInt64(modes.count)))].rawValue
            let shapes = [
                "type=LIMIT&timeInForce=GTC&price=\(price)&quantity=\(quantity)",
                "type=LIMIT&timeInForce=IOC&price=\(price)&quantity=\(quantity)",
                "type=LIMIT&timeInForce=FOK&price=\(price)&quantity=\(quantity)",
                "type=LIMIT_MAKER&price=\(price)&quantity=\(quantity)", "type=MARKET&quantity=\(quantity)",
                "type=MARKET&quoteOrderQty=\(random.below(5_000) + 10)",
            ]
            let shape = shapes[Int(random.below(UInt64(shapes.count)))]
            return .place(
                .init(
                    account: account, symbol: "BTCUSDT",
                    ticket: try ticket("side=\(side)&\(shape)&selfTradePreventionMode=\(mode)"), clientID: "o\(step)"))
        }
    }
}
