import Exchanges
import Execution
import Synchronization
import Testing
import TradingCore

@testable import Networking

extension LiveConnectorTests {
    /// Several orders in a call, over the wire: what became of each is told apart, whatever became of the others.
    @Suite struct BatchTests {
        private static let symbol = VenueHarness.symbol

        private func placement(
            _ dialect: any ExchangeDialect, _ number: UInt64, amount: FixedDecimal = "0.5"
        ) throws -> OrderPlacement {
            let id = try #require(ClientOrderID(rawValue: number).flatMap { dialect.clientOrderID($0) })
            return OrderPlacement(
                symbol: Self.symbol, kind: .limit, side: .buy, amount: amount, price: "99.5", clientOrderID: id)
        }

        @Test(arguments: [Tongue.okx, .bybit, .gate, .mexc, .kucoin])
        func `of a batch one is placed, one refused, one in doubt, and each says so`(_ tongue: Tongue) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let (client, dialect) = try parts(account)
                let good = try placement(dialect, 801)
                let poor = try placement(dialect, 802, amount: "5000")
                let doubted = try placement(dialect, 803)
                let isTold = tongue != .kucoin
                harness.model.change {
                    // Gate's own name for it.
                    let name = doubted.clientOrderID ?? ""
                    $0.doubted = isTold ? [name, "t-" + name] : []
                }
                let call: EndpointCall<[PlacementAnswer]> = try dialect.place([good, poor, doubted])
                let answers = try await client.perform(call, within: 10_000)
                try #require(answers.count == 3)
                guard case .order(let placed) = answers[0], case .refused(let refusal) = answers[1] else {
                    Issue.record("\(answers)")
                    return
                }
                #expect(placed.id != nil && harness.model.openOrders.count == 2)
                #expect(refusal.kind == .insufficientFunds && !refusal.isOutcomeUnknown, "\(refusal)")
                if isTold {
                    guard case .refused(let doubt) = answers[2] else {
                        Issue.record("\(answers[2])")
                        return
                    }
                    // It rests, and nothing says that it does not.
                    #expect(doubt.isOutcomeUnknown, "\(doubt)")
                }
            }
        }

        @Test(arguments: [Tongue.okx, .bybit, .gate])
        func `of cancels in a batch the one of no order is told, and an edit changes the order`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let (client, dialect) = try parts(account)
                let call: EndpointCall<[PlacementAnswer]> = try dialect.place(
                    [try placement(dialect, 811), try placement(dialect, 812)])
                let placed = try await client.perform(call, within: 10_000).compactMap { answer in
                    if case .order(let order) = answer { order } else { nil }
                }
                try #require(placed.count == 2)
                var changed = try placement(dialect, 811, amount: "0.7")
                changed.price = "98.5"
                changed.clientOrderID = nil
                let edit = try dialect.edit(OrderReference(id: placed[0].id, symbol: Self.symbol), to: changed)
                _ = try await client.perform(edit, within: 10_000)
                let edited = try #require(harness.model.openOrders.first)
                #expect(edited.price == "98.5" && edited.amount == "0.7")
                let unknown = tongue == .bybit ? "u99" : "99"
                let cancels = try dialect.cancel(
                    [placed[0].id, unknown, placed[1].id].map { OrderReference(id: $0, symbol: Self.symbol) },
                    Self.symbol)
                let answers = try await client.perform(cancels, .cancel, within: 10_000)
                #expect(harness.model.openOrders.isEmpty)
                #expect(answers.map { $0.reason == nil } == [true, false, true], "\(answers)")
                // An edit of what is gone is refused, and says why.
                await #expect(throws: CallFailure.self) { _ = try await client.perform(edit, within: 10_000) }
            }
        }

        private static let batching = [Tongue.okx, .bybit, .gate, .bitfinex]

        /// Of the log, by what they cancel.
        private func cancels(_ harness: VenueHarness) -> (together: Int, alone: Int) {
            let log = harness.model.read { $0.log }
            let together = ["cancel-batch", "cancel_batch", "cancel/multi"]
            let alone = ["trade/cancel-order", "v5/order/cancel", "order/cancel"]
            return (
                log.count { line in together.contains { line.contains($0) } },
                log.count { line in alone.contains { line.hasSuffix($0) } || line.hasPrefix("DELETE ") }
            )
        }

        /// Twenty that rest, learned from the exchange's list.
        private func resting(_ harness: VenueHarness, _ account: any ExchangeAccount) async throws -> [ClientOrderID] {
            harness.model.addOpenOrders(20, named: type(of: harness.speaker).exchange)
            let ids = try await account.openOrders(Self.symbol).map(\.id)
            try #require(ids.count == 20)
            return ids
        }

        @Test(arguments: batching)
        func `orders that are taken off together leave in few requests, and each is told for itself`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let ids = try await resting(harness, account)
                // One has gone before: nobody is told of another's refusal.
                let gone = try #require(harness.model.openOrders.first)
                _ = try harness.model.cancel { $0.id == gone.id }
                account.cancel(ids, Self.symbol)
                try await harness.wait("all are told") {
                    let told = Set(
                        harness.events.compactMap { event in
                            if case .cancelled(let id) = event {
                                id
                            } else if case .cancelRejected(let id, _) = event {
                                id
                            } else if case .outcomeUnknown(let id) = event {
                                id
                            } else {
                                nil
                            }
                        })
                    return told == Set(ids)
                }
                #expect(harness.model.openOrders.isEmpty)
                #expect(cancels(harness) == (together: tongue == .bybit ? 2 : 1, alone: 0))
                #expect(harness.events.count { if case .cancelled = $0 { true } else { false } } >= 19)
            }
        }

        @Test(arguments: batching) func `an answer that is lost leaves each in doubt, and frees none`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let ids = try await resting(harness, account)
                harness.model.change {
                    $0.broken = tongue == .bitfinex ? "multi" : tongue == .gate ? "cancel_batch" : "cancel-batch"
                }
                account.cancel(ids, Self.symbol)
                try await harness.wait("each is in doubt") {
                    ids.allSatisfy { harness.events.contains(.outcomeUnknown($0)) }
                }
                #expect(harness.model.openOrders.count == 20 && cancels(harness).alone == 0)
                #expect(!harness.events.contains { if case .cancelled = $0 { true } else { false } })
            }
        }

        @Test(arguments: [Tongue.okx, .bybit, .gate])
        func `a batch that is refused for its key is not sent again one by one: each is told`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let ids = try await resting(harness, account)
                harness.model.change { $0.refusesKey = true }
                account.cancel(ids, Self.symbol)
                try await harness.wait("each is told") {
                    ids.allSatisfy { harness.events.contains(.cancelRejected($0, .refused)) }
                }
                #expect(cancels(harness) == (together: tongue == .bybit ? 2 : 1, alone: 0))
                #expect(harness.model.openOrders.count == 20)
            }
        }

        @Test func `few leave each in a request of its own`() async throws {
            try await VenueHarness.with(.okx) { harness, account in
                let ids = try await resting(harness, account)
                account.cancel(Array(ids.prefix(7)), Self.symbol)
                try await harness.wait("they are off") { harness.model.openOrders.count == 13 }
                #expect(cancels(harness) == (together: 0, alone: 7))
            }
        }

        private func parts(_ account: any ExchangeAccount) throws -> (ExchangeClient, any ExchangeDialect) {
            let account = try #require(account as? DialectAccount)
            return (try #require(account.state.withLock { $0.client }), account.dialect)
        }
    }
}
