import NIOCore
import NIOHTTP1
import TradingCore

/// Plain requests.
extension SpotServer {
    typealias HTTPChannel = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    private static let longestBody = 1 << 20

    /// A request as it came.
    struct RawRequest: Sendable {
        var head: HTTPRequestHead
        var body: String
        var address: String
    }

    /// What goes back; nil where nothing does.
    struct RawAnswer: Sendable {
        var status: Int
        var headers: [(name: String, value: String)] = []
        var body: String
    }

    func serve(_ channel: HTTPChannel) async throws {
        let address = SpotServer.address(of: channel.channel)
        try await channel.executeThenClose { inbound, outbound in
            var head: HTTPRequestHead?
            var body = ByteBuffer()
            for try await part in inbound {
                switch part {
                case .head(let next): (head, body) = (next, ByteBuffer())
                case .body(var bytes):
                    // What is too long is answered when it has ended; its rest is not kept.
                    if body.readableBytes <= Self.longestBody { body.writeBuffer(&bytes) }
                case .end:
                    guard let request = head else { return }
                    head = nil
                    let raw = RawRequest(head: request, body: String(buffer: body), address: address)
                    let answer =
                        body.readableBytes > Self.longestBody
                        ? Self.refusal(SpotError(-1100, "The body is too long.", status: 413)) : await answer(raw)
                    guard let answer else {
                        try? await channel.channel.close()
                        return
                    }
                    try await Self.write(answer, to: outbound, keepsAlive: request.isKeepAlive)
                    if !request.isKeepAlive { return }
                }
            }
        }
    }

    private static func write(
        _ answer: RawAnswer, to outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>,
        keepsAlive: Bool
    ) async throws {
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: "application/json;charset=UTF-8")
        headers.add(name: "Content-Length", value: "\(answer.body.utf8.count)")
        for header in answer.headers { headers.add(name: header.name, value: header.value) }
        if !keepsAlive { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
        try await outbound.write(contentsOf: [.head(head), .body(.byteBuffer(ByteBuffer(string: answer.body))), .end(nil)])
    }

    private static func refusal(_ error: SpotError) -> RawAnswer {
        RawAnswer(status: error.status, body: error.body.rendered)
    }

    // MARK: - Routing

    /// - Returns: nil to hang up without an answer.
    private func answer(_ raw: RawRequest) async -> RawAnswer? {
        let (path, query) = SpotServer.split(raw.head.uri)
        if path == "/paper/faults" { return await control(raw) }
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

    /// `GET` shows the faults that are set, `POST` adds some, `PUT` sets others, `DELETE` ends all. From this machine alone.
    private func control(_ raw: RawRequest) async -> RawAnswer {
        guard raw.address == "127.0.0.1" || raw.address == "::1" else {
            return RawAnswer(status: 403, body: #"{"msg":"From this machine alone."}"#)
        }
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
