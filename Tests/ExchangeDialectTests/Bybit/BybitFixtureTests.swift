import ExchangeFixtures
import Foundation
import Testing

/// What CCXT makes of the same calls and answers (`Fixtures/README.md`).
@Suite("Bybit: second opinion")
struct BybitFixtureTests {
    @Test func `requests, signatures, answers, errors and streams are those that CCXT makes`() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/bybit").path
        let tally = try FixtureRunner.exchanges(folder)
        #expect(tally.passed > 1_000)
        #expect(tally.skipped.isEmpty)
        #expect(tally.failures.isEmpty, Comment(rawValue: tally.report))
    }
}
