import Crypto
import Exchanges
import Foundation
import TestSupport
import Testing
import TradingCore

@testable import Simulators

@Suite("Ed25519 keys and sessions")
struct SpotSessionTests {
    private let signer = Curve25519.Signing.PrivateKey()

    private func sign(_ text: String) throws -> String {
        Data(try signer.signature(for: Data(text.utf8))).base64EncodedString()
    }

    /// Alice's key beside her usual one.
    private func run(_ body: @Sendable @escaping (SpotRunning) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        var configuration = try FixedMarket.configuration()
        let text = signer.publicKey.rawRepresentation.base64EncodedString()
        let key = try #require(SpotPublicKey(text))
        configuration.accounts[0].keys.append(SpotKey("KEYED", .ed25519(key)))
        let exchange = try await SpotRunning(folder.path + "/spot.db", configuration)
        do { try await body(exchange) } catch {
            await exchange.stop()
            throw error
        }
        await exchange.stop()
    }

    /// RFC 8032, section 7.1, test 2; the first is its key as OpenSSL writes it.
    @Test(
        "A published signature holds for its text alone, in every form that a public key comes in",
        arguments: [
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n-----END PUBLIC KEY-----\n",
            "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=",
            "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=",
        ])
    func vector(text: String) throws {
        let key = try #require(SpotPublicKey(text))
        let digits =
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        let bytes = stride(from: 0, to: 128, by: 2).compactMap { place -> UInt8? in
            let start = digits.index(digits.startIndex, offsetBy: place)
            return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16)
        }
        let signature = Data(bytes).base64EncodedString()
        #expect(key.isValid(signature, of: "r"))
        #expect(key.isValid(signature.replacing("+", with: " "), of: "r"))
        #expect(!key.isValid(signature, of: "s") && !key.isValid("", of: "r") && !key.isValid(digits, of: "r"))
    }

    @Test(
        "What is no Ed25519 key is none",
        arguments: ["", "abc", "AAAA", "MCowBQYDK2VuAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=", "!!!!"])
    func noKey(text: String) { #expect(SpotPublicKey(text) == nil) }

    @Test("Orders by REST are taken with a good signature, escaped or not, and refused with another")
    func rest() async throws {
        try await run { exchange in
            let query = "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.1&price=59000&recvWindow=60000"
            func place(_ escape: (String) -> String, signed: String? = nil) async throws -> SpotRunning.Answer {
                let text = query + "&timestamp=\(SpotRunning.now())"
                return try await exchange.ask(
                    .post, "/api/v3/order", text + "&signature=" + escape(try sign(signed ?? text)), key: "KEYED")
            }
            func escaped(_ text: String) -> String {
                text.replacing("+", with: "%2B").replacing("/", with: "%2F").replacing("=", with: "%3D")
            }
            #expect(try await place(escaped).status == 200)
            #expect(try await place { $0 }.status == 200)
            let forged = try await place(escaped, signed: "something else")
            #expect(forged.code == -1022 && forged.status == 400)
            let hashed = try await exchange.ask(
                .get, "/api/v3/account",
                "recvWindow=60000&timestamp=\(SpotRunning.now())&signature=" + String(repeating: "a", count: 64),
                key: "KEYED")
            #expect(hashed.code == -1022)
            // The same account, whichever key.
            let open = try await exchange.ask(.get, "/api/v3/openOrders", "symbol=BTCUSDT", as: "A")
            #expect(open.json.elements.count == 2)
        }
    }

    private func logon(_ talk: SpotRunning.Conversation, id: Int) async throws -> JSONValue {
        let now = SpotRunning.now()
        return try await talk.ask(
            "session.logon",
            [
                "apiKey": "KEYED", "recvWindow": "60000", "timestamp": "\(now)",
                "signature": try sign("apiKey=KEYED&recvWindow=60000&timestamp=\(now)"),
            ], id: id)
    }

    @Test("Who has logged on needs neither key nor signature, until logged out")
    func session() async throws {
        try await run { exchange in
            try await exchange.connect("/ws-api/v3") { talk in
                let before = try await talk.ask("session.status", id: 1)
                #expect(before["result"]?["apiKey"] == .null && before["result"]?["authorizedSince"] == .null)
                let since = try #require(before["result"]?["connectedSince"]?.integer)
                #expect(abs(since - SpotRunning.now()) < 60_000)
                let early = try await talk.ask("userDataStream.subscribe", id: 2)
                #expect(early["status"] == .number("401") && early["error"]?["code"] == .number("-2015"))
                let on = try await logon(talk, id: 3)
                #expect(on["result"]?["apiKey"] == .string("KEYED") && on["status"] == .number("200"))
                #expect(on["result"]?["authorizedSince"]?.integer ?? 0 >= since)
                let subscribed = try await talk.ask("userDataStream.subscribe", id: 4)
                #expect(subscribed["result"]?["subscriptionId"] == .number("0"))
                let order = [
                    "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT_MAKER", "quantity": "0.1", "price": "59000",
                ]
                let untimed = try await talk.ask("order.place", order, id: 5)
                #expect(untimed["error"]?["code"] == .number("-1102"))
                let timed = order.merging(["timestamp": "\(SpotRunning.now())"]) { first, _ in first }
                #expect(try await talk.ask("order.place", timed, id: 6)["status"] == .number("200"))
                let late = order.merging(["timestamp": "\(SpotRunning.now() - 9_000)"]) { first, _ in first }
                #expect(try await talk.ask("order.place", late, id: 7)["error"]?["code"] == .number("-1021"))
                _ = try await talk.wait("the report") { $0["event"]?["x"] == .string("NEW") }
                // Another key for one request.
                #expect(try await talk.ask("order.place", order, as: "B", id: 8)["status"] == .number("200"))
                let bobs = try await exchange.ask(.get, "/api/v3/openOrders", "symbol=BTCUSDT", as: "B")
                #expect(bobs.json.elements.count == 1)
                let off = try await talk.ask("session.logout", id: 9)
                #expect(off["result"]?["apiKey"] == .null && off["result"]?["userDataStream"] == .bool(false))
                _ = try await talk.wait("the end") { $0["event"]?["e"] == .string("eventStreamTerminated") }
                let after = try await talk.ask("order.place", timed, id: 10)
                #expect(after["status"] == .number("401") && after["error"]?["code"] == .number("-2014"))
                talk.finish()
            }
        }
    }

    @Test("An HMAC key cannot log on; a forged signature does not; a session is its connection's alone")
    func refused() async throws {
        try await run { exchange in
            try await exchange.connect("/ws-api/v3") { talk in
                #expect(try await talk.ask("session.logon", as: "A", id: 1)["error"]?["code"] == .number("-4056"))
                let forged = try await talk.ask(
                    "session.logon",
                    [
                        "apiKey": "KEYED", "timestamp": "\(SpotRunning.now())", "signature": try sign("another text"),
                    ], id: 2)
                #expect(forged["error"]?["code"] == .number("-1022"))
                #expect(try await talk.ask("session.logon", id: 3)["error"]?["code"] == .number("-2014"))
                #expect(try await logon(talk, id: 4)["status"] == .number("200"))
                try await exchange.connect("/ws-api/v3") { other in
                    let status = try await other.ask("session.status", id: 1)
                    #expect(status["result"]?["apiKey"] == .null)
                    other.finish()
                }
                // A second logon needs its own proof, whoever is logged on.
                #expect(try await talk.ask("session.logon", id: 5)["error"]?["code"] == .number("-2014"))
                #expect(try await logon(talk, id: 6)["status"] == .number("200"))
                talk.finish()
            }
        }
    }
}
