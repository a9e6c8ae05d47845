import TradingCore

/// `application/x-www-form-urlencoded` as exchanges sign it: names in the order given, a blank as `%20`.
enum FormEncoding {
    /// - Parameter parameters: texts, numbers and booleans; a list or object is sent as its JSON text.
    static func encoded(_ parameters: [JSONValue.Member]) -> String {
        parameters.map { percentEncoded($0.key) + "=" + percentEncoded(plain($0.value)) }.joined(separator: "&")
    }

    /// The same without percent signs.
    static func raw(_ parameters: [JSONValue.Member]) -> String {
        parameters.map { $0.key + "=" + plain($0.value) }.joined(separator: "&")
    }

    static func plain(_ value: JSONValue) -> String {
        switch value {
        case .string(let text), .number(let text): text
        case .bool(let bool): bool ? "true" : "false"
        case .null: ""
        case .array, .object: value.compactText
        }
    }

    /// RFC 3986 section 2.3: letters, digits and `-._~` stay, all else becomes upper-case percent signs.
    static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(byte)
            default: encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
