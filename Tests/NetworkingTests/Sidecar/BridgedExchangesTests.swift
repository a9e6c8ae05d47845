import Exchanges
import Logging
import Networking
import Scheduling
import TestSupport
import Testing
import TradingCore

/// Keys of any exchange end up at whoever speaks to it.
@Suite struct BridgedExchangesTests {
    private func registry() throws -> ExchangeRegistry {
        ExchangeRegistry(
            Wires(
                time: SystemTime(), webSockets: try WebSocketClient(), memory: NoMemory(),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), seed: 1
            ) { _, _ throws(HTTPFailure) in throw .notSent("no network in this test") })
    }

    private func account(
        _ exchange: String, _ label: String = "default",
        _ environment: ExchangeAccountSettings.Environment = .production, deadMan: Int? = nil
    ) -> ExchangeAccountSettings {
        ExchangeAccountSettings(
            exchange: ExchangeID(rawValue: exchange), label: label,
            credentials: ExchangeCredentials(apiKey: "key-\(label)", secret: Secret("secret")),
            environment: environment,
            deadMansSwitchSeconds: deadMan)
    }

    @Test func `without a sidecar a key of another exchange is a problem that says so, and native ones go on`() throws {
        let exchanges = BridgedExchanges(
            native: try registry(), client: nil, absence: "not set up", time: SystemTime(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        defer { exchanges.close() }
        let problems = exchanges.refresh([account("binance"), account("kraken")])
        #expect(problems.map(\.exchange.rawValue) == ["kraken"])
        #expect(problems[0].message.contains("the sidecar is not set up"))
        #expect(exchanges.connectors.map(\.id.rawValue) == ["binance"])
    }

    @Test(.enabled(if: TestSidecar.isSetUp, Comment(rawValue: TestSidecar.absence)))
    func `accounts of other exchanges come, change and go through the sidecar`() async throws {
        try await TestSidecar.with { sidecar in
            let exchanges = BridgedExchanges(
                native: try registry(), client: sidecar.client, time: SystemTime(),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            defer { exchanges.close() }
            for _ in 0..<1_000 where !sidecar.client.condition.isConnected {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(exchanges.refresh([account("binance"), account("kraken"), account("kraken", "account2")]).isEmpty)
            #expect(exchanges.connectors.map(\.id.rawValue) == ["binance", "kraken"])
            let kraken = try #require(exchanges.connector(ExchangeID(rawValue: "kraken")))
            _ = try await kraken.account("account2")
            #expect(
                exchanges.states.filter { $0.exchange.rawValue == "kraken" }.map(\.label) == ["default", "account2"])
            let problems = exchanges.refresh([
                account("kraken"), account("kraken", "account2", .testnet), account("bitstamp", deadMan: 10),
            ])
            #expect(problems.map(\.exchange.rawValue).sorted() == ["bitstamp", "kraken"])
            await #expect(throws: ConnectorError.unknownAccount("account2")) {
                _ = try await kraken.account("account2")
            }
            #expect(exchanges.refresh([]).isEmpty)
            #expect(exchanges.connectors.isEmpty && exchanges.connector(ExchangeID(rawValue: "kraken")) == nil)
        }
    }
}
