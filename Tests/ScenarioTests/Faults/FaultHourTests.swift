import Exchanges
import Foundation
import Ledger
import Persistence
import Scheduling
import TestSupport
import Testing
import TradingCore

/// Our own connector and engine on the paper exchange that speaks Binance, with everything going wrong that can, and both
/// processes killed now and then. At the end the server's books are the exchange's own.
///
/// A minute in `./test`; `Scripts/fault-hour` goes on for an hour.
@Suite(.serialized) struct FaultHourTests {
    private static let seconds = ProcessInfo.processInfo.environment["MRMARKET_FAULT_SECONDS"].flatMap { Int($0) } ?? 60
    private static let seed =
        ProcessInfo.processInfo.environment["MRMARKET_FAULT_SEED"].flatMap { UInt64($0) } ?? 20_261_126
    private static let sessions = 2
    private static let layers = 3

    /// What is set for a while, each alone or with others.
    private static let faults = [
        #"{"kind":"delay","on":["order.*"],"milliseconds":700,"count":4}"#,
        #"{"kind":"late","on":["order.place"],"milliseconds":2600,"count":3}"#,
        #"{"kind":"late","on":["order.cancel"],"milliseconds":1500,"count":3}"#,
        #"{"kind":"drop","on":["order.*"],"count":4}"#,
        #"{"kind":"disconnect","on":["order.*"],"count":3}"#,
        #"{"kind":"status","status":503,"acts":true,"on":["order.*"],"count":3}"#,
        #"{"kind":"status","status":502,"acts":false,"on":["order.*"],"count":3}"#,
        #"{"kind":"limit","count":2}"#,
        #"{"kind":"ban","milliseconds":2000,"count":1}"#,
        #"{"kind":"silent","on":["stream.depth"],"count":1}"#,
        #"{"kind":"silent","on":["stream.user"],"count":1}"#,
        #"{"kind":"gap","on":["stream.*"],"count":4}"#,
        #"{"kind":"stale","on":["stream.*"],"milliseconds":900,"count":20}"#,
        #"{"kind":"stale","on":["stream.depth"],"milliseconds":6000}"#,
        #"{"kind":"duplicate","on":["stream.user"],"count":6}"#,
        #"{"kind":"reorder","on":["stream.user"],"count":4}"#,
        #"{"kind":"disconnect","on":["stream.*"],"count":2}"#,
        #"{"kind":"partialFill","percent":30,"count":6}"#,
        #"{"kind":"fillDuringCancel","percent":50,"count":6}"#,
        #"{"kind":"balanceLag","milliseconds":1000,"count":4}"#,
        #"{"kind":"ruleChange","symbol":"BTCUSDT","rules":{"minNotional":"6"}}"#,
        #"{"kind":"ruleChange","symbol":"BTCUSDT","rules":{"stepSize":"0.0001"}}"#,
    ]

    private static func strategy(_ client: Int) -> String {
        """
        {"userId":"hour","clientId":"c\(client)","pair":"BTC/USDT","exchangeName":"binance","bidSpread":0.00001,\
        "askSpread":0.00001,"orderAmount":0.002,"orderRefreshTime":400,"numberOfLayers":\(layers),\
        "priceSourceType":"mid_price","amountChangePerLayer":0,"amountChangeType":"fixed","requoteMove":0.000002,\
        "baseFunds":3,"quoteFunds":300000,"maximumConsecutiveRejects":1000}
        """
    }

    @Test(.timeLimit(.minutes(90)))
    func `books, orders, fills and balances are the exchange's own after every fault and kill (H28, H36, H37)`()
        async throws
    {
        let stage = try await Stage()
        var random = SplitMix64(seed: Self.seed)
        print("fault hour: \(Self.seconds) s, seed \(Self.seed)")
        try await stage.startStrategies(Self.sessions, Self.strategy)
        let end = ContinuousClock.now + .seconds(Self.seconds)
        var kills = 0
        while ContinuousClock.now < end {
            let chosen = (0...random.below(2)).map { _ in Self.faults[Int(random.below(UInt64(Self.faults.count)))] }
            try await stage.misbehave(chosen)
            try await Task.sleep(for: .milliseconds(600 + Int(random.below(2_400))))
            switch random.below(5) {
            case 0: try await stage.killServer()
            case 1: try await stage.killExchange()
            case 2 where random.below(3) == 0: try await stage.killBoth()
            default: continue
            }
            kills += 1
        }
        #expect(kills > 2, "\(kills) kills")
        try await stage.auditor.behave()
        try await stage.stopStrategies(Self.sessions)
        #expect(stage.server.interrupt() == 0, "\(stage.server.log.suffix(3_000))")
        try await stage.compare()
        #expect(stage.exchange.interrupt() == 0)
    }

    /// Binance has no dead man's switch on spot: the bound is what `/health/trading` states as `unattended`.
    @Test func `a server without power leaves no more at risk than it stated`() async throws {
        let stage = try await Stage()
        // Wide and slow, so that nothing trades or moves between the statement and the end.
        let slow = { (client: Int) in
            Self.strategy(client).replacing("Spread\":0.00001", with: "Spread\":0.05")
                .replacing("\"orderRefreshTime\":400", with: "\"orderRefreshTime\":600000")
                .replacing("\"requoteMove\":0.000002", with: "\"requoteMove\":0.04")
        }
        // The last orders rest at the exchange and are not answered: they are at risk too.
        try await stage.misbehave([#"{"kind":"delay","on":["order.place"],"milliseconds":30000,"count":4}"#])
        try await stage.startStrategies(Self.sessions, slow)
        try await stage.server.wait("all quotes rest") {
            try await stage.auditor.openOrders().count == Self.sessions * Self.layers * 2
        }
        let stated = try await stage.statedExposure()
        stage.server.kill()
        let left = try await stage.auditor.exposure()
        #expect(left.isPositive, "nothing was at risk, so nothing was tested")
        #expect(left <= stated, "\(left) is at risk, \(stated) was stated")
        #expect(try stated.subtracting(left) < FixedDecimal("1"), "\(stated) is no bound of \(left)")
        // Whoever halts what cannot be reached is told what still rests.
        stage.exchange.kill()
        try await stage.startServerAlone()
        let halted = try Program.run(["halt"], environment: stage.settings)
        #expect(halted.code == 0, "\(halted.errors)")
        #expect(halted.output.contains("HALTED for the whole server"), "\(halted.output)")
        #expect(halted.output.contains("Orders not cancelled yet, of binance/default: "), "\(halted.output)")
    }

    /// It talks all the while, and misses no number.
    @Test func `a market that is told late, without end, is not quoted on, and is again once it is told in time`()
        async throws
    {
        let stage = try await Stage()
        try await stage.startStrategies(1, Self.strategy)
        try await stage.server.wait("quotes rest") { try await !stage.auditor.openOrders().isEmpty }
        try await stage.misbehave([#"{"kind":"stale","on":["stream.depth"],"milliseconds":6000}"#])
        // Between two quotes nothing rests either, so the lateness comes first.
        try await stage.server.wait("it is noticed", seconds: 60) { stage.server.log.contains("ms late") }
        try await stage.server.wait("nothing rests", seconds: 60) { try await stage.auditor.openOrders().isEmpty }
        // Its stream begins anew meanwhile, with a book that is asked for, and stays late.
        for _ in 0..<25 {
            #expect(try await stage.auditor.openOrders().isEmpty)
            try await Task.sleep(for: .milliseconds(200))
        }
        try await stage.auditor.behave()
        try await stage.server.wait("it is quoted on again", seconds: 90) {
            try await !stage.auditor.openOrders().isEmpty
        }
        try await stage.stopStrategies(1)
        #expect(stage.server.interrupt() == 0)
        #expect(stage.exchange.interrupt() == 0)
    }

    /// First without any other's help: the account's order budget is used up again and again, and the exchange never has to
    /// say so. Then somebody else uses up what is left of a stretch.
    @Test
    func `busy quoting meets no limit, and with the order budget used up a halt still cancels everything (H31)`()
        async throws
    {
        let stage = try await Stage()
        let foreign = try await stage.foreignOrder()
        try await stage.startStrategies(3) { client in
            Self.strategy(client).replacing("\"orderRefreshTime\":400", with: "\"orderRefreshTime\":10")
        }
        // More than one stretch of ten seconds allows: quoting goes on after it was held back.
        try await stage.server.wait("the budget is used up, and quoting goes on", seconds: 60) {
            try await stage.auditor.limits().orders > 140
        }
        let busy = try await stage.auditor.limits()
        #expect(busy.refusals.isEmpty, "\(busy)")
        #expect(busy.peakOrders > 50 && busy.peakWeight < 6_000, "\(busy)")
        var isProven = false
        for _ in 0..<5 where !isProven {
            try await stage.server.wait("something rests") { try await stage.auditor.openOrders().count > 1 }
            try await stage.auditor.useUpOrders()
            let halted = try Program.run(["halt"], environment: stage.settings)
            #expect(halted.code == 0, "\(halted.errors)")
            try await stage.server.wait("only what is not ours rests") {
                try await stage.auditor.openOrders().map { $0["clientOrderId"] } == [.string(foreign)]
            }
            // Still in the stretch that was used up when the halt was given.
            isProven = try await stage.auditor.mayPlaceNone()
            if !isProven { #expect(try Program.run(["resume"], environment: stage.settings).code == 0) }
        }
        #expect(isProven, "the budget was never used up while a halt cancelled")
    }
}
