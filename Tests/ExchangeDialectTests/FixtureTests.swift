import ExchangeFixtures
import Foundation
import Testing

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
}
