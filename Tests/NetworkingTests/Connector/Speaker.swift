import Crypto
import Exchanges
import Execution
import Foundation
import Networking
import Synchronization
import TradingCore

/// How an exchange says what a ``ModelExchange`` does: checks what it is sent, and answers in its own words.
protocol Speaker: Sendable {
    static var exchange: NativeExchange { get }
    var model: ModelExchange { get }

    init(_ model: ModelExchange)

    /// Everything but placing, which ``VenueHarness`` lets go wrong, and cancelling.
    func answer(_ request: VenueRequest) -> VenueAnswer
    func isPlacement(_ request: VenueRequest) -> Bool
    func isCancel(_ request: VenueRequest) -> Bool
    func place(_ request: VenueRequest) -> VenueAnswer
    func cancel(_ request: VenueRequest) -> VenueAnswer
    /// What says that we ask too much.
    var slowDown: VenueAnswer { get }
    /// What refuses a request for its nonce; nil where requests have none.
    var staleNonce: VenueAnswer? { get }
    /// Why a signed request is not to be believed; nil when it is.
    func fault(_ request: VenueRequest) -> VenueAnswer?
    func isSigned(_ request: VenueRequest) -> Bool

    func opened(_ connection: Int, _ address: String) -> [String]
    func received(_ connection: Int, _ text: String) -> [String]
    /// A connection whose end cancels everything has ended.
    func guardedEnded()
    /// - Parameter topics: what the connection listens to: `account`, `market`.
    func frames(_ event: ModelExchange.Event, _ topics: Set<String>) -> [String]
    /// The same for those that do not speak in texts.
    func packets(_ event: ModelExchange.Event, _ topics: Set<String>) -> [VenueFrame]
}

extension Speaker {
    func packets(_ event: ModelExchange.Event, _ topics: Set<String>) -> [VenueFrame] {
        frames(event, topics).map { .text($0) }
    }

    var staleNonce: VenueAnswer? { nil }

    func guardedEnded() { model.cancelAll() }

    /// What a buy pays its fee in, unless the model says otherwise.
    static var feeOfBuys: FeeAsset { [.gate, .bybit].contains(exchange) ? .base : .quote }

    // MARK: - What most of them write alike

    func list(_ rows: [String]) -> String { "[" + rows.joined(separator: ",") + "]" }

    /// `[["99.5","1"],…]`, with whatever else a level carries.
    func pairs(_ levels: [ModelExchange.Level], _ rest: String = "") -> String {
        list(levels.map { "[\"\($0.price)\",\"\($0.amount)\"\(rest)]" })
    }

    func decimal(_ text: String?) -> FixedDecimal? { text.flatMap { try? FixedDecimal(Substring($0)) } }

    func listen(_ connection: Int, _ topic: String) {
        model.change { $0.listened[connection, default: []].insert(topic) }
    }
}

enum Signature {
    static func sha256(_ text: String, _ secret: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: Data(secret.utf8))))
    }

    static func sha512(_ text: String, _ secret: String) -> [UInt8] {
        Array(HMAC<SHA512>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: Data(secret.utf8))))
    }

    static func sha384(_ text: String, _ secret: String) -> [UInt8] {
        Array(HMAC<SHA384>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: Data(secret.utf8))))
    }
}

extension [UInt8] {
    var hex: String { map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
    var base64: String { Data(self).base64EncodedString() }
}

extension FixedDecimal {
    var text: String { description }
    var negated: String { isZero ? "0" : "-" + description }
}
