public import Exchanges
public import TradingCore

/// The exchanges that are spoken natively, by name.
public enum NativeExchange: String, CaseIterable, Sendable {
    case binance, bitfinex, bybit, gate, kucoin, mexc, okx

    public var id: ExchangeID { ExchangeID(rawValue: rawValue) }

    /// Its language as these settings want it.
    /// - Throws: field, value and rule of what cannot be.
    public static func dialect(_ settings: ExchangeAccountSettings) throws(SettingsFault) -> any ExchangeDialect {
        guard let exchange = NativeExchange(rawValue: settings.exchange.rawValue) else {
            let names = allCases.map(\.rawValue).joined(separator: ", ")
            throw SettingsFault("exchange \(settings.exchange): must be one of \(names)")
        }
        var dialect = exchange.dialect(settings)
        switch settings.environment {
        case .production: break
        case .testnet:
            guard let hosts = exchange.testHosts else {
                throw SettingsFault("environment testnet: must be production or addresses, as \(dialect.name) has none")
            }
            dialect.hosts = hosts
        case .custom(let addresses): dialect.hosts = try dialect.hosts.moved(to: addresses)
        }
        try check(settings, dialect)
        return dialect
    }

    private func dialect(_ settings: ExchangeAccountSettings) -> any ExchangeDialect {
        let isArmed = settings.deadMansSwitchSeconds != nil
        switch self {
        case .binance: return BinanceDialect()
        case .bitfinex: return BitfinexDialect(options: .init(cancelsOnDisconnect: isArmed))
        case .bybit: return BybitDialect(protectsDisconnection: isArmed)
        case .gate: return GateDialect(refusesLateOrders: true)
        case .kucoin: return KuCoinDialect(trading: .highFrequency(isSynchronous: false))
        case .mexc: return MEXCDialect(options: .init(receiveWindow: settings.receiveWindow))
        case .okx: return OKXDialect()
        }
    }

    private var testHosts: ExchangeHosts? {
        switch self {
        case .binance: BinanceDialect.hosts(of: .testnet)
        case .bybit: BybitDialect.testHosts
        case .okx: OKXDialect.demoHosts
        case .bitfinex, .gate, .kucoin, .mexc: nil
        }
    }

    private static func check(
        _ settings: ExchangeAccountSettings, _ dialect: any ExchangeDialect
    ) throws(SettingsFault) {
        let credentials = settings.credentials
        if settings.label.isEmpty || settings.label.contains("/") {
            throw SettingsFault("label \(settings.label): must be a name without a slash")
        }
        if credentials.apiKey.isEmpty { throw SettingsFault("apiKey: must not be empty") }
        if credentials.secret.isEmpty { throw SettingsFault("secret: must not be empty") }
        if ["okx", "kucoin"].contains(dialect.id.rawValue), credentials.passphrase?.isEmpty ?? true {
            throw SettingsFault("passphrase: must be given for \(dialect.name)")
        }
        guard (1...60_000).contains(settings.receiveWindow) else {
            throw SettingsFault("receiveWindow \(settings.receiveWindow): must be 1 to 60000 milliseconds")
        }
        guard let seconds = settings.deadMansSwitchSeconds else { return }
        if let range = dialect.abilities.deadMansSwitch ?? dialect.abilities.disconnectionWindow {
            guard range.contains(seconds) else {
                throw SettingsFault(
                    "deadMansSwitchSeconds \(seconds): must be \(range.lowerBound) to \(range.upperBound) for "
                        + dialect.name)
            }
        } else if !dialect.abilities.cancelsOnDisconnect {
            throw SettingsFault(
                "deadMansSwitchSeconds \(seconds): must be left out, as \(dialect.name) has no dead man's switch")
        }
    }
}

/// Why settings cannot be used: field, value and rule.
public struct SettingsFault: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    init(_ description: String) { self.description = description }
}

extension ExchangeHosts {
    /// The same interfaces somewhere else: scheme, host and port are replaced, paths stay.
    func moved(to addresses: ExchangeAccountSettings.BaseAddresses) throws(SettingsFault) -> ExchangeHosts {
        var hosts = self
        let rest = try Self.base(addresses.rest, ["http://", "https://"], "rest address")
        let streams = try Self.base(
            addresses.streams ?? Self.streamAddress(rest), ["ws://", "wss://"], "stream address")
        hosts.rest = rest.isEmpty ? hosts.rest : hosts.rest.mapValues { rest + Self.path($0) }
        hosts.streams = hosts.streams.mapValues { streams + Self.path($0) }
        return hosts
    }

    private static func streamAddress(_ rest: String) -> String {
        rest.hasPrefix("https") ? "wss" + rest.dropFirst(5) : "ws" + rest.dropFirst(4)
    }

    private static func base(
        _ text: String, _ schemes: [String], _ field: String
    ) throws(SettingsFault) -> String {
        var text = text
        while text.hasSuffix("/") { text.removeLast() }
        guard let scheme = schemes.first(where: text.hasPrefix), text.utf8.count > scheme.utf8.count else {
            throw SettingsFault("\(field) \(text.prefix(100)): must begin with \(schemes.joined(separator: " or "))")
        }
        return text
    }

    private static func path(_ url: String) -> String {
        guard let scheme = url.utf8.indices.first(where: { url.utf8[$0...].starts(with: "://".utf8) }) else {
            return ""
        }
        let rest = url[url.utf8.index(scheme, offsetBy: 3)...]
        return rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? ""
    }
}
