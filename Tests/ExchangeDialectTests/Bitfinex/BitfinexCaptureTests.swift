import ExchangeFixtures
import Testing

@Suite("Bitfinex captures")
struct BitfinexCaptureTests {
    @Test(.enabled(if: FixtureFolder.root != nil, Comment(rawValue: FixtureFolder.absence)))
    func `every frame is understood`() throws {
        let tally = try FixtureRunner.captures(FixtureFolder.captures)
        let ours = tally.entries.filter { $0.id.hasPrefix("bitfinex.") }
        #expect(ours.count > 500)
        for entry in ours where entry.outcome != .passed { Issue.record("\(entry)") }
    }
}
