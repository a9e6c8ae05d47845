import Exchanges
import Logging
import Networking
import Persistence
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import ExchangeKeys

/// The whole way of a key: sealed by the client, opened here, shown to the paper exchange over its sockets, stored or not.
@Suite(.timeLimit(.minutes(10))) struct PaperKeyTests {
    private func withValidator(_ body: (NetworkKeyValidator, KeyConnection) async throws -> Void) async throws {
        try await PaperBinance.with { port in
            let caller = try HTTPCaller(.init(deadline: 60_000, connecting: 60_000))
            let validator = NetworkKeyValidator(time: SystemTime()) { (request, milliseconds) throws(HTTPFailure) in
                try await caller.send(request, within: milliseconds)
            }
            let connection = KeyConnection(environment: .custom(.init(rest: "http://127.0.0.1:\(port)")))
            do { try await body(validator, connection) } catch {
                await caller.shutdown()
                throw error
            }
            await caller.shutdown()
        }
    }

    private func settings(
        _ key: String, _ connection: KeyConnection, secret: String = PaperBinance.secret
    )
        -> ExchangeAccountSettings
    {
        ExchangeAccountSettings(
            exchange: ExchangeID(rawValue: "binance"),
            credentials: ExchangeCredentials(apiKey: key, secret: Secret(secret)), environment: connection.environment)
    }

    @Test func `each key is told with what it may do`() async throws {
        try await withValidator { validator, connection in
            func names(_ key: String) async throws -> [String] {
                try await validator.permissions(of: settings(key, connection)).names
            }
            #expect(try await names("trades") == ["read", "trade"])
            #expect(try await names("withdraws") == ["read", "trade", "withdraw"])
            #expect(try await names("looks") == ["read"])
            let bound = try await validator.permissions(of: settings("at-home", connection))
            #expect(bound.isBoundToAddresses == true && bound.canTrade == true)
            let free = try await validator.permissions(of: settings("trades", connection))
            #expect(free.isBoundToAddresses == false)
        }
    }

    @Test func `a key that may not read, one bound to another address, a wrong secret: each an error that says so`()
        async throws
    {
        try await withValidator { validator, connection in
            for (key, secret, words) in [
                ("blind", PaperBinance.secret, "-2015"), ("elsewhere", PaperBinance.secret, "-2015"),
                ("trades", "another", "-1022"), ("nobodys", PaperBinance.secret, "-2015"),
            ] {
                do throws(KeyRefusal) {
                    _ = try await validator.permissions(of: settings(key, connection, secret: secret))
                    Issue.record("\(key) was let in")
                } catch {
                    guard case .refused(let why, let causes) = error else {
                        Issue.record("\(key): \(error)")
                        continue
                    }
                    #expect(why.contains(words) && !why.contains(secret), "\(why)")
                    #expect(causes == (words == "-1022" ? [.key] : [.key, .permission, .address]))
                    if key == "elsewhere" { #expect(why.contains("IP addresses")) }
                }
            }
        }
    }

    @Test
    func `a trading key that can withdraw is refused, stored where the operator insists, welcome for withdrawals`()
        async throws
    {
        try await withValidator { validator, connection in
            try await withTemporaryDatabase(.sqlite, KeyBench.migrations) { database in
                let bench = try KeyBench(database)
                let keyring = ExchangeKeyring(
                    database: database, encryption: bench.key, file: bench.file, validator: validator,
                    holder: bench.holder, users: { _ in [] },
                    alarms: AlarmClock(time: bench.time, registry: ScheduleRegistry()), time: SystemTime(),
                    logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
                func new(
                    _ key: String, _ purpose: ExchangeKey.Purpose = .trade, insists: Bool = false
                ) throws -> NewExchangeKey {
                    var new = try bench.new(
                        purpose: purpose, apiKey: key, secret: PaperBinance.secret, mayWithdraw: insists)
                    new.connection = connection
                    return new
                }
                let error = await #expect(throws: ExchangeKeyError.self) { try await keyring.add(new("withdraws")) }
                #expect(error == .canWithdraw(exchange: "binance"))
                #expect(try await bench.rows().isEmpty)
                _ = try await keyring.add(new("trades"))
                _ = try await keyring.add(new("withdraws", .withdraw))
                await #expect(throws: ExchangeKeyError.self, "one that takes money out trades no more") {
                    try await keyring.add(new("withdraws", insists: true))
                }
                #expect(try await keyring.remove(2, force: false))
                _ = try await keyring.add(new("withdraws", insists: true))
                let stored = try await bench.rows()
                #expect(stored.map(\.apiKey) == ["trades", "withdraws"])
                #expect(stored.map(\.permissions.canWithdraw) == [false, true])
                #expect(stored.map(\.id) == [1, 3], "no key gets the number of one that is gone")
                #expect(stored.allSatisfy { $0.checkedAt != nil })
            }
        }
    }
}
