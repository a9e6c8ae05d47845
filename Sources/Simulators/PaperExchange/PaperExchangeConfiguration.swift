public import Execution
public import MarketData
public import TradingCore

/// What a paper exchange trades, for whom, and where its markets come from. Fixed at its genesis: a journal that was begun
/// with another one is refused.
public struct PaperExchangeConfiguration: Sendable {
    public struct Listing: Sendable {
        public var instrument: Instrument
        public var source: Source
        public var matching: MatchingConfiguration

        public init(
            instrument: Instrument, source: Source, matching: MatchingConfiguration = MatchingConfiguration()
        ) {
            self.instrument = instrument
            self.source = source
            self.matching = matching
        }
    }

    public enum Source: Sendable {
        case generated(seed: UInt64, MarketGeneratorConfiguration)
        /// Recorded traffic, `speed` times as fast as it was.
        /// - Parameter name: tells one recording from another, for the journal.
        case recorded(name: String, speed: Double, open: @Sendable () throws -> any MarketSource)
        /// What a real exchange tells while it is heard. Only for the exchange as a server, whose journal keeps what came.
        case live(LiveMarket)

        var name: String {
            switch self {
            case .generated(let seed, _): "generated \(seed)"
            case .recorded(let name, let speed, _): "recorded \(name) at \(speed)"
            case .live(let market): "live \(market.name)"
            }
        }
    }

    public struct Account: Hashable, Sendable {
        public var label: String
        public var funds: [AssetID: FixedDecimal]

        public init(label: String, funds: [AssetID: FixedDecimal]) {
            self.label = label
            self.funds = funds
        }
    }

    public var listings: [Listing]
    public var accounts: [Account]

    public init(listings: [Listing], accounts: [Account]) {
        self.listings = listings
        self.accounts = accounts
    }

    /// What must not change between two starts on one journal.
    var fingerprint: String {
        let markets = listings.map { "\($0.instrument.id.symbol) \($0.source.name)" }
        let owners = accounts.map { account in
            let funds = account.funds.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            return "\(account.label): \(funds.joined(separator: ","))"
        }
        return (markets + owners).joined(separator: "; ")
    }

    /// A generated market for each base asset, priced in USDT, and one rich account.
    /// - Parameter bases: the first is BTC-like; every other one gets a seed of its own.
    public static func generated(
        seed: UInt64, bases: [String] = ["BTC"], accounts: [String] = ["default"]
    ) -> PaperExchangeConfiguration {
        let listings = bases.enumerated().map { number, base in
            Listing(
                instrument: paper(GeneratedMarket.instrument, AssetID(base)),
                source: .generated(seed: seed &+ UInt64(number), .liquid))
        }
        var funds: [AssetID: FixedDecimal] = ["USDT": "1000000"]
        for base in bases { funds[AssetID(base)] = "10" }
        return PaperExchangeConfiguration(
            listings: listings, accounts: accounts.map { Account(label: $0, funds: funds) })
    }

    /// The same rules under the paper exchange's name.
    public static func paper(_ instrument: Instrument, _ base: AssetID? = nil) -> Instrument {
        Instrument(
            id: InstrumentID(
                exchange: PaperExchange.id, symbol: Symbol(base: base ?? instrument.base, quote: instrument.quote)),
            unit: instrument.unit, rules: instrument.rules, fees: instrument.fees)
    }
}
