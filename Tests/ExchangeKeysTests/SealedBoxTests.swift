import Exchanges
import Foundation
import TestSupport
import Testing
import TradingCore

@testable import ExchangeKeys

/// Byte by byte against what others' sealed boxes are: published vectors and those of the fixtures.
@Suite struct SealedBoxTests {
    private func key(_ text: String) throws -> EncryptionKey {
        try #require(EncryptionKey(base64: Secret(text)))
    }

    @Test func `the published key and box are ours too`() throws {
        let key = try key("MgQ3LwWFc2kdkOzkNk3jWVH832qiTjPMuBT8jV2DEBE=")
        #expect(key.publicText == "m2hvSiZj1ZWpZtRyYDy2TaFHhvuwCjmdvj80NZW6pWU=")
        let box = "8OrPL7F1o6YItxB6WO0oTu3S6I+euW8Dk9zqdig0nEXjy//yrbyL81FqmW24mxhW4vK86TMVO6yO7E4rsQ=="
        #expect(SealedBox.open(box, with: key) == Secret("Hello, World!"))
    }

    private static func group(_ name: String) throws -> [JSONValue] {
        guard let path = vectors, let text = FileManager.default.contents(atPath: path)
        else { return [] }
        let all = try JSONValue(String(decoding: text, as: UTF8.self))
        guard case .array(let rows)? = all[name] else { return [] }
        return rows
    }

    private static let vectors = SharedFixtures.root.map { $0 + "/fixtures/mixin/vectors.json" }

    @Test(.enabled(if: vectors != nil, "no ../shared")) func `every vector of keys, boxes and broken boxes`() throws {
        func text(_ row: JSONValue, _ name: String) -> String? {
            if case .string(let text)? = row[name] { text } else { nil }
        }
        let keys = try Self.group("sealed_box_key")
        #expect(keys.count >= 4)
        for row in keys {
            for name in ["private_key", "private_key_pkcs8"] {
                guard let given = text(row, name) else { continue }
                #expect(try key(given).publicText == text(row, "public_key"), "\(row)")
            }
        }
        let boxes = try Self.group("sealed_box")
        #expect(boxes.count >= 6)
        for row in boxes {
            let opened = SealedBox.open(
                try #require(text(row, "ciphertext")), with: try key(try #require(text(row, "private_key"))))
            #expect(opened?.reveal() == text(row, "plaintext"), "\(row)")
        }
        for row in try Self.group("sealed_box_invalid") {
            // One of them has a private key that is none.
            guard let key = EncryptionKey(base64: Secret(try #require(text(row, "private_key")))) else { continue }
            #expect(SealedBox.open(try #require(text(row, "ciphertext")), with: key) == nil, "\(row)")
        }
    }

    @Test func `what is sealed opens again, differs each time, and is 48 bytes longer`() throws {
        let key = try #require(EncryptionKey.random())
        for message in ["", "s", "ключ 🔑", String(repeating: "x", count: 5_000)] {
            let boxes = try (0..<2).map { _ in try #require(SealedBox.seal(Secret(message), toPublic: key.publicText)) }
            #expect(boxes[0] != boxes[1])
            #expect(Data(base64Encoded: boxes[0])?.count == message.utf8.count + 48)
            #expect(SealedBox.open(boxes[0], with: key)?.reveal() == message)
            let other = try #require(EncryptionKey.random())
            #expect(SealedBox.open(boxes[0], with: other) == nil)
        }
    }

    @Test func `no text of any kind makes a box fall over`() throws {
        let key = try #require(EncryptionKey.random())
        for text in ["", "=", "nonsense", "AAAA", String(repeating: "A", count: 64), "\u{0}", "ü", "********"] {
            #expect(SealedBox.open(text, with: key) == nil)
            #expect(SealedBox.seal(Secret("x"), toPublic: text) == nil)
            #expect(EncryptionKey(base64: Secret(String(text.prefix(40)))) == nil)
        }
    }

    @Test func `neither key nor secret can be printed, dumped, mirrored or described (Secret)`() throws {
        let key = try #require(EncryptionKey.random())
        let hidden = key.privateText.reveal()
        let credentials = ExchangeCredentials(
            apiKey: "key", secret: Secret("hunter2"), passphrase: Secret("open sesame"), uid: Secret("me-1234"))
        let settings = ExchangeAccountSettings(exchange: ExchangeID(rawValue: "okx"), credentials: credentials)
        var texts: [String] = []
        for value in [key, credentials, settings, [credentials], Optional(credentials) as Any] as [Any] {
            var dumped = ""
            dump(value, to: &dumped)
            texts += ["\(value)", String(reflecting: value), String(describing: value), dumped]
            texts.append(Mirror(reflecting: value).children.map { "\($0.value)" }.joined())
        }
        for text in texts {
            for secret in [hidden, "hunter2", "open sesame", "me-1234"] { #expect(!text.contains(secret), "\(text)") }
        }
        #expect("\(credentials.secret)" == "***")
        #expect(!((credentials.secret as Any) is any Encodable), "nothing can write a secret as JSON")
    }

    @Test func `a signed request shows neither headers nor query nor body`() {
        let request = SignedRequest(
            .post, "https://okx.example/api/v5/trade/order?signature=abcdef",
            headers: [.init("OK-ACCESS-PASSPHRASE", "open sesame")], body: "{\"secret\":1}")
        var dumped = ""
        dump(request, to: &dumped)
        for text in ["\(request)", String(reflecting: request), dumped] {
            for secret in ["abcdef", "open sesame", "\"secret\""] { #expect(!text.contains(secret), "\(text)") }
            #expect(text.contains("POST https://okx.example/api/v5/trade/order"))
        }
    }
}
