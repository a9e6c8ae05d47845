import TradingCore

extension BinanceDialect {
    /// User data over the WebSocket API: listen keys were switched off in February 2026. Needs no token.
    public func privateStream(token: StreamToken?) throws(ExchangeFailure) -> any StreamSession {
        guard let url = hosts.streams["private"] else { throw unsupported("private streams") }
        return BinancePrivateStream(dialect: self, url: url)
    }
}

/// One account's orders, fills and balances.
/// Source: "WebSocket API", "User Data Stream requests"; "User Data Streams", payloads.
struct BinancePrivateStream: StreamSession {
    let dialect: BinanceDialect
    let url: String
    private var openedAt: Int64?
    /// What is free of each asset, for messages that tell only a difference.
    private var free: [AssetID: FixedDecimal] = [:]

    let silenceLimit: Int64 = 60_000
    private static let subscription = "1"

    init(dialect: BinanceDialect, url: String) {
        self.dialect = dialect
        self.url = url
    }

    /// The server cuts each connection after 24 hours.
    var nextWake: Int64? { openedAt.map { $0 &+ BinancePublicStream.lifetime } }

    mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect]) {
        openedAt = context.now
        do throws(ExchangeFailure) {
            effects.append(
                .send(
                    try BinanceDialect.socketRequest(
                        Self.subscription, "userDataStream.subscribe.signature", [], context)))
        } catch {
            effects.append(.event(.refused("user data", error)))
        }
    }

    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) {
        guard let nextWake, now >= nextWake else { return }
        effects.append(.reconnect(failure(.networkError, "a connection lives for 24 hours")))
    }

    mutating func received(
        _ frame: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect]
    ) {
        let message: JSONValue
        do throws(JSONError) { message = try JSONValue(utf8: frame) } catch {
            // An order's change may be lost with it: only a new connection, which reads everything anew, is sure.
            effects.append(.reconnect(failure(.badResponse, "\(error)")))
            return
        }
        do {
            try receive(message, into: &effects)
        } catch {
            effects.append(.reconnect(failure(.badResponse, "\(error)")))
        }
    }

    private mutating func receive(
        _ message: JSONValue, into effects: inout [StreamEffect]
    ) throws {
        let event = message["event"] ?? message
        switch event.text("e") {
        case "executionReport": try receiveReport(event, into: &effects)
        case "outboundAccountPosition": try receivePosition(event, into: &effects)
        case "balanceUpdate": try receiveDifference(event, into: &effects)
        case "listStatus", "externalLockUpdate": effects.append(.event(.alive))
        case "eventStreamTerminated", "listenKeyExpired", "serverShutdown":
            effects.append(.reconnect(failure(.onMaintenance, event.text("e") ?? "")))
        case nil where message["id"] != nil: receiveAnswer(message, into: &effects)
        default: effects.append(.event(.unexplained(String(message.compactText.prefix(80)))))
        }
    }

    /// `{"id":"1","status":200,"result":{"subscriptionId":0}}`, or an `error` with code and message.
    private func receiveAnswer(_ message: JSONValue, into effects: inout [StreamEffect]) {
        guard let error = message["error"] else {
            effects.append(.event(.confirmed("user data")))
            return
        }
        let code = (try? error.integer("code")) ?? nil
        let words = error.text("msg") ?? ""
        var refusal = failure(code.map { BinanceDialect.kind($0, words) } ?? .exchangeError, words)
        refusal.code = error.text("code")
        effects.append(.event(.refused("user data", refusal)))
    }

    // MARK: - Orders

    private func receiveReport(
        _ report: JSONValue, into effects: inout [StreamEffect]
    ) throws {
        let order = try BinanceMapping.order(report: report, dialect.catalog)
        if report.text("x") == "TRADE" { effects.append(.event(.fill(try BinanceMapping.fill(report: report, order)))) }
        effects.append(.event(.order(order)))
    }

    // MARK: - Balances

    /// Only the assets that were touched.
    private mutating func receivePosition(
        _ event: JSONValue, into effects: inout [StreamEffect]
    ) throws {
        var balances: [ExchangeBalance] = []
        for row in try event.list("B") {
            let balance = try ExchangeBalance(
                asset: BinanceMapping.asset(try row.requiredText("a")), free: try row.requiredDecimal("f"),
                used: try row.requiredDecimal("l"))
            free[balance.asset] = balance.free
            balances.append(balance)
        }
        effects.append(
            .event(.balances(ExchangeBalances(balances, time: try event.integer("E")), isWhole: false)))
    }

    /// A deposit, withdrawal or transfer: by how much what is free changed. Of an asset that was not told before nothing
    /// can be said; the exchange sends its position as well.
    private mutating func receiveDifference(
        _ event: JSONValue, into effects: inout [StreamEffect]
    ) throws {
        let asset = BinanceMapping.asset(try event.requiredText("a"))
        let difference = try event.requiredDecimal("d")
        guard let known = free[asset] else {
            effects.append(.event(.alive))
            return
        }
        let sum = try Derived.sum(known, difference, "free")
        free[asset] = sum
        let balance = try ExchangeBalance(asset: asset, free: sum)
        effects.append(
            .event(.balances(ExchangeBalances([balance], time: try event.integer("E")), isWhole: false)))
    }

    private func failure(_ kind: ExchangeFailure.Kind, _ message: String) -> ExchangeFailure {
        ExchangeFailure(kind, exchange: dialect.id.rawValue, endpoint: "user data", message: message)
    }
}
