/// A request's parameters exactly as received, in query and body, and the text its signature is over.
struct RequestText: Sendable {
    /// Names and values, percent-decoded, in the order they came; the query before the body.
    private(set) var parameters: [Parameter] = []
    /// Query, then body, `signature=…` cut out; nothing re-encoded.
    private(set) var signedText = ""
    private(set) var signature: String?

    struct Parameter: Hashable, Sendable {
        var name: String
        var value: String
    }

    /// - Throws: −1101 for a name that comes twice in one part, −1100 for what is no percent-encoded text.
    init(query: String, body: String) throws(SpotError) {
        let inQuery = try take(query, after: [])
        try take(body, after: inQuery)
    }

    /// Of a WebSocket request: everything but the signature, sorted by name, joined without encoding.
    init(members: [Parameter]) {
        parameters = members.filter { $0.name != "signature" }
        signature = members.first { $0.name == "signature" }?.value
        signedText = parameters.sorted { $0.name < $1.name }.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    /// - Returns: the names of this part.
    @discardableResult
    private mutating func take(_ part: String, after earlier: Set<String>) throws(SpotError) -> Set<String> {
        var names: Set<String> = []
        var kept: [Substring] = []
        for pair in part.split(separator: "&", omittingEmptySubsequences: false) {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let (rawName, rawValue) = (sides[0], sides.count > 1 ? sides[1] : "")
            if rawName == "signature" {
                if signature == nil { signature = RequestText.decoded(rawValue) ?? "" }
                continue
            }
            kept.append(pair)
            guard !pair.isEmpty else { continue }
            guard let name = RequestText.decoded(rawName), let value = RequestText.decoded(rawValue) else {
                throw .illegal(String(rawName), "percent-encoded UTF-8")
            }
            guard names.insert(name).inserted else { throw .duplicated(name) }
            // A name in both parts: the query wins.
            if !earlier.contains(name) { parameters.append(Parameter(name: name, value: value)) }
        }
        signedText += kept.joined(separator: "&")
        return names
    }

    /// - Returns: nil for a broken escape or what is not UTF-8 once decoded.
    static func decoded(_ text: Substring) -> String? {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
