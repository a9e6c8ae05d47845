public import TradingCore

/// What the exchange lists and who trades on it. Fixed at its genesis: a journal begun with another one is refused.
public struct SpotConfiguration: Sendable {
    public var listings: [PaperExchangeConfiguration.Listing]
    public var accounts: [SpotAccount]
    /// Listen keys, which Binance has switched off.
    public var servesListenKeys = false

    public init(listings: [PaperExchangeConfiguration.Listing], accounts: [SpotAccount]) {
        self.listings = listings
        self.accounts = accounts
    }

    /// What must not change between two starts on one journal. Keys may: they are how one gets in, not what one owns.
    var fingerprint: String {
        let markets = listings.map { "\($0.instrument.id.symbol) \($0.source.name)" }
        let owners = accounts.map { account in
            let funds = account.funds.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            return "\(account.name): \(funds.joined(separator: ","))"
        }
        return "spot; " + (markets + owners).joined(separator: "; ")
    }

    /// What a fill costs where nothing else is said: Binance's 0.1 %.
    public static let standardFee: FixedDecimal = "0.001"

    /// An instrument with Binance's usual fees.
    static func charged(_ instrument: Instrument) -> Instrument {
        guard instrument.fees == .free, let fees = try? FeeSchedule(maker: standardFee, taker: standardFee) else {
            return instrument
        }
        return instrument.with(fees: fees)
    }
}
