/// Every environment variable that the server reads, declared once: validation and `.env.example` come from here.
public struct ConfigurationKey: Sendable {
    enum Kind: Sendable {
        case text
        case integer(ClosedRange<Int>)
        /// `true` or `false`, in any capitals, and nothing else.
        case boolean
        case url
        /// A decimal above zero.
        case factor
        /// One of these, in any capitals.
        case choice([String])
    }

    public let name: String
    /// An older spelling, still read.
    let alias: String?
    let kind: Kind
    let defaultValue: String?
    let isSecret: Bool
    let note: String

    private init(
        _ name: String, _ kind: Kind = .text, or defaultValue: String? = nil, alias: String? = nil,
        isSecret: Bool = false, note: String
    ) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.alias = alias
        self.isSecret = isSecret
        self.note = note
    }

    public static let all: [ConfigurationKey] = server + secrets + mixin + features + web3 + hufi + exchanges + sidecar

    private static let server = [
        ConfigurationKey("HOST", .text, or: "127.0.0.1", note: "Address to listen on."),
        ConfigurationKey("PORT", .integer(0...65_535), or: "3000", note: "Port to listen on; 0 takes any free one."),
        ConfigurationKey(
            "WS_PORT", .integer(0...65_535), note: "A port of its own for Socket.IO; empty is the HTTP port."),
        ConfigurationKey(
            "DATABASE_PATH", .text, or: "data/mr_market.db", note: "The SQLite file; its folder holds secrets too."),
        ConfigurationKey(
            "DATABASE_URL", isSecret: true,
            note:
                "postgres://user:password@host:port/database, shared by several servers, of which one trades; empty keeps everything in DATABASE_PATH."
        ),
        ConfigurationKey(
            "NODE_NAME", .text, or: "local",
            note: "Tells one server on a shared database from another; the same at every start of one."),
        ConfigurationKey(
            "LOG_LEVEL", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]), or: "info",
            note: "trace, debug, info, notice, warning, error or critical."),
        ConfigurationKey(
            "THROTTLE_LIMIT", .integer(1...1_000_000), or: "60", note: "Requests a minute, each client address."),
        ConfigurationKey(
            "THROTTLE_LOGIN_LIMIT", .integer(1...1_000_000), or: "5", note: "Logins a minute, each client address."),
        ConfigurationKey(
            "SAGA_RETENTION_DAYS", .integer(1...36_500), or: "90",
            note: "Days that finished business processes stay, with their history."),
        ConfigurationKey(
            "RECEIPT_RETENTION_DAYS", .integer(1...36_500), or: "365",
            note: "Days that receipts of what has been done stay; no fewer than SAGA_RETENTION_DAYS."),
        ConfigurationKey("REDIS_HOST", .text, or: "localhost", note: "Redis, between nodes."),
        ConfigurationKey("REDIS_PORT", .integer(1...65_535), or: "6379", note: "Its port."),
        ConfigurationKey("NODE_ENV", .text, note: "Taken from the original's files, not used."),
    ]

    private static let secrets = [
        ConfigurationKey(
            "ADMIN_PASSWORD", isSecret: true, note: "Empty: made at the first start and kept beside the database."),
        ConfigurationKey(
            "JWT_SECRET", isSecret: true, note: "Empty: made at the first start and kept beside the database."),
        ConfigurationKey(
            "ENCRYPTION_PRIVATE_KEY", isSecret: true,
            note: "Base64 of 32 bytes. Empty: made at the first start and kept beside the database."),
    ]

    private static let mixin = [
        ConfigurationKey("MIXIN_APP_ID", note: "Mixin bot: all four of these, or none."),
        ConfigurationKey("MIXIN_SESSION_ID", note: "Mixin bot."),
        ConfigurationKey("MIXIN_SERVER_PUBLIC_KEY", note: "Mixin bot."),
        ConfigurationKey("MIXIN_SESSION_PRIVATE_KEY", isSecret: true, note: "Mixin bot."),
        ConfigurationKey("MIXIN_SPEND_PRIVATE_KEY", isSecret: true, note: "Signs transfers."),
        ConfigurationKey("MIXIN_OAUTH_SECRET", isSecret: true, note: "OAuth."),
        ConfigurationKey("MIXIN_GROUP_WEBHOOK_URL", .url, isSecret: true, note: "Alerts to a Mixin group."),
        ConfigurationKey("DISCORD_LOG_WEBHOOK_URL", .url, isSecret: true, note: "Alerts to Discord."),
        ConfigurationKey("COINGECKO_API_KEY", isSecret: true, note: "CoinGecko."),
    ]

    private static let features = [
        ConfigurationKey(
            "RUN_STRATEGY_FOR_MIXIN_ORDERS", .boolean, or: "false", alias: "RUN_STARTEGY_FOR_MIXIN_ORDERS",
            note: "Start and stop strategies of paid orders."),
        ConfigurationKey("RUN_MIXIN_SNAPSHOTS", .boolean, or: "false", note: "Poll Mixin for payments."),
        ConfigurationKey(
            "RUN_MIXIN_WITHDRAWAL_CONFIRMATION", .boolean, or: "false", note: "Follow withdrawals to their end."),
    ]

    private static let web3 =
        ["MAINNET", "SEPOLIA", "POLYGON", "POLYGON_AMOY", "BSC_MAINNET", "BSC_TESTNET"].map {
            ConfigurationKey("WEB3_\($0)_RPC_URL", .url, isSecret: true, note: "JSON-RPC of a chain.")
        } + [
            ConfigurationKey("WEB3_PRIVATE_KEY", isSecret: true, note: "Signs transactions on every chain."),
            ConfigurationKey("WEB3_GAS_MULTIPLIER", .factor, or: "1", note: "Factor on the gas price."),
        ]

    private static let hufi = [
        ConfigurationKey("HUFI_CAMPAIGN_LAUNCHER_API_URL", .url, or: "https://cl.hu.finance", note: "HuFi campaigns."),
        ConfigurationKey("HUFI_RECORDING_ORACLE_API_URL", .url, or: "https://ro.hu.finance", note: "HuFi results."),
    ]

    /// Exchanges whose keys the environment may give.
    public static let exchangeNames = [
        "OKX", "BITFINEX", "GATE", "MEXC", "BINANCE", "KUCOIN", "BYBIT", "LBANK", "BITMART", "BIGONE", "P2B", "PROBIT",
        "DIGIFINEX",
    ]

    private static let exchanges: [ConfigurationKey] =
        exchangeNames.flatMap { exchange in
            ["", "_2", "_READ_ONLY"].flatMap { account in
                [
                    ConfigurationKey("\(exchange)_API_KEY\(account)", isSecret: true, note: "API key."),
                    ConfigurationKey("\(exchange)_SECRET\(account)", isSecret: true, note: "Its secret."),
                    ConfigurationKey(
                        "\(exchange)_PASSPHRASE\(account)", isSecret: true,
                        note: "Its passphrase, where the exchange has one."),
                    ConfigurationKey(
                        "\(exchange)_UID\(account)", isSecret: true, note: "Its user id, where the exchange has one."),
                ]
            }
        } + [
            ConfigurationKey(
                "TRANSFER_NETWORKS",
                note: "What may be deposited and withdrawn, exchange:ASSET:NETWORK,…; empty: nothing."),
            ConfigurationKey("ALPACA_KEY", isSecret: true, note: "API key."),
            ConfigurationKey("ALPACA_SECRET", isSecret: true, note: "Its secret."),
        ]

    private static let sidecar = [
        ConfigurationKey(
            "CCXT_SIDECAR_VENV", .text, or: ".build/sidecar",
            note: "Python environment of the sidecar, made by Scripts/setup-sidecar.sh; without it only own connectors."
        ),
        ConfigurationKey("CCXT_SIDECAR_CODE", .text, or: "Sidecar", note: "The sidecar's own code."),
    ]

    /// The text of `.env.example`.
    public static var exampleFile: String {
        "# Every setting of the server. Copy to .env; the environment's own values win. Empty means not set.\n\n"
            + all.map { key in
                "# \(key.note)\(key.alias.map { " Also read as \($0)." } ?? "")\n\(key.name)=\(key.defaultValue ?? "")\n"
            }.joined()
    }
}
