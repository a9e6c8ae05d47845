import Scheduling
import TradingCore

/// Listening to an account: subscriptions on a connection, and listen keys for old clients.
extension SpotExchange {
    func subscribe(_ request: AccountRequest, _ reader: inout ParameterReader) throws(SpotError) -> JSON {
        try reader.finish()
        guard let connection = request.connection else { throw .badCombination }
        return try subscribe(connection, request.account, isSessions: false)
    }

    private func subscribe(
        _ connection: Int, _ account: String, isSessions: Bool
    ) throws(SpotError) -> JSON {
        guard let listener = hub.listeners[connection] else { throw .badCombination }
        guard !listener.accounts.values.contains(account) else {
            throw SpotError(-2035, "User data stream subscription already active.")
        }
        let number = (listener.accounts.keys.max() ?? -1) + 1
        hub.change(connection) {
            $0.accounts[number] = account
            if isSessions { $0.session?.subscription = number }
        }
        return ["subscriptionId": .number(Int64(number))]
    }

    func session(
        _ operation: SpotOperation, _ reader: inout ParameterReader, _ connection: Int?
    ) throws(SpotError) -> JSON {
        guard let connection, let listener = hub.listeners[connection] else { throw .badCombination }
        switch operation {
        case .subscriptions:
            try reader.finish()
            return .list(listener.accounts.keys.sorted().map { ["subscriptionId": .number(Int64($0))] })
        case .unsubscribeAccount:
            let number = try reader.integer("subscriptionId").map { Int(clamping: $0) }
            try reader.finish()
            if let number, listener.accounts[number] == nil {
                throw SpotError(-2036, "User data stream subscription not active.")
            }
            end(number.map { [$0] } ?? listener.accounts.keys.sorted(), of: connection)
            return [:]
        case .subscribeSession:
            try reader.finish()
            guard let session = listener.session else { throw .unknownKey }
            return try subscribe(connection, session.caller.account, isSessions: true)
        case .logout:
            try reader.finish()
            if let number = listener.session?.subscription { end([number], of: connection) }
            hub.change(connection) { $0.session = nil }
            return sessionStatus(connection)
        default:
            try reader.finish()
            return sessionStatus(connection)
        }
    }

    private func end(_ numbers: [Int], of connection: Int) {
        guard let listener = hub.listeners[connection] else { return }
        hub.change(connection) { listener in
            for number in numbers { listener.accounts[number] = nil }
            if let number = listener.session?.subscription, numbers.contains(number) {
                listener.session?.subscription = nil
            }
        }
        let event: JSON = [
            "e": .text("eventStreamTerminated"), "E": SpotRenderer(unit: listener.unit).time(time.now()),
        ]
        for number in numbers where listener.accounts[number] != nil {
            listener.send((["subscriptionId": .number(Int64(number)), "event": event] as JSON).rendered)
        }
    }

    /// Takes a key for the whole connection; a second time, another one instead.
    func logon(_ request: AccountRequest, _ reader: inout ParameterReader) throws(SpotError) -> JSON {
        try reader.finish()
        guard let connection = request.connection else { throw .badCombination }
        guard case .ed25519 = request.key.proof else {
            throw SpotError(-4056, "HMAC_SHA256 API key is not supported.")
        }
        let now = time.now()
        hub.change(connection) { listener in
            listener.session = StreamHub.Session(
                caller: .init(account: request.account, key: request.key), since: now,
                subscription: listener.session?.subscription)
        }
        return sessionStatus(connection)
    }

    private func sessionStatus(_ connection: Int) -> JSON {
        guard let listener = hub.listeners[connection] else { return [:] }
        let renderer = SpotRenderer(unit: listener.unit)
        let session = listener.session
        return [
            "apiKey": session.map { .text($0.caller.key.key) } ?? .null,
            "authorizedSince": session.map { renderer.time($0.since) } ?? .null,
            "connectedSince": renderer.time(listener.connectedSince),
            "returnRateLimits": .bool(listener.returnsLimits), "serverTime": renderer.time(time.now()),
            "userDataStream": .bool(!listener.accounts.isEmpty),
        ]
    }

    func listenKey(
        _ operation: SpotOperation, _ request: AccountRequest, _ reader: inout ParameterReader
    ) throws(SpotError) -> JSON {
        guard configuration.servesListenKeys else { throw .gone }
        let now = time.now()
        if operation == .startListenKey {
            try reader.finish()
            let bytes = random.bytes(48)
            let key = listenKeys.start(request.account, at: now) { Self.listenKey(bytes) }
            return ["listenKey": .text(key)]
        }
        let key = try reader.required("listenKey")
        try reader.finish()
        let isKnown =
            operation == .extendListenKey
            ? listenKeys.extend(key, of: request.account, at: now) : listenKeys.close(key, of: request.account)
        guard isKnown else { throw .badListenKey }
        if operation == .closeListenKey { hub.end(key) }
        return [:]
    }

    /// Streams of listen keys that nobody has extended for an hour.
    func endExpiredListenKeys(at now: Timestamp) {
        for key in listenKeys.takeExpired(at: now) {
            hub.end(key) { ["e": .text("listenKeyExpired"), "E": $0.time(now), "listenKey": .text(key)] }
        }
    }

    /// Sixty-four letters and digits, of 48 bytes that nobody can guess.
    private static func listenKey(_ bytes: [UInt8]) -> String {
        var seed: UInt64 = 0
        var text = ""
        for (index, byte) in bytes.enumerated() {
            seed = seed << 8 | UInt64(byte)
            guard index % 16 == 15 else { continue }
            var generator = SplitMix64(seed: seed)
            text += GeneratedClientID.make(&generator)
        }
        return String(text.prefix(64))
    }
}
