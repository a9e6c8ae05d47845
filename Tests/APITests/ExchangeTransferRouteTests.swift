import ExchangeKeys
import Exchanges
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing
import TradingCore

@testable import API

/// Deposit addresses and withdrawals over HTTP.
@Suite struct ExchangeTransferRouteTests {
    private static let deposit = #"{"exchange":"Binance","apiKeyId":7,"symbol":"usdt","network":"TRC20"}"#
    private static let withdrawal =
        #"{"exchange":"binance","apiKeyId":"7","symbol":"USDT","network":"TRC20","address":"TAbc","amount":"12.5","requestId":"r1"}"#

    @Test func `what operators have said of withdrawals is listed, by withdrawal and by page`() async throws {
        let api = try TestAPI()
        try await api.withClient { client in
            let token = try await TestAPI.token(client)
            @Sendable func ask(
                _ path: String, _ method: HTTPRequest.Method = .get, _ body: String = ""
            ) async throws -> TestResponse {
                try await client.execute(
                    uri: path, method: method,
                    headers: [.contentType: "application/json", .authorization: "Bearer \(token)"],
                    body: ByteBuffer(string: body))
            }
            _ = try await ask("/exchange/withdrawal/create", .post, Self.withdrawal)
            for body in [
                #"{"outcome":"neverLeft","note":"n"}"#,
                #"{"outcome":"sent","exchangeId":"W1","note":"m","force":true}"#,
            ] {
                #expect(try await ask("/admin/exchanges/withdrawals/1/resolve", .post, body).status == .ok)
            }
            let path = "/admin/exchanges/withdrawals/verdicts"
            func numbers(_ query: String) async throws -> [Substring] {
                let text = String(buffer: try await ask(path + query).body)
                return text.split(separator: #""number":"#).dropFirst().map { $0.prefix(while: \.isNumber) }
            }
            #expect(try await numbers("") == ["2", "1"])
            #expect(try await numbers("?withdrawal=1") == ["1"])
            #expect(try await numbers("?before=2") == ["1"])
            #expect(try await numbers("?limit=1") == ["2"])
            let text = String(buffer: try await ask(path + "?limit=1").body)
            for part in [
                #""outcome":"sent""#, #""exchangeId":"W1""#, #""note":"m""#, #""force":true"#, #""withdrawal":2"#,
            ] {
                #expect(text.contains(part), "\(text)")
            }
            for query in ["?withdrawal=0", "?before=x", "?limit=501"] {
                #expect(try await ask(path + query).status == .badRequest)
            }
            let stranger = try await client.execute(uri: path, method: .get)
            #expect(stranger.status == .unauthorized)
        }
    }

    private func with(
        _ body: @Sendable (TestAPI, @Sendable (String, String) async throws -> TestResponse) async throws -> Void
    ) async throws {
        let api = try TestAPI()
        try await api.withClient { client in
            let token = try await TestAPI.token(client)
            try await body(api) { path, text in
                try await client.execute(
                    uri: path, method: .post,
                    headers: [.contentType: "application/json", .authorization: "Bearer \(token)"],
                    body: ByteBuffer(string: text))
            }
        }
    }

    @Test func `H25: what may travel is named network by network, and a name that is none is told`() throws {
        let good = try ServerConfiguration(environment: ["TRANSFER_NETWORKS": "binance:usdt:trc20, okx:BTC:Lightning"])
        #expect(good.transferNetworks.networks(ExchangeID(rawValue: "binance"), "USDT") == ["TRC20"])
        #expect(good.transferNetworks.networks(ExchangeID(rawValue: "okx"), "BTC") == ["LIGHTNING"])
        #expect(good.transferNetworks.networks(ExchangeID(rawValue: "okx"), "USDT") == [])
        #expect(try ServerConfiguration(environment: [:]).transferNetworks == .nothing)
        for bad in ["binance:USDT", "binance::TRC20", "binance:USDT:TRC20:x", "USDT", "binance:USDT:TRC\u{7}20"] {
            let error = #expect(throws: ConfigurationErrors.self) {
                try ServerConfiguration(environment: ["TRANSFER_NETWORKS": bad])
            }
            #expect(try #require(error).lines.first?.hasPrefix("TRANSFER_NETWORKS ") == true)
        }
    }

    @Test func `D26: what is sent is bound, and the result comes back`() async throws {
        try await with { api, post in
            let address = try await post("/exchange/deposit/create", Self.deposit)
            #expect(address.status == .created)
            #expect(String(buffer: address.body) == #"{"address":"TAbc","memo":"","network":"TRC20"}"#)
            let place = TransferPlace(
                exchange: ExchangeID(rawValue: "binance"), keyID: 7, asset: AssetID("USDT"), network: "TRC20")
            #expect(api.transfers.places == [place])
            let sent = try await post("/exchange/withdrawal/create", Self.withdrawal)
            #expect(sent.status == .created)
            let text = String(buffer: sent.body)
            #expect(
                text.contains(#""id":"W1""#) && text.contains(#""amount":12.5"#) && text.contains(#""status":"sent""#))
            #expect(
                api.transfers.orders == [
                    WithdrawalOrder(place: place, address: "TAbc", tag: nil, amount: "12.5", requestID: "r1")
                ])
        }
    }

    @Test func `that a withdrawal is sent although it may have been is said by nobody but the operator`() async throws {
        try await with { api, post in
            for (member, isAllowed) in [
                ("", false), (#","allowRepeat":false"#, false), (#","allowRepeat":true"#, true),
            ] {
                let answer = try await post(
                    "/exchange/withdrawal/create", String(Self.withdrawal.dropLast()) + member + "}")
                #expect(answer.status == .created)
                #expect(api.transfers.orders.last?.isRepeatAllowed == isAllowed)
            }
            let bad = try await post(
                "/exchange/withdrawal/create", String(Self.withdrawal.dropLast()) + #","allowRepeat":"perhaps"}"#)
            #expect(bad.status == .badRequest && String(buffer: bad.body).contains("allowRepeat"))
        }
    }

    @Test func `D26: an unknown key is a 404, and every refusal has its status`() async throws {
        try await with { api, post in
            let cases: [(TransferError, Int)] = [
                (.unknownKey(7), 404), (.invalid(["network x: must be y"]), 400), (.refused("no"), 422),
                (.unreachable("x"), 502), (.contradicted("x"), 502), (.repeated("x"), 409), (.heldBack("x"), 429),
                (.unknownWithdrawal(1), 404), (.notByHand("x"), 409),
                (.storageUnavailable("x"), 503),
            ]
            for (error, status) in cases {
                api.transfers.fail(error)
                for (path, body) in [("deposit", Self.deposit), ("withdrawal", Self.withdrawal)] {
                    let answer = try await post("/exchange/\(path)/create", body)
                    #expect(answer.status.code == status)
                }
            }
            api.transfers.fail(nil)
            for (end, status) in [
                (Withdrawal.Status.unknown, 202), (.pending, 202), (.refused, 422), (.confirmed, 201), (.failed, 422),
                (.cancelled, 422),
            ] {
                api.transfers.end(end)
                let answer = try await post("/exchange/withdrawal/create", Self.withdrawal)
                #expect(answer.status.code == status)
            }
        }
    }

    @Test(arguments: [
        ("exchange", "null"), ("apiKeyId", "-1"), ("apiKeyId", "\"x\""), ("symbol", "{}"), ("network", "\"\""),
        ("amount", "0"), ("amount", "-3"), ("amount", "\"1e999\""), ("amount", "[]"), ("address", "\"a b\""),
        ("address", "\"\""), ("address", "\"T\\u00a0Abc\""), ("address", "\"TAbc\\u200b\""), ("address", "\"TÄbc\""),
        ("tag", "\"7\\u00a0\""), ("requestId", "\"r\\u00a0\""), ("requestId", "\"r\\u2060\""),
        ("requestId", "\"r\\u3164\""), ("tag", "\"a\\u0000\""), ("requestId", "{}"),
    ])
    func `what cannot be is told by field, and nothing is asked`(_ field: String, _ value: String) async throws {
        try await with { api, post in
            let members = [
                ("exchange", "\"binance\""), ("apiKeyId", "7"), ("symbol", "\"USDT\""), ("network", "\"TRC20\""),
                ("address", "\"TAbc\""), ("amount", "\"1\""), ("tag", "\"7\""), ("requestId", "\"r\""),
            ]
            let body = members.map { "\"\($0.0)\":\($0.0 == field ? value : $0.1)" }.joined(separator: ",")
            let answer = try await post("/exchange/withdrawal/create", "{\(body)}")
            #expect(answer.status == .badRequest && String(buffer: answer.body).contains(field))
            #expect(api.transfers.orders.isEmpty)
        }
    }

    @Test(arguments: ["[]", "[1]", "[{}]", "null", "7", "\"x\"", "true"])
    func `a body that is no object is told to be none`(_ body: String) async throws {
        try await with { api, post in
            for path in ["/exchange/withdrawal/create", "/exchange/deposit/create"] {
                let answer = try await post(path, body)
                #expect(answer.status == .badRequest)
                #expect(String(buffer: answer.body).contains("The body must be a JSON object"))
            }
            #expect(api.transfers.orders.isEmpty)
        }
    }

    @Test func `an operator's word on a withdrawal is whole, or refused by field`() async throws {
        try await with { api, post in
            let path = "/admin/exchanges/withdrawals/1/resolve"
            _ = try await post("/exchange/withdrawal/create", Self.withdrawal)
            let good: [(String, WithdrawalVerdict)] = [
                (#"{"outcome":"neverLeft","note":"n"}"#, WithdrawalVerdict(.neverLeft, note: "n")),
                (
                    #"{"outcome":"neverLeft","note":"n","force":true}"#,
                    WithdrawalVerdict(.neverLeft, note: "n", isInsisted: true)
                ),
                (
                    #"{"outcome":"sent","exchangeId":"W1","note":"n"}"#,
                    WithdrawalVerdict(.sent(exchangeID: "W1"), note: "n")
                ),
            ]
            for (body, verdict) in good {
                #expect(try await post(path, body).status == .ok)
                #expect(api.transfers.verdicts.last == verdict)
            }
            for (body, field) in [
                (#"{"note":"n"}"#, "outcome"), (#"{"outcome":"paid","note":"n"}"#, "outcome"),
                (#"{"outcome":"neverLeft"}"#, "note"), (#"{"outcome":"neverLeft","note":"a\nb"}"#, "note"),
                (#"{"outcome":"sent","note":"n"}"#, "exchangeId"),
                (#"{"outcome":"neverLeft","exchangeId":"W1","note":"n"}"#, "exchangeId"),
                (#"{"outcome":"sent","exchangeId":"W 1","note":"n"}"#, "exchangeId"),
            ] {
                let answer = try await post(path, body)
                #expect(answer.status == .badRequest && String(buffer: answer.body).contains(field), "\(body)")
            }
            #expect(api.transfers.verdicts.count == good.count)
        }
    }
}
