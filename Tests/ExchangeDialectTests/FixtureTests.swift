import ExchangeFixtures
import Exchanges
import Foundation
import Testing
import TradingCore

/// Every registered connector against expectations that nobody here wrote.
@Suite struct FixtureTests {
    @Test(
        .enabled(if: FixtureFolder.root != nil, Comment(rawValue: FixtureFolder.absence)),
        arguments: ExchangeDialects.all.map(\.id))
    func `a connector passes the fixtures named after it`(id: String) throws {
        let folder = FixtureFolder.exchanges + "/" + id
        // Not every exchange has fixtures.
        guard FileManager.default.fileExists(atPath: folder) else { return }
        let tally = try FixtureRunner.exchanges(folder)
        #expect(tally.passed > 50)
        #expect(tally.failures.isEmpty, Comment(rawValue: tally.report))
    }

    @Test(
        .enabled(if: FixtureFolder.root != nil, Comment(rawValue: FixtureFolder.absence)),
        arguments: ExchangeDialects.all.filter { $0.captureName != nil }.map(\.id))
    func `a connector understands every frame of its captures`(id: String) throws {
        let exchange = try #require(ExchangeDialects.named(id))
        let tally = try FixtureRunner.captures(FixtureFolder.captures, only: exchange)
        #expect(tally.passed > 50)
        #expect(tally.failures.isEmpty, Comment(rawValue: tally.report))
    }

    @Test func `each connector is registered once, under its own id`() {
        let ids = ExchangeDialects.all.map(\.id)
        #expect(Set(ids).count == ids.count)
        for exchange in ExchangeDialects.all { #expect(exchange.make(.empty, []).id.rawValue == exchange.id) }
    }
}
