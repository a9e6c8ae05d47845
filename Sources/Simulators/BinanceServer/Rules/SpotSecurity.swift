import Crypto
import Exchanges
import FoundationEssentials
import TradingCore

/// What a signed request must satisfy, in the order Binance checks it.
struct SpotSecurity: Sendable {
    /// Most milliseconds between a request's timestamp and its arrival, and where none is named.
    static let longestWindow: Int64 = 60_000
    static let standardWindow: Int64 = 5_000
    /// So far may a request's timestamp lie ahead.
    static let tolerance: Int64 = 1_000

    /// Whose key it is that a request came with.
    struct Caller: Hashable, Sendable {
        var account: String
        var key: SpotKey
    }

    private let callers: [String: Caller]

    init(_ accounts: [SpotAccount]) {
        let all = accounts.flatMap { account in account.keys.map { ($0.key, Caller(account: account.name, key: $0)) } }
        callers = Dictionary(all, uniquingKeysWith: { first, _ in first })
    }

    /// Whose key it is.
    /// - Throws: −2014 for what cannot be a key, −2015 for one that nobody has.
    func caller(key: String?) throws(SpotError) -> Caller {
        guard let key, (1...128).contains(key.utf8.count), key.utf8.allSatisfy(SpotSecurity.isKeyByte) else {
            throw .badKeyFormat
        }
        guard let caller = callers[key] else { throw .unknownKey }
        return caller
    }

    /// The mandatory parameters, the window, the time, the signature.
    /// - Parameter isSessions: the request goes by its connection's session, which has been signed once for all.
    func check(
        _ caller: Caller, _ request: RequestText, _ reader: inout ParameterReader, now: Timestamp,
        isSessions: Bool = false
    ) throws(SpotError) {
        let stamp = try reader.requiredInteger("timestamp")
        let signature = request.signature ?? ""
        if !isSessions, signature.isEmpty { throw .missing("signature") }
        let window = try SpotSecurity.window(&reader)
        // Sixteen digits are microseconds.
        let sent = stamp >= 1_000_000_000_000_000 ? stamp / 1_000 : stamp
        guard sent < now.milliseconds + SpotSecurity.tolerance else { throw .ahead }
        guard now.milliseconds - sent <= window else { throw .tooOld }
        if isSessions { return }
        let isValid =
            switch caller.key.proof {
            case .secret(let secret): SpotSecurity.isValid(signature, of: request.signedText, secret)
            case .ed25519(let key): key.isValid(signature, of: request.signedText)
            }
        guard isValid else { throw .badSignature }
    }

    private static func window(_ reader: inout ParameterReader) throws(SpotError) -> Int64 {
        guard let text = try reader.text("recvWindow") else { return standardWindow }
        // Up to three decimals: microseconds.
        guard let value = FixedDecimal(text), !value.isNegative else {
            throw .illegal("recvWindow", "^[0-9]{1,5}(\\.[0-9]{1,3})?$")
        }
        guard value <= "60000" else { throw .longReceiveWindow }
        return (try? value.count(of: .one, rounding: .down)) ?? standardWindow
    }

    /// Compares in a time that does not depend on where they differ; capitals do not matter.
    static func isValid(_ signature: String, of text: String, _ secret: Secret) -> Bool {
        var bytes: [UInt8] = []
        let digits = Array(signature.utf8)
        guard digits.count == 64 else { return false }
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = RequestText.hexDigit(digits[index]), let low = RequestText.hexDigit(digits[index + 1])
            else {
                return false
            }
            bytes.append(high << 4 | low)
        }
        let key = SymmetricKey(data: Array(secret.reveal().utf8))
        return HMAC<SHA256>.isValidAuthenticationCode(bytes, authenticating: Array(text.utf8), using: key)
    }

    private static func isKeyByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
