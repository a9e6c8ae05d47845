import Scheduling
import TestSupport

/// Spoils what an exchange sends, so that whoever reads it can notice: at once, by the message itself, or by the number that
/// the next one has. What nobody can notice, another price that is as good, it leaves alone.
struct FrameSpoiler: Sendable {
    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// - Returns: what is sent instead, nothing at all maybe.
    mutating func spoiled(_ frame: VenueFrame) -> [VenueFrame] {
        switch frame {
        case .text(let text): spoiled(text)
        case .binary(let bytes): spoiled(bytes)
        case .raw: [frame]
        }
    }

    private mutating func spoiled(_ text: String) -> [VenueFrame] {
        switch Int.random(in: 0..<14, using: &random) {
        case 0: return []
        case 1: return [.text(String(text.prefix(Int.random(in: 0..<max(1, text.count), using: &random))))]
        case 2, 12, 13: return [.text(absurd(text))]
        case 3: return [.text(lacking(text))]
        case 4:
            return [
                .text(text.replacing("{", with: "{\"extra\":{\"a\":[1,null,{\"b\":\"\\u0000\"}]},", maxReplacements: 1))
            ]
        case 5: return [.text(String(repeating: "[", count: 3_000))]
        case 6: return [.text(#"{"unheard":"of","data":null,"result":[],"topic":7,"arg":"x"}"#)]
        case 7: return [.text("<html>502 Bad Gateway</html>")]
        case 8: return [.binary(bytes())]
        case 9: return [.text(text.replacing("\":", with: "\";"))]
        case 10:
            let whole = VenueFrame.text(text).bytes
            return [.raw(Array(whole.prefix(Int.random(in: 1..<whole.count, using: &random))))]
        default: return [.text(""), .text("null"), .text("7"), .text("[]"), .text("{}")]
        }
    }

    private mutating func spoiled(_ message: [UInt8]) -> [VenueFrame] {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: return []
        case 1: return [.binary(Array(message.prefix(Int.random(in: 1..<message.count, using: &random))))]
        case 2: return [.binary(bytes())]
        // A length that goes on beyond the end, and one of ten bytes.
        case 3: return [.binary(message + [0x0A, 0xFF, 0xFF, 0x03])]
        case 4: return [.binary([0x0A] + Array(repeating: 0xFF, count: 10))]
        case 5: return [.binary(ProtobufBytes().field(3, "BTCUSDT").field(313, "x").bytes)]
        case 6: return [.text("{\"id\":0,")]
        case 7, 8: return [.binary(absurd(message))]
        default:
            let whole = VenueFrame.binary(message).bytes
            return [.raw(Array(whole.prefix(Int.random(in: 1..<whole.count, using: &random))))]
        }
    }

    /// The texts of numbers in a message, each another of the same length, so that the lengths around it stay true.
    private mutating func absurd(_ message: [UInt8]) -> [UInt8] {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let filling = ["0", "9", "-"].randomElement(using: &random) ?? "0"
        var bytes = message
        for index in bytes.indices where digits.contains(bytes[index]) {
            // A number's first digit may be a sign; what follows stays a digit.
            let isFirst = index == 0 || !(digits.contains(message[index - 1]) || message[index - 1] == 46)
            bytes[index] = filling == "-" ? (isFirst ? UInt8(ascii: "-") : bytes[index]) : filling.utf8.first ?? 48
        }
        return bytes
    }

    private mutating func bytes() -> [UInt8] {
        (0..<Int.random(in: 1..<200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    /// Numbers that nothing holds, and numbers that fit and make no sense: nothing for nothing, less than nothing, more than
    /// there is, sequences near the end.
    private static let absurdities = [
        "999999999999999999999999999999999999999999", "1e999", "-1", "0x10", "NaN", "0", "-5", "100000000000000000",
        "999999999999999999", "9223372036854775807", "0.000000000000000001",
    ]

    /// Every number is another.
    private mutating func absurd(_ text: String) -> String {
        let number = Self.absurdities.randomElement(using: &random)
        var (result, isIn) = ("", false)
        for character in text {
            let isDigit = character.isNumber || (isIn && character == ".")
            if isDigit, !isIn { result += number ?? "" }
            if !isDigit { result.append(character) }
            isIn = isDigit
        }
        return result
    }

    /// A member less, of those without which a message makes no sense or has no number.
    private mutating func lacking(_ text: String) -> String {
        let names = [
            "U", "u", "s", "ts", "seqId", "prevSeqId", "sequenceStart", "sequenceEnd", "topic", "type", "data",
            "result",
            "channel", "event", "arg", "action", "e", "orderId", "ordId", "id", "execId", "subject",
        ]
        guard let name = names.filter({ text.contains("\"\($0)\":") }).randomElement(using: &random) else {
            return "[7]"
        }
        return text.replacing("\"\(name)\":", with: "\"was\":")
    }
}
