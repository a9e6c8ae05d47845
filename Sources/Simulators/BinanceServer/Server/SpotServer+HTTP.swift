import NIOCore
import NIOHTTP1
import TradingCore

/// Plain requests.
extension SpotServer {
    /// A request as it came.
    struct RawRequest: Sendable {
        var head: HTTPRequestHead
        var body: String
        var isTooLong = false
        var address: String
    }

    /// What goes back; nil where nothing does.
    struct RawAnswer: Sendable {
        var status: Int
        var headers: [(name: String, value: String)] = []
        var body: String
    }

    /// How a WebSocket was asked for.
    struct SocketRequest: Sendable {
        var kind: SpotExchange.SocketKind
        var address: String
        var unit: SpotRenderer.TimeUnit
        var returnsLimits: Bool
    }

    /// - Returns: nil for a plain request.
    static func socketRequest(_ raw: RawRequest) -> SocketRequest? {
        guard raw.head.headers[canonicalForm: "Upgrade"].contains(where: { $0.lowercased() == "websocket" }) else {
            return nil
        }
        let (path, query) = split(raw.head.uri)
        let parameters = (try? RequestText(query: query, body: ""))?.parameters ?? []
        guard let kind = SpotExchange.socketKind(path, query: parameters) else { return nil }
        func value(_ name: String) -> String? { parameters.first { $0.name == name }?.value }
        let isMicro = value("timeUnit")?.uppercased() == "MICROSECOND"
        return SocketRequest(
            kind: kind, address: raw.address, unit: isMicro ? .microseconds : .milliseconds,
            returnsLimits: value("returnRateLimits") != "false")
    }

    private static func refusal(_ error: SpotError) -> RawAnswer {
        RawAnswer(status: error.status, body: error.body.rendered)
    }

    // MARK: - Routing

    /// - Returns: nil to hang up without an answer.
    func answer(_ raw: RawRequest) async -> RawAnswer? {
        if raw.isTooLong { return Self.refusal(SpotError(-1100, "The body is too long.", status: 413)) }
        let (path, query) = SpotServer.split(raw.head.uri)
        if path.hasPrefix("/paper/") { return await control(raw, path) }
        guard let operation = SpotOperation.routed(raw.head.method.rawValue, path) else {
            return Self.refusal(.noSuchPath)
        }
        let text: RequestText
        do throws(SpotError) {
            // A GET's body, if there is one, says nothing.
            text = try RequestText(query: query, body: raw.head.method == .GET ? "" : raw.body)
        } catch { return Self.refusal(error) }
        let unit = raw.head.headers.first(name: "X-MBX-TIME-UNIT")?.uppercased() ?? ""
        let call = SpotCall(
            operation: operation, text: text, key: raw.head.headers.first(name: "X-MBX-APIKEY"), address: raw.address,
            unit: unit == "MICROSECOND" ? .microseconds : .milliseconds)
        let reply = await exchange.answer(call)
        guard !reply.hangsUp else { return nil }
        return RawAnswer(status: reply.status, headers: reply.headers, body: reply.body.rendered)
    }

    /// What no client of Binance asks for, from this machine alone.
    private func control(_ raw: RawRequest, _ path: String) async -> RawAnswer {
        guard raw.address == "127.0.0.1" || raw.address == "::1" else {
            return RawAnswer(status: 403, body: #"{"msg":"From this machine alone."}"#)
        }
        switch path {
        case "/paper/faults": return await faults(raw)
        case "/paper/transfers": return await transfers(raw)
        case "/paper/limits":
            guard raw.head.method == .GET else { return RawAnswer(status: 405, body: #"{"msg":"GET."}"#) }
            return RawAnswer(status: 200, body: await exchange.limitRecord.json.rendered)
        default: return Self.refusal(.noSuchPath)
        }
    }

    private func transfers(_ raw: RawRequest) async -> RawAnswer {
        guard raw.head.method == .POST else { return RawAnswer(status: 405, body: #"{"msg":"POST."}"#) }
        do throws(SpotFaultError) { try await exchange.transfer(raw.body) } catch {
            return RawAnswer(status: 400, body: (["msg": .text(error.description)] as JSON).rendered)
        }
        return RawAnswer(status: 200, body: "{}")
    }

    /// `GET` shows the faults that are set, `POST` adds some, `PUT` sets others, `DELETE` ends all.
    private func faults(_ raw: RawRequest) async -> RawAnswer {
        do throws(SpotFaultError) {
            switch raw.head.method {
            case .GET: break
            case .POST: try await exchange.setFaults(raw.body)
            case .PUT: try await exchange.setFaults(raw.body, instead: true)
            case .DELETE: await exchange.endFaults()
            default: return RawAnswer(status: 405, body: #"{"msg":"GET, POST, PUT or DELETE."}"#)
            }
        } catch {
            return RawAnswer(status: 400, body: (["msg": .text(error.description)] as JSON).rendered)
        }
        return RawAnswer(status: 200, body: (["faults": await exchange.faults.json] as JSON).rendered)
    }
}
