import Logging
import NIOCore
import NIOWebSocket
import Scheduling
import TradingCore

/// WebSocket connections.
extension SpotServer {
    typealias SocketChannel = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

    private static var pingInterval: Int64 { Nanoseconds.seconds(20) }
    private static var pongPatience: Int64 { Nanoseconds.seconds(60) }

    func serve(_ channel: SocketChannel, _ request: SocketRequest) async throws {
        let raw = channel.channel
        let heard = LastHeard(time.now())
        try await channel.executeThenClose { frames, _ in
            let number = await exchange.connected(
                request.kind, address: request.address, unit: request.unit, returnsLimits: request.returnsLimits,
                send: { Self.send($0, raw) }, close: { raw.close(promise: nil) })
            guard let number else { return }
            await withTaskGroup { group in
                group.addTask { await beat(raw, heard) }
                do { try await take(frames, number, request, raw, heard, &group) } catch {
                    logger.debug("paper exchange: socket over: \(error)")
                }
                group.cancelAll()
            }
            await exchange.disconnected(number)
        }
    }

    private func take(
        _ frames: NIOAsyncChannelInboundStream<WebSocketFrame>, _ number: Int, _ request: SocketRequest,
        _ raw: any Channel, _ heard: LastHeard, _ group: inout TaskGroup<Void>
    ) async throws {
        for try await frame in frames {
            switch frame.opcode {
            case .text, .binary:
                let text = String(buffer: frame.unmaskedData)
                if request.kind == .api {
                    // One slow request must not hold up the others.
                    group.addTask { await answer(text, number, request, raw) }
                } else if let answer = await exchange.control(number, text) {
                    Self.send(answer, raw)
                } else {
                    return Self.close(raw, .policyViolation)
                }
            case .ping:
                raw.writeAndFlush(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData), promise: nil)
            case .pong: heard.set(time.now())
            case .connectionClose: return Self.close(raw, .normalClosure)
            default: return Self.close(raw, .protocolError)
            }
        }
    }

    private func answer(_ text: String, _ number: Int, _ request: SocketRequest, _ raw: any Channel) async {
        let asker = SpotExchange.SocketAsker(
            connection: number, address: request.address, unit: request.unit, returnsLimits: request.returnsLimits)
        if let answer = await exchange.answer(text, asker) {
            Self.send(answer, raw)
        } else {
            raw.close(promise: nil)
        }
    }

    /// Pings, hangs up on whoever does not answer, and on everybody after a day.
    private func beat(_ raw: any Channel, _ heard: LastHeard) async {
        let end = time.now().advanced(byNanoseconds: Nanoseconds.perDay)
        while !Task.isCancelled {
            let now = time.now()
            guard now < end, now.nanoseconds(since: heard.time) < Self.pingInterval + Self.pongPatience else {
                return Self.close(raw, .goingAway)
            }
            do { try await time.sleep(until: now.advanced(byNanoseconds: Self.pingInterval)) } catch { return }
            let stamp = raw.allocator.buffer(string: "\(time.now().milliseconds)")
            raw.writeAndFlush(WebSocketFrame(fin: true, opcode: .ping, data: stamp), promise: nil)
        }
    }

    /// A client that does not listen is cut off: it comes back and asks for what it missed.
    private static func send(_ text: String, _ raw: any Channel) {
        guard raw.isActive else { return }
        guard raw.isWritable else {
            raw.close(promise: nil)
            return
        }
        let frame = WebSocketFrame(fin: true, opcode: .text, data: raw.allocator.buffer(string: text))
        raw.writeAndFlush(frame, promise: nil)
    }

    private static func close(_ raw: any Channel, _ code: WebSocketErrorCode) {
        var data = raw.allocator.buffer(capacity: 2)
        data.write(webSocketErrorCode: code)
        raw.writeAndFlush(WebSocketFrame(fin: true, opcode: .connectionClose, data: data), promise: nil)
        raw.close(promise: nil)
    }
}
