import Exchanges
import Execution
import Networking
import Testing
import TradingCore

extension LiveConnectorTests {
    /// An order that the exchange showed, and shows no more: nothing of it is told before all of its trades are known.
    @Suite struct ForgottenOrderTests {
        private static let symbol = VenueHarness.symbol
        /// The number under which the exchange goes on with the order: its trades name that one.
        private static let other = 88_000

        /// The exchange forgets the order by its number; it has traded under another, that is told by a look-up alone.
        private func forget(_ harness: VenueHarness) {
            let now = harness.model.now
            harness.model.change { contents in
                let index = contents.orders.count - 1
                contents.orders[index].id = Self.other
                contents.orders[index].filled = "0.2"
                contents.orders[index].state = .cancelled
                contents.trades.append(
                    .init(
                        id: 9_500, order: contents.orders[index], price: "99.5", amount: "0.2", fee: "0.001",
                        feeAsset: "USDT", time: now))
                contents.log = []
            }
        }

        private func timesAsked(_ harness: VenueHarness) -> Int {
            harness.model.read { $0.log.filter { $0 == "GET /api/v3/myTrades" }.count }
        }

        @Test func `an order is not told gone while nobody can say whose a trade is, and is when that can be asked`()
            async throws
        {
            try await VenueHarness.with(.binance) { harness, account in
                let id = try await harness.place(account, try await harness.request(81))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                harness.model.change { $0.broken = "orderId=\(Self.other)" }
                forget(harness)
                account.send(.query(id), Self.symbol)
                // Each of these look-ups has ended in a question that nobody answered.
                try await harness.wait("it was looked for again and again") { timesAsked(harness) >= 3 }
                #expect(!harness.events.contains(.cancelled(id)) && harness.fills.isEmpty)
                #expect(!harness.events.contains(.notFound(id)))
                let (line, log) = ("what became of order \(id) cannot be learned", harness.log.text)
                #expect(log.contains("\(line): ") && log.contains("\(line) (asked 2 times): "))
                #expect(!log.contains("\(line) (asked 3 times): "))
                harness.model.change { $0.broken = nil }
                try await harness.wait("its end is told") { harness.events.contains(.cancelled(id)) }
                let (told, events) = (harness.fills, harness.events)
                #expect(told.map(\.orderID) == [id] && told.first?.tradeID == 9_500)
                let fill = try #require(events.firstIndex { if case .filled = $0 { true } else { false } })
                let end = try #require(events.firstIndex(of: .cancelled(id)))
                #expect(fill < end, "an end before its fill would free what the fill takes")
            }
        }

        @Test func `a trade that turns out to be another's keeps no order from being told gone`() async throws {
            try await VenueHarness.with(.binance) { harness, account in
                let id = try await harness.place(account, try await harness.request(82))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                harness.model.change { $0.broken = "orderId=\(Self.other)" }
                forget(harness)
                harness.model.change { $0.orders[$0.orders.count - 1].clientID = "somebody" }
                account.send(.query(id), Self.symbol)
                try await harness.wait("it was looked for") { timesAsked(harness) >= 2 }
                #expect(!harness.events.contains(.cancelled(id)))
                harness.model.change { $0.broken = nil }
                try await harness.wait("its end is told") { harness.events.contains(.cancelled(id)) }
                #expect(harness.fills.isEmpty)
            }
        }
    }
}
