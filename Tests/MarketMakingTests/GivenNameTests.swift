import Execution
import TestSupport
import Testing

@testable import MarketMaking

/// Names that people give: one spelling each, so that a state set for one strategy holds no other.
@Suite struct GivenNameTests {
    @Test(arguments: [
        "u1", "a b", "41d7c4e2-0b6f-4f0d-9d3e-1f2a3b4c5d6e", "\u{e9}", "名前", "K",
        String(repeating: "\u{e9}", count: 128),
    ])
    func `a name in its one form is taken`(name: String) { #expect(GivenName.isFit(name)) }

    @Test(arguments: [
        "", "e\u{301}", "\u{212A}", "\u{1112}\u{1161}", "a\u{0}", "a\n", "\u{9b}31m", "a\u{2028}b", "a\u{202E}b",
        "a\u{200B}b",
        String(repeating: "a", count: 129), "x" + String(repeating: "\u{335}", count: 1_000),
    ])
    func `another spelling of the same, what is not seen, and what is too long are not`(name: String) {
        #expect(!GivenName.isFit(name))
    }

    @Test func `a halt of a strategy by another spelling of its name halts none`() async throws {
        try await withServer { bench in
            let supervisor = bench.server.supervisor
            await #expect(throws: DeskError.self) {
                try await supervisor.startPureMarketMaking(TestInstrument.body("e\u{301}"))
            }
            _ = try await supervisor.startPureMarketMaking(TestInstrument.body("\u{e9}"))
            let key = StrategyKey(userID: "\u{e9}", clientID: "c1", type: .pureMarketMaking).description
            let other = StrategyKey(userID: "e\u{301}", clientID: "c1", type: .pureMarketMaking).description
            await #expect(throws: DeskError.unknownStrategy(other)) {
                try await supervisor.setTradingState(.init(scope: .session(other), state: .halted, reason: "r"))
            }
            #expect(try await supervisor.inspect(key).state == .active)
            try await supervisor.setTradingState(.init(scope: .session(key), state: .halted, reason: "r"))
            try await bench.restart()
            #expect(try await bench.server.supervisor.inspect(key).state == .halted)
        }
    }
}
