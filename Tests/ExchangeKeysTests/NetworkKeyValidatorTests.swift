import Crypto
import Exchanges
import Foundation
import Networking
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import ExchangeKeys

/// The real validator, over real sockets, against exchanges that check every signature.
@Suite(.timeLimit(.minutes(10))) struct NetworkKeyValidatorTests {
    private static let secret = "hunter2"
    /// The exchange's clock and ours, which nothing moves: however slow the machine, no signature gets old.
    private static let clock = SteppedTime()

    private static var milliseconds: Int64 { clock.now().nanoseconds / Nanoseconds.perMillisecond }

    private static func hex(_ text: String) -> String {
        HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: Data(secret.utf8)))
            .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func base64(_ text: String) -> String {
        Data(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: Data(secret.utf8))))
            .base64EncodedString()
    }

    /// Binance, as its documentation says: the signature is the last field and covers all before it.
    private static func binance(
        rights: String =
            #"{"ipRestrict":true,"enableReading":true,"enableSpotAndMarginTrading":true,"enableWithdrawals":false}"#,
        ahead: Int64 = 0
    ) -> PlayedServer.Answer {
        { request in
            let now = milliseconds + ahead
            if request.path == "/api/v3/time" { return (200, "{\"serverTime\":\(now)}") }
            guard let mark = request.query.range(of: "&signature=") else {
                return (400, #"{"code":-1102,"msg":"Mandatory parameter 'signature' was not sent."}"#)
            }
            guard request.header("X-MBX-APIKEY") == "api-key-1" else {
                return (401, #"{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}"#)
            }
            guard hex(String(request.query[..<mark.lowerBound])) == request.query[mark.upperBound...] else {
                return (400, #"{"code":-1022,"msg":"Signature for this request is not valid."}"#)
            }
            let time = request.query.split(separator: "&").first { $0.hasPrefix("timestamp=") }
                .flatMap { Int64($0.dropFirst(10)) }
            guard let time, abs(time - now) < 5_000 else {
                return (400, #"{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}"#)
            }
            switch request.path {
            case "/sapi/v1/account/apiRestrictions": return (200, rights)
            case "/api/v3/account": return (200, #"{"balances":[],"canTrade":true,"uid":354937868}"#)
            default: return (404, "{}")
            }
        }
    }

    private func check(
        _ server: PlayedServer, _ exchange: String = "binance", secret: String = Self.secret, key: String = "api-key-1",
        passphrase: String? = nil, patience: Int64 = 8_000
    ) async throws -> Result<KeyPermissions, KeyRefusal> {
        let caller = try HTTPCaller(.init(deadline: 60_000, connecting: 60_000))
        let validator = NetworkKeyValidator(time: Self.clock, patience: patience) {
            (request, milliseconds) throws(HTTPFailure) in try await caller.send(request, within: milliseconds)
        }
        let account = ExchangeAccountSettings(
            exchange: ExchangeID(rawValue: exchange),
            credentials: ExchangeCredentials(
                apiKey: key, secret: Secret(secret), passphrase: passphrase.map { Secret($0) }),
            environment: .custom(.init(rest: "http://127.0.0.1:\(server.port)")))
        #expect(validator.supports(account.exchange))
        let outcome: Result<KeyPermissions, KeyRefusal>
        do throws(KeyRefusal) { outcome = .success(try await validator.permissions(of: account)) } catch {
            outcome = .failure(error)
        }
        await caller.shutdown()
        return outcome
    }

    private func refusal(_ outcome: Result<KeyPermissions, KeyRefusal>) -> String? {
        if case .failure(.refused(let why, _)) = outcome { why } else { nil }
    }

    @Test func `a good key is told with what it may do, its signature checked by the exchange`() async throws {
        try await PlayedServer.with(Self.binance()) { server in
            let permissions = try await check(server).get()
            #expect(permissions.names == ["read", "trade"] && permissions.isBoundToAddresses == true)
            #expect(
                server.requests.map(\.path) == ["/api/v3/time", "/sapi/v1/account/apiRestrictions", "/api/v3/account"])
        }
    }

    @Test func `wrong key, wrong secret: an error that says which, without either`() async throws {
        try await PlayedServer.with(Self.binance()) { server in
            let key = try #require(refusal(try await check(server, key: "another")))
            #expect(key.contains("key, secret or passphrase are wrong") || key.contains("bound to other IP addresses"))
            let secret = try #require(refusal(try await check(server, secret: "wrong-secret")))
            #expect(secret.contains("secret") && secret.contains("-1022"))
            #expect(!secret.contains("wrong-secret"))
        }
    }

    @Test func `our clock an hour off is measured first, and refuses no good key`() async throws {
        try await PlayedServer.with(Self.binance(ahead: 3_600_000)) { server in
            let permissions = try await check(server).get()
            #expect(permissions.names == ["read", "trade"])
            #expect(permissions.accountID == "354937868", "two labels of one account would count its funds twice")
        }
    }

    @Test func `an exchange's repeated secret does not reach the error`() async throws {
        try await PlayedServer.with({ request in
            request.path.hasSuffix("time")
                ? (200, "{\"serverTime\":\(Self.milliseconds)}")
                : (401, #"{"code":-2014,"msg":"API-key format invalid: hunter2"}"#)
        }) { server in
            let why = try #require(refusal(try await check(server)))
            #expect(!why.contains("hunter2") && why.contains("***"))
        }
    }

    @Test func `where the exchange does not tell, balances show that the key is good, and the rest is unknown`()
        async throws
    {
        try await PlayedServer.with({ request in
            request.path == "/sapi/v1/account/apiRestrictions"
                ? (404, "<html>not here</html>") : Self.binance()(request)
        }) { server in
            let permissions = try await check(server).get()
            #expect(permissions.names == ["read", "unknown"])
        }
    }

    @Test func `no answer is unreachable, not a wrong key (D34)`() async throws {
        try await PlayedServer.with({ _ in (503, "<html>maintenance</html>") }) { server in
            guard case .failure(.unreachable) = try await check(server) else {
                Issue.record("an exchange in maintenance says nothing of a key")
                return
            }
        }
    }

    @Test func `a passphrase is sent where the exchange has one, and asked for where it is missing (D30)`() async throws
    {
        try await PlayedServer.with({ request in
            if request.path == "/api/v5/public/time" {
                return (200, #"{"code":"0","data":[{"ts":"\#(Self.milliseconds)"}]}"#)
            }
            let stamp = request.header("OK-ACCESS-TIMESTAMP") ?? ""
            let path = request.query.isEmpty ? request.path : request.path + "?" + request.query
            guard request.header("OK-ACCESS-SIGN") == Self.base64(stamp + request.method + path) else {
                return (401, #"{"code":"50113","msg":"Invalid Sign"}"#)
            }
            guard request.header("OK-ACCESS-PASSPHRASE") == "open sesame" else {
                return (401, #"{"code":"50105","msg":"Request header OK-ACCESS-PASSPHRASE incorrect."}"#)
            }
            return (200, #"{"code":"0","data":[{"perm":"read_only,trade,withdraw","ip":""}],"msg":""}"#)
        }) { server in
            let permissions = try await check(server, "okx", passphrase: "open sesame").get()
            #expect(permissions.names == ["read", "trade", "withdraw"])
            let wrong = try #require(refusal(try await check(server, "okx", passphrase: "wrong")))
            #expect(wrong.contains("50105") && wrong.contains("passphrase"))
            guard case .failure(.settings(let fault)) = try await check(server, "okx") else {
                Issue.record("taken without a passphrase")
                return
            }
            #expect(fault.hasPrefix("passphrase"))
        }
    }
}
