import Exchanges
import Logging
import Networking
import Synchronization
import Testing
import TradingCore

@testable import ExchangeKeys

/// What exchanges say is stored, answered and logged without what they may have repeated of a signed request.
@Suite struct HiddenWordsTests {
    private static let hexadecimal = String(repeating: "0123456789abcdef", count: 4)
    private static let base64 = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFy+/8="

    private struct Words: Sendable, CustomTestStringConvertible {
        var said: String
        var shown: String
        var testDescription: String { said }
    }

    private static let table: [Words] = [
        Words(said: "Insufficient balance", shown: "Insufficient balance"),
        Words(said: "key api-key-1 of hunter2, phrase77, 123456", shown: "key *** of ***, ***, ***"),
        Words(said: "got \(hexadecimal) here", shown: "got *** here"),
        Words(said: "got \(hexadecimal.uppercased())\(hexadecimal).", shown: "got ***."),
        Words(said: "header \(base64) is wrong", shown: "header *** is wrong"),
        Words(
            said: "a=\(base64.replacing("=", with: "%3D"))&b=1", shown: "a=***&b=1"),
        Words(said: "?coin=USDT&signature=0123456789abcdef0123&x=1", shown: "?coin=USDT&signature=***&x=1"),
        Words(said: #"{"sign": "0123456789abcdef","a":1}"#, shown: #"{"sign": "***","a":1}"#),
        Words(said: "OK-ACCESS-SIGN: abcdefghijklmnopqrstuvwx", shown: "OK-ACCESS-SIGN: ***"),
        // Words are words.
        Words(
            said: "Signature for this request is not valid: parameter",
            shown: "Signature for this request is not valid: parameter"),
        Words(said: "Invalid sign: timestamp", shown: "Invalid sign: timestamp"),
        // Addresses and transactions' beginnings are no signatures.
        Words(
            said: "0x94df8b352de7f46f64b01d3666bf6e936e44ce60 is not on the list",
            shown: "0x94df8b352de7f46f64b01d3666bf6e936e44ce60 is not on the list"),
        Words(
            said: "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq0abcdefghijklmnopqrst = no",
            shown: "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq0abcdefghijklmnopqrst = no"),
    ]

    @Test(arguments: table) private func `an exchange's words without secrets and signatures`(_ words: Words) {
        var credentials = ExchangeCredentials(apiKey: "api-key-1", secret: Secret("hunter2"))
        (credentials.passphrase, credentials.uid) = (Secret("phrase77"), Secret("123456"))
        #expect(credentials.hidden(in: words.said) == words.shown)
    }
}

extension TransferTests {
    private static let said =
        "refused hunter2 of other, signature=\(String(repeating: "ab", count: 32))"
    private static let secrets = ["hunter2", "other", "abab"]

    @Test(arguments: [400, 500])
    func `a withdrawal's reason holds nothing that the exchange repeated, stored, answered or logged`(
        _ status: Int
    ) async throws {
        let lines = Mutex<[String]>([])
        try await with(log: { line in lines.withLock { $0.append(line) } }) { world in
            world.exchange.state.withLock {
                $0.answer = (status, #"{"code":\#(status == 400 ? 10101 : 500),"msg":"\#(Self.said)"}"#)
            }
            let refused = try await world.transfers.withdraw(world.order())
            let stored = try await world.transfers.withdrawals(nil, before: nil, limit: 1).first?.reason
            let reason = try #require(refused.reason)
            #expect(stored == reason)
            if status == 400 { #expect(reason.contains("refused *** of ***, signature=***"), "\(reason)") }
            // What can be asked no more says no more either.
            world.exchange.state.withLock { $0.listAnswer = (400, #"{"code":700007,"msg":"\#(Self.said)"}"#) }
            let again = await error { try await world.transfers.withdraw(world.order()) }
            let faults = await world.transfers.follow()
            #expect(again == nil && faults.isEmpty == (status == 400))
            let texts = [reason, "\(String(describing: again))"] + faults + lines.withLock { $0 }
            #expect(texts.count > 2)
            for text in texts { for secret in Self.secrets { #expect(!text.contains(secret), "\(text)") } }
        }
    }
}
