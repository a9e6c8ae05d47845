import Jobs
import MarketMaking
import Scheduling
import Synchronization
import TradingCore

/// Counts requests by route template, never by path: paths carry ids.
final class RequestMetrics: Sendable {
    struct Key: Hashable, Sendable {
        var method: String
        var route: String
        var status: Int
    }

    struct Figures: Sendable {
        var counts: [Key: UInt64] = [:]
        var durations: [String: LatencyHistogram] = [:]
    }

    private let figures = Mutex(Figures())

    init() {}

    func record(_ key: Key, nanoseconds: Int64) {
        figures.withLock { figures in
            figures.counts[key, default: 0] += 1
            figures.durations[key.route, default: LatencyHistogram()].record(nanoseconds: nanoseconds)
        }
    }

    var now: Figures { figures.withLock { $0 } }
}

/// The text exposition format 0.0.4, https://prometheus.io/docs/instrumenting/exposition_formats/
enum PrometheusText {
    static func render(_ health: DeskHealth, _ metrics: RequestMetrics) -> String {
        var text = ""
        gauge("mrmarket_up", "1 while nothing stops trading", health.faults.isEmpty ? 1 : 0, &text)
        gauge("mrmarket_reconciled", "1 once every account is reconciled", health.isReconciled ? 1 : 0, &text)
        header("mrmarket_exchange_alive", "1 while an exchange can be traded on", "gauge", &text)
        for exchange in health.exchanges {
            text += "mrmarket_exchange_alive{exchange=\"\(escaped(exchange.name))\"} \(exchange.isAlive ? 1 : 0)\n"
        }
        let counts: [(String, String, (DeskHealth.Executor) -> Int)] = [
            ("mrmarket_sessions", "Sessions at work", \.sessionCount),
            ("mrmarket_open_orders", "Live orders", \.openOrderCount),
            ("mrmarket_unknown_orders", "Orders that may or may not exist", \.unknownOrderCount),
            ("mrmarket_refused_fills", "Fills that could not be of the orders whose ids they bore", \.refusedFillCount),
            ("mrmarket_market_trusted", "1 while the book is fit to trade on", { $0.isTrusted ? 1 : 0 }),
        ]
        for (name, help, value) in counts {
            header(name, help, "gauge", &text)
            for executor in health.executors {
                text += "\(name){executor=\"\(escaped(executor.name))\"} \(value(executor))\n"
            }
        }
        header("mrmarket_market_data_timestamp_seconds", "When the newest market data came", "gauge", &text)
        for executor in health.executors {
            guard let last = executor.lastMarketData else { continue }
            let seconds = Double(last.nanoseconds) / 1e9
            text += "mrmarket_market_data_timestamp_seconds{executor=\"\(escaped(executor.name))\"} \(seconds)\n"
        }
        summary(
            "mrmarket_decision_seconds", "Book change to finished decisions", "executor", &text,
            health.executors.map { ($0.name, $0.decisions) })
        summary(
            "mrmarket_placement_seconds", "Decision to stored and sent", "executor", &text,
            health.executors.map { ($0.name, $0.placements) })
        requests(metrics.now, &text)
        return text
    }

    private static func requests(_ figures: RequestMetrics.Figures, _ text: inout String) {
        header("mrmarket_http_requests_total", "Requests by route and status", "counter", &text)
        for (key, count) in figures.counts.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            text += "mrmarket_http_requests_total{method=\"\(escaped(key.method))\",route=\"\(escaped(key.route))\","
            text += "status=\"\(key.status)\"} \(count)\n"
        }
        summary(
            "mrmarket_http_request_seconds", "Time to answer", "route", &text,
            figures.durations.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }

    private static func header(_ name: String, _ help: String, _ type: String, _ text: inout String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    private static func gauge(_ name: String, _ help: String, _ value: Int, _ text: inout String) {
        header(name, help, "gauge", &text)
        text += "\(name) \(value)\n"
    }

    private static func summary(
        _ name: String, _ help: String, _ label: String, _ text: inout String, _ rows: [(String, LatencyHistogram)]
    ) {
        header(name, help, "summary", &text)
        for (value, histogram) in rows {
            let owner = "\(label)=\"\(escaped(value))\""
            for fraction in [0.5, 0.99] {
                text += "\(name){\(owner),quantile=\"\(fraction)\"} \(Double(histogram.quantile(fraction)) / 1e9)\n"
            }
            text += "\(name)_sum{\(owner)} \(Double(histogram.totalNanoseconds) / 1e9)\n"
            text += "\(name)_count{\(owner)} \(histogram.count)\n"
        }
    }

    private static func escaped(_ label: String) -> String {
        label.unicodeScalars.map { scalar in
            switch scalar {
            case "\\": "\\\\"
            case "\"": "\\\""
            case "\n": "\\n"
            default: String(scalar)
            }
        }.joined()
    }
}

extension PrometheusText {
    /// Depth, age of the oldest, failures and lease losses of every queue. Empty when the database does not answer: a scrape
    /// tells then that they are missing.
    static func queues(_ operations: Operations) async -> String {
        let now = operations.time.now()
        let seen = try? await operations.look { transaction in
            (
                try JobStore(transaction: transaction).depths(operations.allQueues(transaction), now: now),
                try LedgerFindings.standing(transaction) == nil
            )
        }
        guard let (depths, isSound) = seen else { return "" }
        var text = ""
        gauge("mrmarket_ledger_sound", "0 while it is known not to add up", isSound ? 1 : 0, &text)
        header("mrmarket_jobs", "Jobs by queue and state", "gauge", &text)
        for depth in depths {
            let counts = [
                ("ready", depth.ready), ("delayed", depth.delayed), ("waiting", depth.waiting),
                ("running", depth.running), ("dead", depth.dead),
            ]
            for (state, count) in counts {
                text += "mrmarket_jobs{queue=\"\(depth.queue.rawValue)\",state=\"\(state)\"} \(count)\n"
            }
        }
        header("mrmarket_jobs_oldest_ready_seconds", "Age of the oldest job that could start", "gauge", &text)
        for depth in depths {
            let age = depth.oldestDue.map { max(0, now.nanoseconds(since: $0)) } ?? 0
            text += "mrmarket_jobs_oldest_ready_seconds{queue=\"\(depth.queue.rawValue)\"} \(Double(age) / 1e9)\n"
        }
        guard let report = operations.worker() else { return text }
        let counters: [(String, String, any KeyPath<JobCounters, Int> & Sendable)] = [
            ("mrmarket_jobs_completed_total", "Jobs completed by this process", \.completed),
            ("mrmarket_jobs_failed_total", "Attempts that failed in this process", \.failed),
            ("mrmarket_jobs_dead_total", "Jobs that this process gave to the dead letters", \.deadLettered),
            ("mrmarket_jobs_leases_lost_total", "Attempts whose job was no longer theirs", \.leasesLost),
        ]
        for (name, help, value) in counters {
            header(name, help, "counter", &text)
            for queue in report.queues {
                text += "\(name){queue=\"\(queue.name.rawValue)\"} \(queue.counters[keyPath: value])\n"
            }
        }
        let lost = "mrmarket_jobs_registrations_lost_total"
        header(lost, "How often this process's worker was given up for dead while it lived", "counter", &text)
        text += "\(lost) \(report.registrationsLost)\n"
        return text
    }
}
