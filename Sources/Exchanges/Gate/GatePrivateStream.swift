import TradingCore

extension GateDialect {
    /// - Parameter token: not needed by Gate.
    public func privateStream(token: StreamToken?) throws(ExchangeFailure) -> any StreamSession {
        try GatePrivateStream(self)
    }
}

/// Orders, fills and balances of one account. Gate knows no login: each subscription is signed.
struct GatePrivateStream: StreamSession {
    let url: String
    let silenceLimit: Int64 = 30_000
    private let dialect: GateDialect
    private var requests: [Int64: String] = [:]
    private(set) var nextWake: Int64?

    /// Milliseconds.
    private static let pingInterval: Int64 = 10_000
    private static let subscriptions = [
        GateSubscription(channel: .orders, payload: ["!all"]),
        GateSubscription(channel: .fills, payload: ["!all"]),
        GateSubscription(channel: .balances, payload: nil),
    ]

    init(_ dialect: GateDialect) throws(ExchangeFailure) {
        guard let url = dialect.hosts.streams["private"] else {
            throw ExchangeFailure(.badRequest, exchange: "gate", message: "no address of the private stream")
        }
        self.url = url
        self.dialect = dialect
    }

    mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect]) {
        nextWake = context.now &+ Self.pingInterval
        guard let credentials = context.credentials else {
            let failure = ExchangeFailure(
                .authenticationError, exchange: "gate", message: "an API key and its secret are required")
            effects.append(.event(.refused("spot.orders", failure)))
            return
        }
        for (index, subscription) in Self.subscriptions.enumerated() {
            let id = Int64(index + 1)
            requests[id] = subscription.title
            effects.append(
                .send(
                    subscription.message(
                        "subscribe", id: id, seconds: context.now / 1_000, credentials: credentials)))
        }
    }

    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) {
        guard let time = nextWake, time <= now else { return }
        effects.append(.send(GateSubscription.ping(seconds: now / 1_000)))
        nextWake = now &+ Self.pingInterval
    }

    mutating func received(
        _ bytes: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect]
    ) {
        do {
            let frame = try GateFrame(bytes)
            guard frame.event == .update else {
                let title = frame.id.flatMap { requests.removeValue(forKey: $0) } ?? frame.channel.rawValue
                effects.append(.event(dialect.acknowledgement(frame, bytes, title)))
                return
            }
            for event in try events(frame, bytes) { effects.append(.event(event)) }
        } catch {
            // An order's or a balance's news is lost: only a new connection, with a look by REST, makes it good.
            effects.append(.reconnect(dialect.unreadable("account stream", error)))
        }
    }

    private func events(_ frame: GateFrame, _ bytes: UnsafeRawBufferPointer) throws -> [StreamEvent] {
        guard [.orders, .fills, .balances].contains(frame.channel) else {
            return [.unexplained(String(decoding: bytes.prefix(200), as: UTF8.self))]
        }
        let rows = try frame.resultValue(of: bytes).list(named: "result")
        switch frame.channel {
        case .orders: return try rows.map { .order(try dialect.order($0)) }
        case .fills: return try rows.map { .fill(try dialect.trade($0)) }
        default: return [.balances(try balances(rows), isWhole: false)]
        }
    }

    private func balances(_ rows: [JSONValue]) throws -> ExchangeBalances {
        var time: Int64?
        let balances = try rows.map { row in
            time = try row.integer("timestamp_ms") ?? time
            return try ExchangeBalance(
                asset: dialect.asset(try row.requiredText("currency")), free: try row.requiredDecimal("available"),
                used: try row.decimal("freeze"), total: try row.decimal("total"))
        }
        return ExchangeBalances(balances, time: time)
    }
}
