import Scheduling
import TradingCore

/// Listening to an account: subscriptions on a connection, and listen keys for old clients.
extension SpotExchange {
    func subscribe(_ request: AccountRequest, _ reader: inout ParameterReader) throws(SpotError) -> JSON {
        try reader.finish()
        guard let connection = request.connection, let listener = hub.listeners[connection] else {
            throw .badCombination
        }
        guard !listener.accounts.values.contains(request.account) else {
            throw SpotError(-2035, "User data stream subscription already active.")
        }
        let number = (listener.accounts.keys.max() ?? -1) + 1
        hub.change(connection) { $0.accounts[number] = request.account }
        return ["subscriptionId": .number(Int64(number))]
    }

    func session(
        _ operation: SpotOperation, _ reader: inout ParameterReader, _ connection: Int?
    ) throws(SpotError) -> JSON {
        guard let connection, let listener = hub.listeners[connection] else { throw .badCombination }
        let renderer = SpotRenderer(unit: listener.unit)
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
            let ended = number.map { [$0] } ?? listener.accounts.keys.sorted()
            hub.change(connection) { listener in
                for number in ended { listener.accounts[number] = nil }
            }
            for number in ended {
                let event: JSON = ["e": .text("eventStreamTerminated"), "E": renderer.time(time.now())]
                listener.send((["subscriptionId": .number(Int64(number)), "event": event] as JSON).rendered)
            }
            return [:]
        case .sessionStatus, .logout:
            try reader.finish()
            return [
                "apiKey": .null, "authorizedSince": .null, "connectedSince": renderer.time(time.now()),
                "returnRateLimits": .bool(true), "serverTime": renderer.time(time.now()),
                "userDataStream": .bool(!listener.accounts.isEmpty),
            ]
        default: throw SpotError(-4056, "HMAC_SHA256 API key is not supported.")
        }
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
        return [:]
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
