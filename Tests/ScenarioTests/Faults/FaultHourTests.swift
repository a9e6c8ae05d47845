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

    @Test func `a server without power leaves no more at risk than its strategies were given`() async throws {
        let stage = try await Stage()
        try await stage.startStrategies(Self.sessions, Self.strategy)
        try await stage.server.wait("quoting") { try await stage.auditor.openOrders().count >= 4 }
        stage.server.kill()
        try await Task.sleep(for: .seconds(1))
        let open = try await stage.auditor.openOrders()
        #expect(!open.isEmpty, "nothing was at risk, so nothing was tested")
        #expect(open.count <= Self.sessions * Self.layers * 2)
    }

    @Test func `with the exchange's order limit used up a halt still cancels everything (H31)`() async throws {
        let stage = try await Stage()
        let foreign = try await stage.foreignOrder()
        try await stage.startStrategies(Self.sessions) { client in
            Self.strategy(client).replacing("\"orderRefreshTime\":400", with: "\"orderRefreshTime\":10")
        }
        // Some seconds of quoting as fast as it goes use up what the exchange allows.
        try await stage.server.wait("the limit is near") { try await stage.auditor.orders().count >= 60 }
        let halted = try Program.run(["halt"], environment: stage.settings)
        #expect(halted.code == 0, "\(halted.errors)")
        try await stage.server.wait("only what is not ours rests") {
            try await stage.auditor.openOrders().map { $0["clientOrderId"] } == [.string(foreign)]
        }
    }
}
