import Exchanges
import Scheduling
import Synchronization
import Testing
import TradingCore

@testable import Networking

extension LiveConnectorTests {
    /// Ends that an exchange tells of and that are none: the order rests, and is found.
    @Suite struct UntrueEndTests {
        private static let symbol = VenueHarness.symbol
        /// Those whose answer to a cancel shows the order as it is now.
        private static let showing: [Tongue] = [.binance, .gate, .mexc]

        private func count(_ event: AccountEvent, _ harness: VenueHarness) -> Int {
            harness.events.count { $0 == event }
        }

        private func isUnattended(_ harness: VenueHarness) -> Bool {
            harness.registry.states.first?.unattended[Self.symbol.quote]?.isPositive == true
        }

        private func end(_ id: ClientOrderID, _ harness: VenueHarness, _ account: any ExchangeAccount) async throws {
            let before = count(.cancelled(id), harness)
            account.send(.cancel(id), Self.symbol)
            try await harness.wait("it is cancelled at last") {
                !harness.isOpen(id) && count(.cancelled(id), harness) > before && !isUnattended(harness)
            }
        }

        @Test(arguments: Tongue.allCases)
        func `an order whose cancel is answered and not carried out is found to rest before the next audit`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let id = try await harness.place(account, try await harness.request(3_300))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                try await harness.pass(seconds: 3)
                harness.forget()
                harness.model.change { $0.cancels = [.cancelInWordsAlone(isStreamed: false)] }
                let begun = harness.time.milliseconds
                account.send(.cancel(id), Self.symbol)
                if Self.showing.contains(tongue) {
                    try await harness.wait("its end is told") { harness.events.contains(.cancelled(id)) }
                    try await harness.wait("it reappears") { harness.events.contains(.reappeared(id)) }
                }
                try await harness.wait("it is told to rest") {
                    harness.events.contains(.accepted(id)) && isUnattended(harness)
                }
                #expect(harness.time.milliseconds - begun < 30_000)
                #expect(harness.isOpen(id))
                try await end(id, harness, account)
            }
        }

        @Test(arguments: Tongue.allCases)
        func `an order whose cancel is told by the stream and not carried out is found to rest by the list`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let id = try await harness.place(account, try await harness.request(3_301))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                try await harness.pass(seconds: 3)
                harness.model.change { $0.cancels = [.cancelInWordsAlone(isStreamed: true)] }
                account.send(.cancel(id), Self.symbol)
                try await harness.wait("its end is told") { harness.events.contains(.cancelled(id)) }
                #expect(harness.isOpen(id))
                try await harness.wait("it reappears") { harness.events.contains(.reappeared(id)) }
                #expect(isUnattended(harness))
                try await end(id, harness, account)
            }
        }

        /// The others' answers tell nothing but ids.
        @Test(
            arguments: [(.binance, false), (.gate, false)] + Tongue.allCases.map { ($0, true) } as [(Tongue, Bool)])
        func `an order that is said to have traded whole, and rests, is found before the next audit`(
            _ tongue: Tongue, isStreamed: Bool
        ) async throws {
            try await VenueHarness.with(
                tongue, prepare: { $0.change { $0.placements = [.fillInWordsAlone(isStreamed: isStreamed)] } }
            ) { harness, account in
                try await harness.pass(seconds: 3)
                let begun = harness.time.milliseconds
                let id = try await harness.place(account, try await harness.request(3_302))
                let connected = try #require(account as? DialectAccount)
                try await harness.wait("it counts as traded") {
                    connected.state.withLock { $0.tracker.orders[id]?.owesFills == true }
                }
                try await harness.wait("it is told to rest") {
                    harness.events.contains(.accepted(id)) && isUnattended(harness)
                        && connected.state.withLock { $0.tracker.orders[id]?.end == nil }
                }
                #expect(harness.time.milliseconds - begun < 35_000)
                #expect(harness.isOpen(id) && harness.fills.isEmpty)
                try await end(id, harness, account)
            }
        }
    }
}
