import Exchanges
import Scheduling
import Testing
import TradingCore

@testable import Networking

extension LiveConnectorTests {
    /// An account whose stream tells all, and tells it twenty seconds late: it is not relied on, and no old word of its makes it.
    @Suite struct LateAccountTests {
        private static let lag: Int64 = 20_000

        private func isReliedOn(_ harness: VenueHarness) -> Bool {
            harness.registry.states.first?.isStreaming == true
        }

        /// - Returns: whether it was relied on at any moment of the next seconds.
        private func isEverReliedOn(_ harness: VenueHarness, seconds: Int64) async throws -> Bool {
            let end = harness.time.milliseconds + seconds * 1_000
            while harness.time.milliseconds < end {
                if isReliedOn(harness) { return true }
                try await ContinuousClock().sleep(for: .milliseconds(5))
            }
            return false
        }

        @Test(arguments: Tongue.allCases)
        func `a late stream is doubted, and not relied on again for the old words that come at last`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                try await harness.wait("it is there") { isReliedOn(harness) }
                try await harness.pass(seconds: 1)
                harness.model.change { $0.accountLag = Self.lag }
                let id = try await harness.place(account, try await harness.request(3_200))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                try await harness.wait("it is noticed") { harness.told.contains(.lost) }
                try await harness.wait("questions stand in") { !harness.isLost }
                // Its words come now, one every few seconds, each of twenty seconds ago.
                for _ in 0..<4 {
                    harness.model.fill("0.01")
                    #expect(try await !isEverReliedOn(harness, seconds: 12))
                }
                harness.model.change { $0.accountLag = 0 }
                try await harness.pass(seconds: 25)
                harness.model.fill("0.01")
                try await harness.wait("it is relied on") { isReliedOn(harness) && !harness.isLost }
                try await harness.wait("all is told") { harness.tradeCount == 5 }
            }
        }

        @Test(arguments: Tongue.allCases)
        func `a stream that is never silent and steadily late is doubted, and questions tell of fills sooner`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let id = try await harness.place(account, try await harness.request(3_201))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                try await harness.pass(seconds: 15)
                #expect(isReliedOn(harness))
                harness.model.change { $0.accountLag = Self.lag }
                let begun = harness.time.milliseconds
                while harness.time.milliseconds - begun < 28_000 {
                    harness.model.fill("0.01")
                    try await harness.pass(seconds: 2)
                }
                try await harness.wait("it is doubted") {
                    !isReliedOn(harness)
                        && harness.registry.states.first?.fault?.contains("tells what happened") == true
                }
                #expect(harness.told.contains(.lost))
                let before = harness.tradeCount
                let asked = harness.time.milliseconds
                harness.model.fill("0.01")
                let all = harness.model.read { $0.trades.count }
                try await harness.wait("questions tell") { harness.tradeCount == all }
                #expect(before < all && harness.time.milliseconds - asked < Self.lag)
                harness.model.change { $0.accountLag = 0 }
                try await harness.pass(seconds: 25)
                harness.model.fill("0.01")
                try await harness.wait("it is relied on") { isReliedOn(harness) && !harness.isLost }
            }
        }
    }
}
