import ExchangeKeys
import Exchanges
import TradingCore

/// API keys of exchange accounts, by the original's paths. No answer holds a secret, sealed or open (D8).
struct ExchangeKeyRoutes {
    let keys: any ExchangeKeyDesk

    var endpoints: [Endpoint] { stored + asking }

    private static let added: [Parameter] = [
        .body("exchange", .string, "binance, okx, …"),
        .body(
            "exchange_index", isRequired: false, "The account's label. The first is default, then account2, account3"),
        .body("name", .string, "For people"), .body("api_key", .secret),
        .body("api_secret", .secret, "Sealed to the public key of /admin/exchanges/key-pair, as base64"),
        .body("api_passphrase", .secret, isRequired: false, "Where the exchange has one, sealed in the same way"),
        .body("api_uid", .secret, isRequired: false, "Where the exchange has one, sealed in the same way"),
        .body("purpose", .choice(ExchangeKey.Purpose.allCases.map(\.rawValue)), isRequired: false, "trade if absent"),
        .body(
            "allow_withdrawals", .boolean, isRequired: false,
            "Take a trading key although it can withdraw; otherwise it is refused"),
        .body("environment", .choice(["production", "testnet"]), isRequired: false, "production if absent"),
        .body("base_url", isRequired: false, "http or https address that replaces the exchange's own"),
        .body("stream_url", isRequired: false, "ws or wss address, with base_url"),
        .body(
            "dead_mans_switch", .integer(1...86_400), isRequired: false,
            "Seconds. The exchange then cancels everybody's orders of the account when this server falls silent"),
        .body("receive_window", .integer(1...60_000), isRequired: false, "Milliseconds, 10000 if absent"),
        .body("key_id", .integer(0...Int64.max), isRequired: false, "Passed over: a new key gets a new one"),
    ]

    private var stored: [Endpoint] {
        [
            Endpoint(
                .get, "/admin/exchanges/keys", "Stored keys, without their secrets", tag: "exchanges",
                answers: .json(.array(.exchangeKey)), success: "Keys"
            ) { _ in .json(.array(try await keys.list().map(JSONTree.init))) },
            Endpoint(
                .post, "/admin/exchanges/keys", "Store a key, once its exchange has accepted it", tag: "exchanges",
                answers: .json(.exchangeKey),
                parameters: Self.added, takesOnlyParameters: true, success: "The key, its secret masked"
            ) { input in .json(JSONTree(try await keys.add(try Self.newKey(input)))) },
            Endpoint(
                .delete, "/admin/exchanges/keys/:key_id", "Remove a key: its account sends nothing more",
                tag: "exchanges", answers: .nothing,
                parameters: [
                    .path("key_id", .integer(0...Int64.max)),
                    .query(
                        "force", .boolean, isRequired: false,
                        "Also when something trades with it, or nobody else can follow withdrawals; not while one leaves"
                    ),
                ]
            ) { input in
                _ = try await keys.remove(input.integer("key_id") ?? 0, force: input.text("force") == "true")
                return .empty
            },
        ]
    }

    private var asking: [Endpoint] {
        [
            Endpoint(
                .get, "/admin/exchanges/key-pair", "The public key to seal secrets to", tag: "exchanges",
                answers: .json(.publicKey),
                success: "base64 of 32 bytes"
            ) { _ in .json(.object(["publicKey": .string(await keys.publicKey())])) },
            Endpoint(
                .post, "/admin/exchanges/keys/:key_id/check", "Ask the exchange about a stored key again",
                tag: "exchanges", answers: .json(.exchangeKey), parameters: [.path("key_id", .integer(0...Int64.max))],
                status: 200,
                success: "The key as it stands; what is wrong is in fault"
            ) { input in .json(JSONTree(try await keys.check(input.integer("key_id") ?? 0))) },
            Endpoint(
                .get, "/admin/exchanges/readiness", "Whether each account can trade, and why not", tag: "exchanges",
                answers: .json(.array(.accountReadiness)),
                success: "Accounts"
            ) { _ in .json(.array(try await keys.readiness().map(JSONTree.init))) },
            Endpoint(
                .post, "/admin/exchanges/encryption-key/rotate", "Make a new encryption key and seal everything to it",
                tag: "exchanges", answers: .json(.publicKey), status: 200, success: "The new public key"
            ) { _ in .json(.object(["publicKey": .string(try await keys.rotate())])) },
        ]
    }

    // MARK: - Reading

    private static func newKey(_ input: EndpointInput) throws -> NewExchangeKey {
        NewExchangeKey(
            exchange: ExchangeID(rawValue: try input.required("exchange").lowercased()),
            label: input.text("exchange_index"),
            purpose: input.text("purpose").flatMap { ExchangeKey.Purpose(rawValue: $0) } ?? .trade,
            name: try input.required("name"), apiKey: try input.required("api_key"),
            sealed: SealedSecrets(
                secret: try input.required("api_secret"), passphrase: input.text("api_passphrase"),
                uid: input.text("api_uid")),
            connection: KeyConnection(
                environment: try environment(input),
                deadMansSwitchSeconds: input.integer("dead_mans_switch").map { Int($0) },
                receiveWindow: input.integer("receive_window") ?? 10_000),
            mayWithdraw: input.flag("allow_withdrawals"))
    }

    private static func environment(_ input: EndpointInput) throws -> ExchangeAccountSettings.Environment {
        let streams = input.text("stream_url")
        guard let rest = input.text("base_url") else {
            if streams != nil { throw APIError.invalid(["stream_url: must come with base_url"]) }
            return input.text("environment") == "testnet" ? .testnet : .production
        }
        if input.text("environment") == "testnet" {
            throw APIError.invalid(["environment testnet: must be left out where base_url says where the account is"])
        }
        var faults: [String] = []
        if !isAddress(rest, ["http", "https"]) {
            faults.append("base_url: must be an https address, or http on this machine, without a path or a name in it")
        }
        if let streams, !isAddress(streams, ["ws", "wss"]) {
            faults.append("stream_url: must be a wss address, or ws on this machine, without a path or a name in it")
        }
        if !faults.isEmpty { throw APIError.invalid(faults) }
        return .custom(.init(rest: rest, streams: streams))
    }

    /// Scheme, host and port. In the clear only to this machine: signatures and passphrases are in there.
    private static func isAddress(_ text: String, _ schemes: [String]) -> Bool {
        guard let end = text.firstRange(of: "://") else { return false }
        let scheme = String(text[..<end.lowerBound])
        let place = text[end.upperBound...].utf8
        let isPlain =
            !place.isEmpty && place.count <= 255
            && place.allSatisfy { byte in
                (48...57).contains(byte) || (97...122).contains(byte) || (65...90).contains(byte)
                    || [45, 46, 58].contains(byte)
            }
        guard isPlain, schemes.contains(scheme) else { return false }
        let host = text[end.upperBound...].prefix { $0 != ":" }
        return scheme.hasSuffix("s") || host == "127.0.0.1" || host == "localhost"
    }
}

extension EndpointInput {
    /// A declared boolean; false where it did not come.
    func flag(_ name: String) -> Bool {
        if case .bool(let flag)? = body[name] { return flag }
        return text(name) == "true"
    }
}

extension JSONTree {
    /// What a secret looks like in the original's lists.
    private static let masked = JSONTree.string("********")

    init(_ key: ExchangeKeyView) {
        let (environment, rest, streams): (String, String?, String?) =
            switch key.environment {
            case .production: ("production", nil, nil)
            case .testnet: ("testnet", nil, nil)
            case .custom(let addresses): ("custom", addresses.rest, addresses.streams)
            }
        self = .object([
            "key_id": .number(key.id), "exchange": .string("\(key.exchange)"), "exchange_index": .string(key.label),
            "name": .string(key.name), "api_key": .string(key.apiKey), "api_secret": Self.masked,
            "api_passphrase": key.hasPassphrase ? Self.masked : nil, "api_uid": key.hasUID ? Self.masked : nil,
            "purpose": .string(key.purpose.rawValue),
            "permissions": .array(key.permissions.names.map(JSONTree.string)),
            "is_bound_to_addresses": key.permissions.isBoundToAddresses.map(JSONTree.bool),
            "allow_withdrawals": .bool(key.mayWithdraw), "environment": .string(environment),
            "base_url": rest.map(JSONTree.string), "stream_url": streams.map(JSONTree.string),
            "dead_mans_switch": key.deadMansSwitchSeconds.map { .number($0) },
            "checked_at": key.checkedAt.map(JSONTree.time) ?? .null, "fault": key.fault.map(JSONTree.string) ?? .null,
            "fault_causes": .array(key.faultCauses.map { .string($0.rawValue) }),
            "created_at": .time(key.createdAt),
        ])
    }

    init(_ account: AccountReadiness) {
        self = .object([
            "exchange": .string("\(account.exchange)"), "exchange_index": .string(account.label),
            "ready": .bool(account.canTrade), "streaming": .bool(account.isStreaming),
            "can_withdraw": .bool(account.hasWithdrawalKey),
            "faults": .array(account.faults.map(JSONTree.string)),
        ])
    }
}

extension APIError {
    init(_ error: ExchangeKeyError) {
        let text = "\(error)"
        switch error {
        case .invalid(let lines): self = .invalid(lines)
        case .canWithdraw, .cannotTrade: self = .invalid([text])
        case .notOpened(let field):
            self = field == "api_secret" ? .typed(400, text) : .typed(400, "\(field): \(text)")
        case .unsupportedExchange, .refused: self = .typed(400, text)
        case .unreachable: self = .typed(502, text)
        case .labelTaken, .keyTaken, .inUse, .onOtherNetwork, .onOtherAccount, .followsWithdrawals, .signedUnknown,
            .sendsWithdrawal,
            .encryptionKey:
            self = .typed(409, text)
        case .unknownKey: self = .typed(404, text)
        case .storageUnavailable: self = .typed(503, text)
        }
    }
}
