import Exchanges
import Foundation
import MarketMaking
import Scheduling
import TradingCore

/// How the server fares, for load balancers, operators and scrapers.
struct HealthRoutes {
    let operations: Operations
    let registry: ScheduleRegistry
    let metrics: RequestMetrics
    private let health: SharedLook<DeskHealth>
    private let exchanges: SharedLook<Answer>

    /// - Parameter lasting: how old, in nanoseconds, the look may be that `GET /health` answers with. Everything else looks when asked.
    init(
        desk: any TradingDesk, operations: Operations, registry: ScheduleRegistry, metrics: RequestMetrics,
        lasting: Int64, time: any TimeSource
    ) {
        self.operations = operations
        self.registry = registry
        self.metrics = metrics
        health = SharedLook(lasting: 0, time: time) { await desk.health() }
        exchanges = SharedLook(lasting: lasting, time: time) {
            Self.exchanges(await desk.health(), await operations.standingFaults())
        }
    }

    var endpoints: [Endpoint] {
        [
            open(
                "/health",
                "Each exchange, alive or dead; 503 when something stops trading, or the ledger does not add up",
                .json(.exchangesAlive).or(503, "Something stops trading, or the books are wrong", .exchangesAlive)
            ) { _ in await exchanges() },
            open("/health/ping", "pong", .text) { _ in .text("pong") },
            open("/health/live", "The process answers", .json(.object(["status": .choice(["live"])]))) { _ in
                .json(.object(["status": .string("live")]))
            },
            open(
                "/health/ready", "Reconciled and able to trade, or why not",
                .json(.readiness).or(503, "Not ready", .readiness)
            ) { _ in
                let (health, faults) = await probed()
                let isReady = health.isReconciled && faults.isEmpty
                let body = JSONTree.object([
                    "status": .string(isReady ? "ready" : "not ready"),
                    "faults": .array(faults.map(JSONTree.string)),
                ])
                return isReady ? .json(body) : .status(503, body)
            },
            open("/health/trading", "Every executor: sessions, orders, data, latencies", .json(.trading)) { _ in
                .json(trading(await health()))
            },
            open("/health/schedules", "Every schedule: last and next run, duration, lateness", .json(.array(.schedule)))
            { _ in
                .json(.array(registry.reports.map(schedule)))
            },
            open("/health/prometheus", "Metrics for scrapers", .metrics) { _ in
                let queues = await PrometheusText.queues(operations)
                return .prometheus(PrometheusText.render(await health(), metrics) + queues)
            },
            Endpoint(
                .get, "/health/exchange/:name", "One exchange", tag: "health",
                answers: .json(.object(["statusCode": .integer, "message": .choice(["alive"])])), needsToken: false,
                parameters: [.path("name")]
            ) { input in
                let name = try input.required("name")
                guard let exchange = await health().exchanges.first(where: { $0.name == name.lowercased() }) else {
                    throw APIError.typed(400, "Exchange not found, GET /health lists them")
                }
                guard exchange.isAlive else { throw APIError.typed(503, exchange.fault ?? "dead") }
                return .json(.object(["statusCode": .number(200), "message": .string("alive")]))
            },
        ]
    }

    /// What `GET /health` answers, written once for all whom one look answers.
    private static func exchanges(_ health: DeskHealth, _ faults: [String]) -> Answer {
        let list = JSONTree.array(
            health.exchanges.map {
                .object([.init(key: $0.displayName, value: .string($0.isAlive ? "alive" : "dead"))])
            })
        let isWell = faults.isEmpty && health.faults.isEmpty && health.exchanges.allSatisfy(\.isAlive)
        return .written(isWell ? nil : 503, list.json)
    }

    /// The desk notices a lost database when it has something to store; who asks whether we are ready has it looked at now.
    private func probed() async -> (DeskHealth, faults: [String]) {
        async let own = operations.faults()
        let health = await health()
        return (health, health.faults + (await own))
    }

    private func open(
        _ path: String, _ summary: String, _ answers: AnswerShape,
        _ handle: @escaping @Sendable (EndpointInput) async throws -> Answer
    ) -> Endpoint {
        Endpoint(.get, path, summary, tag: "health", answers: answers, needsToken: false, handle: handle)
    }

    private func trading(_ health: DeskHealth) -> JSONTree {
        .object([
            "reconciled": .bool(health.isReconciled), "faults": .array(health.faults.map(JSONTree.string)),
            "accounts": .array(health.accounts.map(account)),
            "executors": .array(
                health.executors.map { executor in
                    .object([
                        "name": .string(executor.name), "sessions": .number(executor.sessionCount),
                        "openOrders": .number(executor.openOrderCount),
                        "unknownOrders": .number(executor.unknownOrderCount),
                        "refusedFills": .number(executor.refusedFillCount),
                        "lastMarketData": executor.lastMarketData.map(JSONTree.time) ?? .null,
                        "marketIsTrusted": .bool(executor.isTrusted), "decisions": latency(executor.decisions),
                        "placements": latency(executor.placements),
                    ])
                }),
        ])
    }

    private func account(_ state: ExchangeAccountState) -> JSONTree {
        let safety =
            switch state.safety {
            case .deadMansSwitch(let seconds): "cancelled by the exchange \(seconds) s after it last heard of us"
            case .cancelsOnDisconnect: "cancelled by the exchange when the stream breaks"
            case .none: "rests until cancelled"
            }
        return .object([
            "account": .string("\(state.exchange)/\(state.label)"), "isStreaming": .bool(state.isStreaming),
            "fault": state.fault.map(JSONTree.string) ?? .null, "ordersWhenUnattended": .string(safety),
            "unattended": .object(
                state.unattended.sorted { $0.key < $1.key }.map {
                    .init(key: $0.key.rawValue, value: .string("\($0.value)"))
                }), "foreignOrders": .number(state.foreignOrders),
        ])
    }

    private func latency(_ histogram: LatencyHistogram) -> JSONTree {
        .object([
            "count": .number(histogram.count), "p50Microseconds": .number(histogram.quantile(0.5) / 1_000),
            "p99Microseconds": .number(histogram.quantile(0.99) / 1_000),
            "maximumMicroseconds": .number(histogram.maximumNanoseconds / 1_000),
        ])
    }

    private func schedule(_ report: ScheduleReport) -> JSONTree {
        .object([
            "name": .string(report.name), "lastRun": report.lastRun.map(JSONTree.time) ?? .null,
            "nextRun": report.nextRun.map(JSONTree.time) ?? .null,
            "runningSince": report.runningSince.map(JSONTree.time) ?? .null,
            "durationMicroseconds": .number(report.durationNanoseconds / 1_000),
            "latenessMicroseconds": .number(report.latenessNanoseconds / 1_000),
            "maximumLatenessMicroseconds": .number(report.maximumLatenessNanoseconds / 1_000),
            "runs": .number(report.runCount), "failures": .number(report.failureCount),
            "lastFailure": report.lastFailure.map(JSONTree.string) ?? .null,
        ])
    }
}
