import Exchanges
import Logging
import Scheduling
import Simulators
import TestSupport
import TradingCore

/// The paper exchange on a port, with alice's keys: one for every set of permissions that matters.
enum PaperBinance {
    static let secret = "hunter2"

    private static let keys: [(String, SpotPermissions)] = [
        ("trades", SpotPermissions()), ("withdraws", SpotPermissions(canWithdraw: true)),
        ("looks", SpotPermissions(canTrade: false)), ("blind", SpotPermissions(canRead: false)),
        ("at-home", SpotPermissions(addresses: ["127.0.0.1"])), ("elsewhere", SpotPermissions(addresses: ["10.0.0.1"])),
    ]

    static func with(_ body: (Int) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        let (time, logger) = (SystemTime(), Logger(label: "paper", factory: { _ in SwiftLogNoOpLogHandler() }))
        let account = SpotAccount(
            name: "alice", keys: keys.map { SpotKey($0.0, .secret(Secret(secret)), $0.1) },
            funds: ["USDT": "1000", "BTC": "1"])
        let exchange = try await SpotExchange.open(
            SpotConfiguration(listings: PaperExchangeConfiguration.generated(seed: 1).listings, accounts: [account]),
            path: folder.path + "/paper.db", time: time, logger: logger)
        let (ports, port) = AsyncStream<Int>.makeStream()
        let running = Task { await exchange.run() }
        let serving = Task {
            try await SpotServer(exchange, port: 0, time: time, logger: logger).run { port.yield($0) }
        }
        func end() async {
            serving.cancel()
            _ = try? await serving.value
            running.cancel()
            await running.value
        }
        do {
            for await port in ports {
                try await body(port)
                break
            }
        } catch {
            await end()
            throw error
        }
        await end()
    }
}
