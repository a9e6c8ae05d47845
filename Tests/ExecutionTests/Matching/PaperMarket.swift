import TradingCore

@testable import Execution

/// A market of one instrument with three accounts, told what happens in a few words. Ticks are worth 1 USDT and lots are
/// 1 BTC unless the instrument says otherwise, so that amounts can be checked by eye.
final class PaperMarket {
    /// One step of the recorded market: a level's new quantity, a trade by its aggressor, a top.
    enum Step {
        case bid(Int64, Int64)
        case ask(Int64, Int64)
        case bought(Int64, Int64)
        case sold(Int64, Int64)
        case topBid(Int64, Int64)
        case topAsk(Int64, Int64)
        case topCleared
        case gap
        case reset
    }

    static let base = AssetID("BTC")
    static let quote = AssetID("USDT")
    static let third = AssetID("BNB")

    var engine: MatchingEngine
    var balances: PaperBalances
    let alice: AccountID
    let bob: AccountID
    let carol: AccountID
    var now = Timestamp(nanoseconds: 1_000_000_000_000)
    private var lastID: UInt64 = 0

    init(
        rules: TradingRules = TradingRules(priceRounding: .tick("1"), lotSize: "1"), fees: FeeSchedule = .free,
        configuration: MatchingConfiguration = .init(),
        deposits: [AssetID: FixedDecimal] = [base: "1000", quote: "100000"],
        unit: BookUnit? = nil
    ) throws {
        let instrument = Instrument(
            id: InstrumentID(
                exchange: ExchangeID(rawValue: "paper"),
                symbol: Symbol(base: PaperMarket.base, quote: PaperMarket.quote)),
            unit: try unit ?? BookUnit(price: "1", quantity: "1"), rules: rules, fees: fees)
        var balances = PaperBalances(assets: [PaperMarket.base, PaperMarket.quote, PaperMarket.third])
        (alice, bob, carol) = (balances.openAccount(), balances.openAccount(), balances.openAccount())
        for account in [alice, bob, carol] {
            for (asset, amount) in deposits {
                guard let index = balances.index(of: asset) else { continue }
                try balances.deposit(amount, index, to: account)
            }
        }
        engine = try MatchingEngine(instrument: instrument, balances: balances, configuration: configuration)
        self.balances = balances
    }

    // MARK: - The recorded market

    /// One message, `milliseconds` after the one before.
    func feed(after milliseconds: Int64 = 1, _ steps: Step...) {
        feed(after: milliseconds, steps)
    }

    func feed(after milliseconds: Int64 = 1, _ steps: [Step]) {
        now = now.advanced(byNanoseconds: milliseconds * 1_000_000)
        for (index, step) in steps.enumerated() {
            engine.apply(record(step, isLast: index == steps.count - 1), balances: &balances)
        }
    }

    /// A snapshot that opens the market.
    func open(_ steps: Step...) {
        feed(after: 1, [.reset] + steps)
    }

    func record(_ step: Step, isLast: Bool) -> MarketRecord {
        let (kind, side, price, lots): (MarketRecord.Kind, Side, Int64, Int64) =
            switch step {
            case .bid(let price, let lots): (.level, .buy, price, lots)
            case .ask(let price, let lots): (.level, .sell, price, lots)
            case .bought(let price, let lots): (.trade, .buy, price, lots)
            case .sold(let price, let lots): (.trade, .sell, price, lots)
            case .topBid(let price, let lots): (.top, .buy, price, lots)
            case .topAsk(let price, let lots): (.top, .sell, price, lots)
            case .topCleared: (.topCleared, .buy, 0, 0)
            case .gap: (.gap, .buy, 0, 0)
            case .reset: (.reset, .buy, 0, 0)
            }
        return MarketRecord(
            time: now, kind: kind, side: side, price: Price(ticks: price), quantity: Quantity(lots: lots),
            isLast: isLast)
    }

    // MARK: - Orders

    /// A request with the next id.
    func order(
        _ side: Side, _ lots: Int64, at price: Int64 = 0, _ timeInForce: TimeInForce = .goodTillCancelled,
        isPostOnly: Bool = false, prevention: SelfTradePrevention = .expireTaker
    ) -> OrderRequest {
        lastID += 1
        return OrderRequest(
            id: ClientOrderID(rawValue: lastID) ?? ClientOrderIDSource.none, side: side,
            type: price == 0 ? .market : .limit, timeInForce: timeInForce, isPostOnly: isPostOnly,
            price: Price(ticks: price), quantity: Quantity(lots: lots), selfTradePrevention: prevention)
    }

    /// - Returns: what this order led to, in words.
    @discardableResult
    func place(
        _ account: AccountID, _ side: Side, _ lots: Int64, at price: Int64 = 0,
        _ timeInForce: TimeInForce = .goodTillCancelled, isPostOnly: Bool = false,
        prevention: SelfTradePrevention = .expireTaker
    ) -> [String] {
        events()
        let request = order(side, lots, at: price, timeInForce, isPostOnly: isPostOnly, prevention: prevention)
        engine.submit(request, from: account, at: now, balances: &balances)
        return events()
    }

    @discardableResult
    func cancel(_ account: AccountID, _ id: UInt64) -> [String] {
        events()
        engine.cancel(ClientOrderID(rawValue: id) ?? ClientOrderIDSource.none, from: account, balances: &balances)
        return events()
    }

    // MARK: - Looking

    /// What happened since the last look, in words: the order's number first.
    @discardableResult
    func events() -> [String] {
        defer { engine.reports.removeAll() }
        return engine.reports.map { PaperMarket.words($0.event) }
    }

    func fills() -> [Fill] {
        engine.reports.compactMap { if case .filled(let fill) = $0.event { fill } else { nil } }
    }

    /// Lots ahead of an order by its number; nil when it does not rest.
    func ahead(_ account: AccountID, _ id: UInt64) -> Int64? {
        ClientOrderID(rawValue: id).flatMap { engine.volumeAhead(of: $0, account: account)?.lots }
    }

    func balance(_ account: AccountID, _ asset: AssetID) -> String {
        guard let index = balances.index(of: asset) else { return "" }
        let balance = balances.balance(account, index)
        return balance.locked.isZero ? "\(balance.free)" : "\(balance.free) + \(balance.locked)"
    }

    private static func words(_ event: AccountEvent) -> String {
        switch event {
        case .accepted(let id): "\(id) accepted"
        case .rejected(let id, .rule(let rule)): "\(id) rejected \(rule)"
        case .rejected(let id, let reason): "\(id) rejected \(reason)"
        case .filled(let fill): "\(fill.orderID) \(fill.liquidity) \(fill.quantity.lots)@\(fill.price.ticks)"
        case .cancelled(let id): "\(id) cancelled"
        case .cancelRejected(let id, let reason): "\(id) cancelRejected \(reason)"
        case .expired(let id, let reason): "\(id) expired \(reason)"
        case .outcomeUnknown(let id): "\(id) unknown"
        case .notFound(let id): "\(id) notFound"
        case .reappeared(let id): "\(id) reappeared"
        }
    }
}

extension ClientOrderIDSource {
    /// An id that no test uses.
    static var none: ClientOrderID {
        guard let id = ClientOrderID(rawValue: (1 << 45) - 1) else { preconditionFailure("in range") }
        return id
    }
}
