import Exchanges
import Scheduling
import Synchronization
import Testing
import TradingCore

@testable import Networking

extension LiveConnectorTests {
    /// An account whose stream cannot be relied on, and whose questions fail too: then nothing tells of it.
    @Suite struct SilentAccountTests {
        private static let symbol = VenueHarness.symbol
        /// Part of the path of the question that is asked for open orders.
        private static let question: [Tongue: String] = [.binance: "openOrders", .okx: "orders-pending"]

        /// Has the stream doubted, with an order resting.
        private func doubt(_ harness: VenueHarness, _ account: any ExchangeAccount) async throws {
            harness.model.change { $0.isAccountMute = true }
            let id = try await harness.place(account, try await harness.request(3_100))
            try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
            try await harness.wait("the silence is noticed") { harness.told.contains(.lost) }
            try await harness.wait("questions stand in") { !harness.isLost }
        }

        @Test(arguments: [Tongue.binance, .okx])
        func `an account that neither stream nor questions tell of is not traded on`(_ tongue: Tongue) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                try await doubt(harness, account)
                harness.model.change { $0.broken = Self.question[tongue] }
                let begun = harness.time.milliseconds
                try await harness.wait("it is lost again") { harness.isLost }
                // A look every three seconds, and what a busy machine adds.
                #expect(harness.time.milliseconds - begun < 30_000)
                let fault = harness.registry.states.first?.fault
                #expect(fault == "neither stream nor questions tell of the account")
                let placed = try await harness.place(account, try await harness.request(3_101))
                try await harness.wait("placements pass") { harness.timesPlaced(placed) == 1 }
                try await harness.pass(seconds: 10)
                #expect(harness.isLost)
                harness.model.change { $0.broken = nil }
                try await harness.wait("questions stand in again") { !harness.isLost }
                let state = try #require(harness.registry.states.first)
                #expect(!state.isStreaming && state.fault?.contains("tells nothing of what is accepted") == true)
            }
        }

        @Test func `a stream that is not relied on does not make an account's data fresh by living`() async throws {
            try await VenueHarness.with(.binance) { harness, account in
                let livesTold = Mutex(0)
                let subscription = try await account.subscribe(Self.symbol) { update in
                    if update == .alive { livesTold.withLock { $0 += 1 } }
                }
                defer { subscription.cancel() }
                func live() {
                    for (connection, topics) in harness.model.read({ $0.listened }) where topics.contains("account") {
                        harness.server.push(#"{"subscriptionId":0,"event":{"e":"listStatus"}}"#, to: connection)
                    }
                }
                live()
                try await harness.wait("it is fresh") { livesTold.withLock { $0 } > 0 }
                try await doubt(harness, account)
                let before = livesTold.withLock { $0 }
                try await harness.wait("questions make it fresh") { livesTold.withLock { $0 } > before }
                harness.model.change { $0.broken = Self.question[.binance] }
                try await harness.wait("it is lost again") { harness.isLost }
                let lost = livesTold.withLock { $0 }
                live()
                try await harness.pass(seconds: 10)
                #expect(livesTold.withLock { $0 } == lost)
            }
        }

        @Test(arguments: [Tongue.binance, .okx])
        func `a stream that is back is relied on once the exchange has answered what is open`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, _ in
                harness.model.change { $0.broken = Self.question[tongue] }
                for (connection, topics) in harness.model.read({ $0.listened }) where !topics.contains("market") {
                    harness.server.hangUp(connection)
                }
                try await harness.wait("it is lost") { harness.isLost }
                try await harness.wait("the stream is back") { harness.registry.states.first?.isStreaming == true }
                try await harness.pass(seconds: 10)
                #expect(harness.isLost)
                harness.model.change { $0.broken = nil }
                try await harness.wait("it is traded on") { !harness.isLost }
                #expect(harness.registry.states.first?.fault == nil)
            }
        }

        /// As when a fill could not be counted while the look that comes with the subscription was under way: that look ends the loss.
        @Test func `a loss that is over leaves no fault behind`() async throws {
            try await VenueHarness.with(.binance) { harness, account in
                let connected = try #require(account as? DialectAccount)
                try await harness.wait("it is there") { harness.registry.states.first?.isStreaming == true }
                connected.lose("a fill could not be counted")
                #expect(harness.registry.states.first?.fault == "a fill could not be counted")
                connected.recover()
                #expect(harness.registry.states.first?.fault == nil)
                #expect(harness.told.suffix(2) == [.lost, .recovered])
            }
        }

        /// The exchange had told of it before anybody listened.
        @Test func `of an order that was sent while the stream was away no word is owed`() async throws {
            var pace = ConnectorPace()
            (pace.shortestReconnect, pace.longestReconnect) = (8_000, 8_000)
            pace.request = 60_000
            try await VenueHarness.with(.binance, limits: pace) { harness, account in
                for (connection, topics) in harness.model.read({ $0.listened }) where topics.contains("account") {
                    harness.server.hangUp(connection)
                }
                try await harness.wait("it is gone") { harness.registry.states.first?.isStreaming == false }
                harness.model.change { $0.placements = [.answerLate(20_000)] }
                let id = try await harness.place(account, try await harness.request(3_102))
                try await harness.wait("it is placed") { harness.timesPlaced(id) == 1 }
                try #require(harness.registry.states.first?.isStreaming == false)
                try await harness.wait("the stream is back") { harness.registry.states.first?.isStreaming == true }
                let connected = try #require(account as? DialectAccount)
                #expect(!connected.state.withLock { $0.departures.isEmpty }, "it is not answered yet")
                try await harness.wait("it is answered") { connected.state.withLock { $0.departures.isEmpty } }
                harness.forget()
                try await harness.pass(seconds: 30)
                #expect(!harness.told.contains(.lost))
                #expect(harness.registry.states.first?.isStreaming == true)
            }
        }
    }
}
