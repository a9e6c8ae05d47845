import Exchanges
import TradingCore

/// Writes the format `binance-raw`: `<receive time in ns> <JSON as the exchange sent it>`, and between them our own marks.
struct BinanceRawLines {
    /// What a line of ours begins with: from here on the book is not whole, until the next snapshot line.
    static let gapMark = #"{"e":"recordingGap""#

    /// - Parameter json: as it came. A line break in it, which may only stand between its parts, becomes a space.
    static func append(_ json: UnsafeRawBufferPointer, at time: Timestamp, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "\(time.nanoseconds) ".utf8)
        let start = bytes.count
        bytes.append(contentsOf: json)
        for index in start..<bytes.count where bytes[index] == 0x0A || bytes[index] == 0x0D { bytes[index] = 0x20 }
        bytes.append(0x0A)
    }

    static func appendGap(_ reason: String, at time: Timestamp, to bytes: inout [UInt8]) {
        let text = JSONValue.string(String(reason.prefix(500))).compactText
        bytes.append(contentsOf: "\(time.nanoseconds) \(gapMark),\"reason\":\(text)}\n".utf8)
    }
}
