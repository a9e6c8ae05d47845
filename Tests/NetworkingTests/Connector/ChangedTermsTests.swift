import Exchanges
import Execution
import Testing
import TradingCore

@testable import Networking

extension LiveConnectorTests {
    /// Rules that an exchange changes, and orders that somebody makes smaller there.
    @Suite struct ChangedTermsTests {
        private static let symbol = VenueHarness.symbol

        /// The language that requests are made in knows new steps as soon as they are loaded, the runtime only when its orders are off.
        @Test(arguments: Tongue.allCases.filter { $0 != .bitfinex })
        func `an order that the exchange's new steps would alter is not sent`(_ tongue: Tongue) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let between = try await harness.request(5_001, .buy, "99.50", "0.5004")
                let (amount, price) = (
                    try await harness.approved(between),
                    try await harness.approved(try await harness.request(5_002, .buy, "99.57", "0.5"))
                )
                let whole = try await harness.approved(try await harness.request(5_003, .buy, "99.50", "0.5"))
                harness.model.change { ($0.rules.lot, $0.rules.tick) = ("0.001", "0.1") }
                _ = try await harness.connector.freshInstruments()
                for request in [amount, price, whole] { account.send(request, Self.symbol) }
                let (first, second, third) = (
                    between.id, try #require(ClientOrderID(rawValue: 5_002)),
                    try #require(ClientOrderID(rawValue: 5_003))
                )
                try await harness.wait("all are answered") {
                    harness.events.contains(.rejected(first, .rule(.quantityStep)))
                        && harness.events.contains(.rejected(second, .rule(.priceStep)))
                        && harness.events.contains(.accepted(third))
                }
                #expect([first, second, third].map(harness.timesPlaced) == [0, 0, 1])
            }
        }

        @Test(arguments: Tongue.allCases)
        func `an order that was made smaller at the exchange ends when that has traded whole`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let id = try await harness.place(account, try await harness.request(5_010))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                harness.model.change { $0.orders[$0.orders.count - 1].amount = "0.3" }
                harness.model.fill("0.3")
                try await harness.wait("its end is told") { harness.events.contains(.cancelled(id)) }
                let end = try #require(harness.events.firstIndex(of: .cancelled(id)))
                let filled = harness.events[..<end].reduce(Int64(0)) {
                    if case .filled(let fill) = $1, fill.orderID == id { $0 + fill.quantity.lots } else { $0 }
                }
                let unit = try await harness.instrument.unit
                #expect(filled == unit.lots("0.3"))
                #expect(harness.registry.states.first?.unattended[Self.symbol.quote]?.isPositive != true)
            }
        }

        @Test(arguments: Tongue.allCases)
        func `an order that trades whole as it was placed is told by its fills alone`(_ tongue: Tongue) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let id = try await harness.place(account, try await harness.request(5_020))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                harness.model.fill("0.2")
                harness.model.fill("0.3")
                try await harness.wait("it has traded") { harness.tradeCount == 2 }
                try await harness.pass(seconds: 3)
                #expect(!harness.events.contains(.cancelled(id)))
            }
        }
    }
}
