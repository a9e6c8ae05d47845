import Exchanges
import Execution
import Foundation
import Scheduling
import Synchronization
import Testing
import TradingCore

@testable import Networking

extension LiveConnectorTests {
    /// Whole connections to exchanges that send nonsense: half messages, absurd numbers, missing members, wrong numbers, wrong
    /// checksums, pages for people. Nothing crashes, every error says where it comes from and why, and when it is over the book
    /// is the exchange's, every order's fate is known, and every fill was told once.
    ///
    /// `MRMARKET_FUZZ_SEED=N` runs another seed than the fixed one.
    @Suite struct ConnectionFuzzTests {
        private static let symbol = VenueHarness.symbol

        private static let seed: UInt64 =
            ProcessInfo.processInfo.environment["MRMARKET_FUZZ_SEED"].flatMap { UInt64($0) } ?? 20_261_126

        @Test(arguments: Tongue.allCases) func `nonsense on every connection is survived`(_ tongue: Tongue) async throws
        {
            let seed = Self.seed
            var pace = ConnectorPace()
            pace.shortestReconnect = 100
            pace.longestReconnect = 1_000
            pace.restart = 3_000
            pace.audit = 10_000
            print("\(tongue): seed \(seed)")
            try await VenueHarness.with(tongue, limits: pace) { harness, account in
                try await harness.wait("the book is there") { harness.bestPrices != nil }
                let ids = try await storm(harness, account, seed)
                calm(harness)
                try await expectWhole(harness, account, ids, seed)
                expectTypedErrors(harness, seed)
            }
        }

        /// - Returns: the orders that were placed in it.
        private func storm(
            _ harness: VenueHarness, _ account: any ExchangeAccount, _ seed: UInt64
        ) async throws -> [ClientOrderID] {
            var random = SplitMix64(seed: seed)
            let spoiler = Mutex((frames: FrameSpoiler(seed: seed &+ 1), random: SplitMix64(seed: seed &+ 2)))
            harness.spoiler.withLock {
                $0 = { frame in
                    spoiler.withLock { state in
                        Int.random(in: 0..<3, using: &state.random) == 0 ? state.frames.spoiled(frame) : [frame]
                    }
                }
            }
            var ids: [ClientOrderID] = []
            var step = 0
            // What nonsense comes when is not the seed's alone, for two sides take turns as the machine lets them: it goes on until
            // something could not be read.
            while step < 80 || step < 2_000 && !harness.log.text.contains("badResponse: ") {
                if step == 80 { harness.model.change { $0.spoils = [] } }
                defer { step += 1 }
                move(harness, &random, step)
                if step < 80, step % 10 == 0 {
                    ids.append(try await harness.place(account, try await harness.request(UInt64(300 + step))))
                }
                if step < 80, step % 10 == 5 { harness.model.fill("0.1") }
                try await ContinuousClock().sleep(for: .milliseconds(8))
            }
            return ids
        }

        private func move(_ harness: VenueHarness, _ random: inout SplitMix64, _ step: Int) {
            let ticks = Int64.random(in: 1...40, using: &random)
            let amount: FixedDecimal = Bool.random(using: &random) ? "0" : FixedDecimal(Int64(1 + step % 7))
            let gap = Int.random(in: 0..<12, using: &random) == 0 ? 2 : 0
            let cent: FixedDecimal = "0.01"
            let away = FixedDecimal(raw: cent.raw * Int128(ticks))
            // The best prices stay, so that there is always a book to quote on.
            if Bool.random(using: &random) {
                harness.model.changeBook(
                    .buy, FixedDecimal(raw: FixedDecimal("99.97").raw - away.raw), amount, skipping: gap)
            } else {
                harness.model.changeBook(
                    .sell, FixedDecimal(raw: FixedDecimal("100.03").raw + away.raw), amount, skipping: gap)
            }
            // Later the connections get a chance to come up, or nothing would be read at all.
            guard step < 80 ? Int.random(in: 0..<4, using: &random) == 0 : step % 64 == 0 else { return }
            let words = ["", "null", "[]", "{}", "{\"code\":\"0\",\"data\":[{}]}", "<html>", "{\"a\":1e999}", "\u{0}"]
            let spoils: [ModelExchange.Spoil] = [.page, .half, .words(words.randomElement(using: &random) ?? "")]
            let spoil = spoils.randomElement(using: &random) ?? .page
            harness.model.change { $0.spoils.append(spoil) }
        }

        private func calm(_ harness: VenueHarness) {
            harness.spoiler.withLock { $0 = nil }
            harness.model.change { $0.spoils = [] }
            // What was lost shows in the number of what follows.
            harness.model.changeBook(.buy, "99.98", "5")
            harness.model.changeBook(.sell, "100.02", "6")
        }

        private func expectWhole(
            _ harness: VenueHarness, _ account: any ExchangeAccount, _ ids: [ClientOrderID], _ seed: UInt64
        ) async throws {
            try await harness.wait("the book is the exchange's, seed \(seed)") { harness.bookIsTrue }
            try await harness.wait("the account's stream is up, seed \(seed)") {
                harness.registry.states.first?.isStreaming == true
            }
            let exchange = type(of: harness.speaker).exchange
            for id in ids {
                let name = exchange.name(of: id)
                try await harness.wait("the fate of \(id) is known, seed \(seed)") {
                    let exists = harness.model.order { $0.clientID == name } != nil
                    let told = harness.events.filter { $0.orderID == id }
                    return exists
                        ? told.contains(.accepted(id)) || told.contains { if case .filled = $0 { true } else { false } }
                        : told.contains { if case .outcomeUnknown = $0 { false } else { $0 != .accepted(id) } }
                }
                #expect(harness.timesPlaced(id) <= 1, "seed \(seed)")
            }
            let trades = harness.model.read { $0.trades }
            try await harness.wait("every fill is told, seed \(seed)") {
                Set(harness.fills.map(\.tradeID)).count >= trades.count
            }
            let unit = try await harness.instrument.unit
            // Whoever asked for an order is told its fills again, and knows them by their ids.
            #expect(Set(harness.fills).count == trades.count, "seed \(seed)")
            #expect(
                harness.fills.allSatisfy { unit.decimal($0.quantity) == "0.1" && $0.fee == "0.001" }, "seed \(seed)")
            try await expectTrading(harness, account, seed)
        }

        /// An account that a busy machine has just lost once more refuses an order at once, and says so: then the next one.
        private func expectTrading(
            _ harness: VenueHarness, _ account: any ExchangeAccount, _ seed: UInt64
        ) async throws {
            var (number, isAccepted): (UInt64, Bool) = (900, false)
            while !isAccepted, number < 1_000 {
                try await harness.wait("the account is well, seed \(seed)") {
                    harness.registry.states.first.map { $0.isStreaming && $0.fault == nil } ?? false
                }
                let id = try await harness.place(account, try await harness.request(number))
                var isRefused = false
                try await harness.wait("it trades on, seed \(seed)") {
                    isAccepted = harness.events.contains(.accepted(id))
                    isRefused = harness.events.contains(.rejected(id, .unavailable))
                    return isAccepted || isRefused
                }
                number += 1
            }
            #expect(isAccepted, "seed \(seed): \(number - 900) orders were refused")
        }

        /// What a person reads of it names the exchange, where it happened, and what was wrong.
        private func expectTypedErrors(_ harness: VenueHarness, _ seed: UInt64) {
            let exchange = type(of: harness.speaker).exchange.rawValue
            let kinds = [
                "badResponse", "exchangeNotAvailable", "networkError", "invalidNonce", "checksumError",
                "requestTimeout",
            ]
            let lines = harness.log.text.split(separator: "\n").filter { line in kinds.contains { line.contains($0) } }
            #expect(!lines.isEmpty, "seed \(seed)")
            #expect(lines.allSatisfy { $0.contains(exchange) }, "seed \(seed)")
            #expect(lines.contains { $0.contains("badResponse: ") }, "seed \(seed): \(lines)")
        }
    }
}

extension VenueHarness {
    /// Every level is what the exchange has.
    var bookIsTrue: Bool {
        guard let unit = (try? connector as? DialectConnector)?.venue.known(Self.symbol)?.unit else { return false }
        var book = OrderBook()
        var isWhole = false
        for record in market {
            if record.kind == .gap { isWhole = false } else if record.kind == .reset { isWhole = true }
            book.apply(record)
        }
        guard isWhole else { return false }
        let bids = book.levels(.buy, limit: .max).map { [unit.decimal($0.price), unit.decimal($0.quantity)] }
        let asks = book.levels(.sell, limit: .max).map { [unit.decimal($0.price), unit.decimal($0.quantity)] }
        return model.read { contents in
            bids == contents.bids.map { [$0.price, $0.amount] } && asks == contents.asks.map { [$0.price, $0.amount] }
        }
    }
}
