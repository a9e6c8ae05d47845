import Crypto
import Foundation

/// The server's side of the WebSocket protocol, by hand, so that it can be wrong on purpose.
enum WebSocketText {
    enum Opcode {
        static let continuation: UInt8 = 0
        static let text: UInt8 = 1
        static let binary: UInt8 = 2
        static let close: UInt8 = 8
        static let ping: UInt8 = 9
        static let pong: UInt8 = 10
    }

    /// First the handshake, then the client's frames, as "opcode text"; one that is not masked is "unmasked".
    static func take(_ bytes: [UInt8], _ count: Int) -> (String, Int)? {
        if count == 0 { return HTTPText.take(bytes, 0) }
        guard bytes.count >= 6, bytes[1] & 0x7F < 126 else { return nil }
        let length = Int(bytes[1] & 0x7F)
        guard bytes.count >= 6 + length else { return nil }
        if bytes[1] & 0x80 == 0 { return ("unmasked", 2 + length) }
        let text = (0..<length).map { bytes[6 + $0] ^ bytes[2 + $0 % 4] }
        return ("\(bytes[0] & 0x0F) " + String(decoding: text, as: UTF8.self), 6 + length)
    }

    /// The answer that opens the connection.
    static func upgrade(_ request: String) -> [UInt8] {
        let key = request.split(separator: "\r\n").first { $0.lowercased().hasPrefix("sec-websocket-key:") }
        let text = (key?.dropFirst(18) ?? "").filter { $0 != " " } + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        let accept = Data(Insecure.SHA1.hash(data: Data(text.utf8))).base64EncodedString()
        let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        return Array((head + "Sec-WebSocket-Accept: \(accept)\r\n\r\n").utf8)
    }

    static func frame(
        _ opcode: UInt8, _ data: [UInt8], isLast: Bool = true, isMasked: Bool = false, reserved: UInt8 = 0
    ) -> [UInt8] {
        var bytes = [(isLast ? 0x80 : 0) | reserved | opcode]
        let mask: UInt8 = isMasked ? 0x80 : 0
        switch data.count {
        case ..<126: bytes.append(mask | UInt8(data.count))
        case ..<65_536: bytes += [mask | 126, UInt8(data.count >> 8), UInt8(data.count & 0xFF)]
        default:
            bytes.append(mask | 127)
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8((data.count >> shift) & 0xFF)) }
        }
        return bytes + (isMasked ? [0, 0, 0, 0] : []) + data
    }

    static func text(_ text: String) -> [UInt8] { frame(Opcode.text, Array(text.utf8)) }
}
