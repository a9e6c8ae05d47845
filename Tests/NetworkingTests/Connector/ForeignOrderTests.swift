import Exchanges
import Execution
import Networking
import Testing
import TradingCore

extension LiveConnectorTests {
    /// Several servers, or databases one after another, on one exchange account.
    @Suite struct ForeignOrderTests {
        private static let symbol = VenueHarness.symbol

        /// As another database on the same account makes it: the same number, another tag.
        private func rest(
            _ harness: VenueHarness, _ number: UInt64, _ mark: OrderMark?
        ) throws -> ClientOrderID {
            let id = try #require(ClientOrderID(rawValue: number))
            let exchange = type(of: harness.speaker).exchange
            let now = harness.model.now
            harness.model.change { contents in
                contents.orders.append(
                    ModelExchange.Order(
                        id: 30_000 + Int(number), clientID: exchange.name(of: id, mark),
                        group: exchange == .bitfinex ? mark?.tag?.description : nil, side: .buy, price: "95",
                        amount: "1", createdAt: now))
            }
            return id
        }

        private func text(_ harness: VenueHarness, _ number: UInt64) throws -> ModelExchange.Order? {
            harness.model.order { $0.id == 30_000 + Int(number) }
        }

        /// Before tags, and of another database since.
        private static let marks: [OrderMark?] = [
            nil, OrderMark(installation: .first, tag: OrderTag(42)),
        ]

        @Test(arguments: Tongue.allCases, marks)
        func `an order of another database is neither ours, nor cancelled, nor booked, and is told of once`(
            _ tongue: Tongue, _ mark: OrderMark?
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let id = try rest(harness, 21, mark)
                let mine = try await harness.place(account, try await harness.request(22))
                try await harness.wait("ours is accepted") { harness.events.contains(.accepted(mine)) }
                #expect(try await account.openOrders(Self.symbol).map(\.id) == [mine])
                #expect(try await account.openOrders(Self.symbol).map(\.id) == [mine])
                #expect(harness.registry.states.first?.foreignOrders == 1)
                #expect(harness.log.text.components(of: "are not of this database") == 1)
                // Its number is one of ours: what the exchange is asked for by it is another order, and there is none.
                account.send(.cancel(id), Self.symbol)
                try await harness.wait("the cancel finds nothing") {
                    harness.events.contains(.cancelRejected(id, .unknownOrder))
                }
                #expect(try text(harness, 21)?.state == .open)
                account.send(.cancel(mine), Self.symbol)
                try await harness.wait("ours is off") { harness.events.contains(.cancelled(mine)) }
                // The only one that is open now.
                harness.model.fill("0.4")
                try await harness.connectorSettles()
                #expect(try await account.fills(Self.symbol, from: 0, limit: 100).isEmpty)
                #expect(harness.fills.isEmpty)
                #expect(try text(harness, 21)?.state == .open)
            }
        }

        @Test(arguments: Tongue.allCases)
        func `the tag is in what leaves, and in what comes back`(_ tongue: Tongue) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let id = try await harness.place(account, try await harness.request(23))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                let order = try #require(harness.model.read { $0.orders.last })
                let tag = try #require(VenueHarness.mark.tag)
                if tongue == .bitfinex {
                    #expect(order.group == tag.description)
                } else {
                    #expect(order.clientID.contains(String(tag.rawValue, radix: 36)), "\(order.clientID)")
                }
                harness.model.fill("0.2")
                try await harness.wait("its fill is told") { harness.fills.map(\.orderID) == [id] }
                // And by questions alone.
                #expect(try await account.openOrders(Self.symbol).map(\.id) == [id])
                #expect(try await account.order(id, Self.symbol)?.status == .open)
                #expect(try await account.fills(Self.symbol, from: 0, limit: 100).map(\.orderID) == [id])
                #expect(harness.registry.states.first?.foreignOrders == 0)
            }
        }
    }
}

extension String {
    fileprivate func components(of text: String) -> Int {
        split(separator: text, omittingEmptySubsequences: false).count - 1
    }
}
