import Exchanges
import Logging
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import Networking

/// A stream of own orders that lives and tells nothing, through the sidecar: no process is needed to see it.
@Suite(.enabled(if: TestSidecar.isSetUp, Comment(rawValue: TestSidecar.absence)))
struct SidecarSilenceTests {
    private let time = ManualTime(Timestamp(nanoseconds: 1_764_000_000_000_000_000))

    private func desk() throws -> SidecarOrderDesk {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let setup = try SidecarSetup(
            environment: TestSidecar.environment, code: TestSidecar.code, folder: "/tmp/never-made")
        let connector = SidecarConnector(
            ExchangeID(rawValue: "some"), client: SidecarClient(setup, time: time, seed: 1, logger: logger),
            accounts: [:], time: time, logger: logger)
        let symbol = Symbol(base: AssetID("BTC"), quote: AssetID("USDT"))
        let instrument = Instrument(
            id: InstrumentID(exchange: ExchangeID(rawValue: "some"), symbol: symbol),
            unit: try BookUnit(price: "0.01", quantity: "0.001"),
            rules: TradingRules(priceRounding: .tick("0.01"), lotSize: "0.001"))
        let account = SidecarAccount(
            "default", session: "some/default", connector: connector, ids: SidecarClientIDs("text", nil))
        return SidecarOrderDesk(account, instrument)
    }

    /// Sent now, and accepted a little later.
    private func accept(_ desk: SidecarOrderDesk, _ number: UInt64) throws {
        let order = OrderRequest(
            id: try #require(ClientOrderID(rawValue: number)), side: .buy, price: Price(ticks: 100),
            quantity: Quantity(lots: 10))
        let sentAt = desk.milliseconds
        time.advance(byNanoseconds: Nanoseconds.milliseconds(50))
        desk.placed(order, .object([.text("id", "E\(number)")]), sentAt: sentAt)
    }

    private func pass(_ desk: SidecarOrderDesk, seconds: Int64) -> Bool {
        time.advance(byNanoseconds: Nanoseconds.seconds(seconds))
        desk.noteSilence()
        return desk.state.withLock { $0.trust.isDoubted }
    }

    private static let told = SidecarStreamUpdate.event(.array([.object([.text("id", "E9")])]))

    @Test func `it is noticed after ten seconds, until it tells of an order`() throws {
        let desk = try desk()
        desk.streamed(.alive, isOrders: true)
        time.advance(byNanoseconds: Nanoseconds.seconds(1))
        try accept(desk, 1)
        desk.streamed(.alive, isOrders: true)
        // What was traded others tell, and nothing at all tells nothing.
        desk.streamed(Self.told, isOrders: false)
        desk.streamed(.event(.array([])), isOrders: true)
        #expect(!pass(desk, seconds: 9))
        #expect(pass(desk, seconds: 1))
        desk.streamed(Self.told, isOrders: true)
        #expect(!pass(desk, seconds: 60))
    }

    @Test func `one that tells, is not there, or came after the order owes nothing`() throws {
        let desk = try desk()
        try accept(desk, 1)
        #expect(!pass(desk, seconds: 60), "it is not there")
        let sentAt = desk.milliseconds
        desk.streamed(.recovered, isOrders: true)
        let order = OrderRequest(
            id: try #require(ClientOrderID(rawValue: 2)), side: .buy, price: Price(ticks: 100),
            quantity: Quantity(lots: 10))
        desk.placed(order, .object([.text("id", "E2")]), sentAt: sentAt)
        #expect(!pass(desk, seconds: 60), "it came after it")
        try accept(desk, 3)
        desk.streamed(Self.told, isOrders: true)
        #expect(!pass(desk, seconds: 60), "it has told")
        try accept(desk, 4)
        desk.streamed(.lost("broken"), isOrders: true)
        #expect(!pass(desk, seconds: 60), "it is known to be lost")
    }
}
