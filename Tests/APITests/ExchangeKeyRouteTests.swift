import ExchangeKeys
import Exchanges
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import TestSupport
import Testing
import TradingCore

@testable import API

/// `/admin/exchanges/…` over the real keyring.
@Suite struct ExchangeKeyRouteTests {
    private struct Client {
        let client: any TestClientProtocol
        let token: String

        func send(_ method: HTTPRequest.Method, _ path: String, _ body: String? = nil) async throws -> TestResponse {
            try await client.execute(
                uri: path, method: method,
                headers: [.authorization: "Bearer \(token)", .contentType: "application/json"],
                body: body.map { ByteBuffer(string: $0) })
        }
    }

    private func with(_ body: @Sendable (TestAPI, Client) async throws -> Void) async throws {
        let api = try TestAPI()
        try await api.withClient { client in
            try await body(api, Client(client: client, token: try await TestAPI.token(client)))
        }
    }

    private func body(
        _ api: TestAPI, _ exchange: String = "binance", key: String = "api-key-1", secret: String? = nil,
        more: String = ""
    ) -> String {
        """
        {"exchange":"\(exchange)","name":"mine","api_key":"\(key)",\
        "api_secret":"\(secret ?? api.keys.sealed("hunter2"))"\(more)}
        """
    }

    @Test func `a key is sealed by the client, stored, listed in the original's shape, and removed`() async throws {
        try await with { api, client in
            let pair = try await client.send(.get, "/admin/exchanges/key-pair").json()
            #expect(pair["publicKey"] == .string("m2hvSiZj1ZWpZtRyYDy2TaFHhvuwCjmdvj80NZW6pWU="))
            let added = try await client.send(.post, "/admin/exchanges/keys", body(api))
            #expect(added.status == .created, "\(added.text)")
            let key = try added.json()
            #expect(key["key_id"] == .number("1") && key["exchange_index"] == .string("default"))
            #expect(key["api_key"] == .string("api-key-1") && key["api_secret"] == .string("********"))
            #expect(key["permissions"] == .array([.string("read"), .string("trade")]))
            let list = try await client.send(.get, "/admin/exchanges/keys").json()
            #expect(list == .array([key]))
            let ready = try await client.send(.get, "/admin/exchanges/readiness").json()
            #expect(ready[0]?["ready"] == .bool(true))
            let removed = try await client.send(.delete, "/admin/exchanges/keys/1")
            #expect(removed.status == .ok && removed.text.isEmpty)
            #expect(try await client.send(.delete, "/admin/exchanges/keys/1").status == .ok)
            #expect(try await client.send(.get, "/admin/exchanges/keys").text == "[]")
        }
    }

    @Test(arguments: ["enviroment", "testnet", "dead_mans_swich", "api_secrets"])
    func `a mistyped field is refused by name, for the key would be another than was meant`(_ name: String) async throws
    {
        try await with { api, client in
            let answer = try await client.send(
                .post, "/admin/exchanges/keys", body(api, more: ",\"\(name)\":\"hunter2\""))
            #expect(answer.status == .badRequest && answer.text.contains("\(name) ***: must be absent"))
            #expect(!answer.text.contains("hunter2"))
            #expect(try await client.send(.get, "/admin/exchanges/keys").text == "[]")
        }
    }

    @Test func `no answer and no log line holds a secret, sealed or open (D8)`() async throws {
        try await with { api, client in
            let sealed = api.keys.sealed("hunter2")
            let passphrase = api.keys.sealed("open sesame")
            let added = try await client.send(
                .post, "/admin/exchanges/keys",
                body(api, "okx", secret: sealed, more: #","api_passphrase":"\#(passphrase)""#))
            #expect(added.status == .created, "\(added.text)")
            var texts = [added.text] + api.log.all
            for path in ["keys", "readiness", "key-pair"] {
                texts.append(try await client.send(.get, "/admin/exchanges/\(path)").text)
            }
            texts.append(try await client.send(.post, "/admin/exchanges/keys/1/check").text)
            for text in texts {
                for secret in ["hunter2", "open sesame", sealed, passphrase] {
                    #expect(!text.contains(secret), "\(text)")
                }
            }
        }
    }

    @Test func `a key_id that a client sends overwrites nothing (D8)`() async throws {
        try await with { api, client in
            _ = try await client.send(.post, "/admin/exchanges/keys", body(api))
            let second = try await client.send(
                .post, "/admin/exchanges/keys", body(api, key: "another", more: #","key_id":1"#)
            ).json()
            #expect(second["key_id"] == .number("2") && second["exchange_index"] == .string("account2"))
        }
    }

    @Test func `refused, unsupported, unreachable and taken have each an answer of their own (D34)`() async throws {
        try await with { api, client in
            func post(_ body: String) async throws -> (Int, String) {
                let answer = try await client.send(.post, "/admin/exchanges/keys", body)
                return (answer.status.code, answer.text)
            }
            let unsealed = try await post(body(api, secret: "hunter2"))
            #expect(unsealed.0 == 400)
            #expect(
                unsealed.1.contains("Failed to decrypt API secret. The provided key might be invalid or corrupted."))
            let kraken = try await post(body(api, "kraken"))
            #expect(kraken.0 == 400 && kraken.1.contains("Exchange kraken is not supported"))
            api.keys.exchange.say(.failure(.refused("wrong clock")))
            let refused = try await post(body(api))
            #expect(refused.0 == 400)
            #expect(refused.1.contains("Invalid API Key or Secret for binance. Verification failed: wrong clock"))
            api.keys.exchange.say(.failure(.unreachable("no answer")))
            let unreachable = try await post(body(api))
            #expect(unreachable.0 == 502 && unreachable.1.contains("Bad Gateway"))
            api.keys.exchange.say(.success(KeyPermissions(canRead: true, canTrade: true, canWithdraw: true)))
            let dangerous = try await post(body(api))
            #expect(dangerous.0 == 400 && dangerous.1.contains("allow_withdrawals"))
            api.keys.exchange.say(.success(KeyPermissions(canRead: true, canTrade: false, canWithdraw: false)))
            let reads = try await post(body(api))
            #expect(reads.0 == 400 && reads.1.contains("api_key with permissions read: must be able to trade"))
            api.keys.exchange.say(.success(KeyPermissions(canRead: true, canTrade: true, canWithdraw: true)))
            #expect(try await client.send(.get, "/admin/exchanges/keys").text == "[]")
            let insisted = try await post(body(api, more: #","allow_withdrawals":true,"exchange_index":"main""#))
            #expect(insisted.0 == 201)
            let taken = try await post(body(api, more: #","allow_withdrawals":true,"exchange_index":"main""#))
            #expect(taken.0 == 409)
            #expect(try await client.send(.post, "/admin/exchanges/keys/99/check").status == .notFound)
        }
    }

    @Test func `a key that withdrawals still need is a conflict in the usual envelope`() {
        let error = APIError(ExchangeKeyError.followsWithdrawals(account: "okx/default", key: 7, count: 2))
        let body = error.body.json
        #expect(error.status == 409 && body.contains(#""error":"Conflict""#) && body.contains(#""statusCode":409"#))
        #expect(body.contains("key_id 7: must stay") && body.contains("(2 pending, unknown or sent)"))
    }

    @Test func `why a key was refused is in the answers and in the list, by name and in words`() async throws {
        try await with { api, client in
            _ = try await client.send(.post, "/admin/exchanges/keys", body(api))
            func stored() async throws -> JSONValue {
                try #require(try await client.send(.get, "/admin/exchanges/keys").json().list().first)
            }
            #expect(try await stored()["fault_causes"] == .array([]))
            for cause in KeyCause.allCases {
                api.keys.exchange.say(.failure(.refused(cause.words, [cause])))
                let answer = try await client.send(.post, "/admin/exchanges/keys", body(api, "okx"))
                #expect(answer.status == .badRequest && answer.text.contains(cause.words))
                let checked = try await client.send(.post, "/admin/exchanges/keys/1/check").json()
                for key in [checked, try await stored()] {
                    #expect(key["fault"] == .string(cause.words))
                    #expect(key["fault_causes"] == .array([.string(cause.rawValue)]))
                }
            }
            api.keys.exchange.say(.success(KeyPermissions(canRead: true, canTrade: true, canWithdraw: false)))
            _ = try await client.send(.post, "/admin/exchanges/keys/1/check")
            #expect(try await stored()["fault"] == .null)
            #expect(try await stored()["fault_causes"] == .array([]))
        }
    }

    @Test(arguments: [
        (#","exchange_index":"a/b""#, "exchange_index"), (#","purpose":"both""#, "purpose"),
        (#","dead_mans_switch":0"#, "dead_mans_switch"), (#","receive_window":"x""#, "receive_window"),
        (#","base_url":"ftp://x""#, "base_url"), (#","base_url":"http://10.0.0.1""#, "base_url"),
        (#","base_url":"https://user@host""#, "base_url"), (#","base_url":"https://host/path""#, "base_url"),
        (#","stream_url":"wss://x""#, "stream_url"), (#","environment":"moon""#, "environment"),
        (#","environment":"testnet","base_url":"https://x""#, "environment"),
        (#","allow_withdrawals":"perhaps""#, "allow_withdrawals"),
    ])
    func `bad fields are 400s that name them`(_ bad: (String, String)) async throws {
        try await with { api, client in
            let answer = try await client.send(.post, "/admin/exchanges/keys", body(api, more: bad.0))
            #expect(answer.status == .badRequest && answer.text.contains("\"\(bad.1)"), "\(answer.text)")
        }
    }

    @Test func `addresses, test networks and the dead man's switch are kept with the key`() async throws {
        try await with { api, client in
            let custom =
                #","base_url":"http://127.0.0.1:9000","stream_url":"ws://127.0.0.1:9001","dead_mans_switch":30"#
            let key = try await client.send(.post, "/admin/exchanges/keys", body(api, "okx", more: custom)).json()
            #expect(key["environment"] == .string("custom") && key["base_url"] == .string("http://127.0.0.1:9000"))
            #expect(key["stream_url"] == .string("ws://127.0.0.1:9001") && key["dead_mans_switch"] == .number("30"))
            let test = try await client.send(
                .post, "/admin/exchanges/keys", body(api, more: #","environment":"testnet""#)
            ).json()
            #expect(test["environment"] == .string("testnet"))
        }
    }

    @Test func `a new encryption key is made on command, and the old public key opens nothing any more`() async throws {
        try await with { api, client in
            _ = try await client.send(.post, "/admin/exchanges/keys", body(api))
            let rotated = try await client.send(.post, "/admin/exchanges/encryption-key/rotate")
            #expect(rotated.status == .ok, "\(rotated.text)")
            let new = try rotated.json()["publicKey"]
            #expect(try await client.send(.get, "/admin/exchanges/key-pair").json()["publicKey"] == new)
            #expect(try await client.send(.post, "/admin/exchanges/keys", body(api)).status == .badRequest)
            #expect(try await client.send(.post, "/admin/exchanges/keys/1/check").json()["fault"] == .null)
        }
    }
}
