import Exchanges
import Networking
import Persistence
import Scheduling
import Testing
import TradingCore

@testable import ExchangeKeys

/// Why a key is refused: wrong, without the permission, bound to other addresses, or signed with another clock.
@Suite struct KeyCauseTests {
    private struct Word: Sendable, CustomTestStringConvertible {
        var exchange: String
        var body: String
        var causes: [KeyCause]
        var status = 401
        var testDescription: String { "\(exchange) \(body)" }
    }

    private static let words: [Word] = [
        Word(
            exchange: "binance", body: #"{"code":-1022,"msg":"Signature for this request is not valid."}"#,
            causes: [.key]),
        Word(exchange: "binance", body: #"{"code":-2014,"msg":"API-key format invalid."}"#, causes: [.key]),
        Word(
            exchange: "binance", body: #"{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}"#,
            causes: [.key, .permission, .address]),
        Word(
            exchange: "binance",
            body: #"{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}"#,
            causes: [.clock], status: 400),
        Word(
            exchange: "binance",
            body: #"{"code":-2010,"msg":"Account has insufficient balance for requested action."}"#, causes: [],
            status: 400),
        Word(exchange: "bitfinex", body: #"["error",10100,"apikey: invalid"]"#, causes: [.key], status: 500),
        Word(exchange: "bitfinex", body: #"["error",10114,"nonce: small"]"#, causes: [.clock], status: 500),
        Word(exchange: "bitfinex", body: #"["error",10001,"Invalid order: minimum size"]"#, causes: [], status: 500),
        Word(
            exchange: "bybit", body: #"{"retCode":10003,"retMsg":"API key is invalid."}"#, causes: [.key], status: 200),
        Word(
            exchange: "bybit", body: #"{"retCode":10005,"retMsg":"Permission denied"}"#, causes: [.permission],
            status: 200),
        Word(exchange: "bybit", body: #"{"retCode":10010,"retMsg":"Unmatched IP"}"#, causes: [.address], status: 200),
        Word(
            exchange: "bybit",
            body: #"{"retCode":10002,"retMsg":"invalid request, please check your server timestamp"}"#,
            causes: [.clock], status: 200),
        Word(exchange: "gate", body: #"{"label":"INVALID_KEY","message":"Invalid key provided"}"#, causes: [.key]),
        Word(
            exchange: "gate", body: #"{"label":"READ_ONLY","message":"read only"}"#, causes: [.permission], status: 403),
        Word(exchange: "gate", body: #"{"label":"IP_FORBIDDEN","message":"x"}"#, causes: [.address], status: 403),
        Word(
            exchange: "gate",
            body: #"{"label":"REQUEST_EXPIRED","message":"gap between request Timestamp and server time exceeds 60"}"#,
            causes: [.clock]),
        Word(exchange: "kucoin", body: #"{"code":"400003","msg":"KC-API-KEY not exists"}"#, causes: [.key]),
        Word(exchange: "kucoin", body: #"{"code":"400004","msg":"Invalid KC-API-PASSPHRASE"}"#, causes: [.key]),
        Word(
            exchange: "kucoin", body: #"{"code":"400007","msg":"Access denied, require more permission"}"#,
            causes: [.permission]),
        Word(
            exchange: "kucoin", body: #"{"code":"400006","msg":"The IP address is not in the API whitelist"}"#,
            causes: [.address]),
        Word(
            exchange: "kucoin", body: #"{"code":"400002","msg":"KC-API-TIMESTAMP Invalid"}"#, causes: [.clock],
            status: 400),
        Word(
            exchange: "mexc", body: #"{"code":700002,"msg":"Signature for this request is not valid."}"#,
            causes: [.key], status: 400),
        Word(
            exchange: "mexc", body: #"{"code":700007,"msg":"No permission to access the endpoint."}"#,
            causes: [.permission], status: 403),
        Word(
            exchange: "mexc", body: #"{"code":700006,"msg":"IP [1.2.3.4] not in the ip white list"}"#,
            causes: [.address], status: 400),
        Word(
            exchange: "mexc",
            body: #"{"code":700003,"msg":"Timestamp for this request is outside of the recvWindow."}"#,
            causes: [.clock], status: 400),
        Word(exchange: "okx", body: #"{"code":"50111","msg":"Invalid OK-ACCESS-KEY","data":[]}"#, causes: [.key]),
        Word(
            exchange: "okx",
            body: #"{"code":"50120","msg":"This API key doesn't have permission to use this function","data":[]}"#,
            causes: [.permission]),
        Word(
            exchange: "okx",
            body:
                #"{"code":"50110","msg":"Your IP 1.2.3.4 is not included in your API key's IP whitelist.","data":[]}"#,
            causes: [.address]),
        Word(exchange: "okx", body: #"{"code":"50102","msg":"Timestamp request expired","data":[]}"#, causes: [.clock]),
    ]

    @Test(arguments: words) private func `an exchange's own words say which`(_ word: Word) throws {
        let settings = ExchangeAccountSettings(
            exchange: ExchangeID(rawValue: word.exchange),
            credentials: ExchangeCredentials(apiKey: "k", secret: Secret("s"), passphrase: Secret("p")))
        let dialect = try NativeExchange.dialect(settings)
        let call = try dialect.balances([])
        let failure = #expect(throws: ExchangeFailure.self) {
            _ = try call.answer(in: EndpointAnswer(status: word.status, body: Array(word.body.utf8)), dialect)
        }
        #expect(failure?.keyCauses == word.causes, "\(String(describing: failure))")
    }

    @Test func `ccxt's classes of error say which`() {
        let classes: [(String, [KeyCause])] = [
            ("AuthenticationError", [.key, .address]), ("PermissionDenied", [.permission, .address]),
            ("InvalidNonce", [.clock]), ("InsufficientFunds", []),
        ]
        for (name, causes) in classes {
            #expect(SidecarFailure(.refused, name: name, message: "x").keyCauses == causes)
            // A wrong clock ccxt counts among the network's troubles, of whose outcome nothing is known.
            let ofUnknown: [KeyCause] = name == "InvalidNonce" ? [.clock] : []
            #expect(SidecarFailure(.unknown, name: name, message: "x").keyCauses == ofUnknown)
        }
    }

    @Test func `what an exchange has against a stored key is kept with it, and goes when it is accepted`() async throws
    {
        try await withKeys { bench in
            let id = try await bench.keyring.add(bench.new()).id
            bench.validator.say { _ in .failure(.refused("bound elsewhere", [.permission, .address])) }
            #expect(try await bench.keyring.check(id).faultCauses == [.permission, .address])
            #expect(try await bench.keyring.list().map(\.faultCauses) == [[.permission, .address]])
            // A failure that says nothing of the key.
            bench.validator.say { _ in .failure(.unreachable("no answer")) }
            let unreached = try await bench.keyring.check(id)
            #expect(unreached.fault == "not reached: no answer" && unreached.faultCauses.isEmpty)
            bench.validator.say { _ in .success(KeyPermissions(canRead: true, canTrade: true, canWithdraw: false)) }
            let before = bench.holder.knownGood.count
            #expect(try await bench.keyring.check(id).faultCauses.isEmpty)
            #expect(bench.holder.knownGood.count == before + 1, "who trades with it asks the exchange again")
        }
    }

    @Test func `what trading meets is in the list at once, without the secret that the exchange may repeat`()
        async throws
    {
        try await withKeys { bench in
            let id = try await bench.keyring.add(bench.new()).id
            var state = ExchangeAccountState(
                exchange: ExchangeID(rawValue: "binance"), label: "default", isStreaming: true, fault: nil,
                safety: .none,
                unattended: [:])
            state.keyRefusal = ExchangeFailure(
                .permissionDenied, exchange: "binance", endpoint: "POST /api/v3/order", message: "hunter2 may not")
            bench.holder.tell([state])
            let view = try #require(try await bench.keyring.list().first)
            #expect(view.faultCauses == [.permission, .address])
            #expect(view.fault?.contains("has not the permission") == true && view.fault?.contains("hunter2") == false)
            #expect(try await bench.keyring.check(id).faultCauses == [.permission, .address])
            // What the last check said stands first.
            bench.validator.say { _ in .failure(.refused("gone", [.key])) }
            #expect(try await bench.keyring.check(id).faultCauses == [.key])
            bench.holder.tell([])
            bench.validator.say { _ in .success(KeyPermissions(canRead: true, canTrade: true, canWithdraw: false)) }
            #expect(try await bench.keyring.check(id).fault == nil)
        }
    }
}
