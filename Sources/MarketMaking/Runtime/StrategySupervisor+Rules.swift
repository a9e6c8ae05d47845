import Exchanges
import Execution
import Logging
import Persistence
import Scheduling
import TradingCore

/// Trading rules that change while the server runs: what trades by old ones is taken off the book, and begins anew by the new
/// ones the way it does after a restart, from what is stored.
extension StrategySupervisor {
    /// How often running places are compared with what their exchange lists; connectors read the lists anew by themselves.
    static var rulesInterval: Int64 { Nanoseconds.seconds(300) }

    /// Watches until the task is cancelled.
    func watchRules() async {
        let schedule = runtime.registry.schedule("trading rules")
        defer { schedule.end() }
        var failure: String?
        while !Task.isCancelled {
            let next = runtime.time.now().advanced(byNanoseconds: Self.rulesInterval)
            do { try await schedule.wait(until: next, on: runtime.time, failure: failure) } catch { return }
            failure = await takeUpNewRules()
        }
    }

    /// Asks at once when an order is refused that keeps the rules we know: a strategy may give up after a few of those.
    func watchRuleDoubts() async {
        let schedule = runtime.registry.schedule("doubted rules")
        defer { schedule.end() }
        while true {
            await runtime.rulesAreDoubted.wait()
            if Task.isCancelled { return }
            let began = runtime.time.now()
            schedule.works(since: began)
            let failure = await takeUpNewRules(areDoubted: true)
            schedule.worked(from: began, to: runtime.time.now(), failure: failure)
            // Orders that are refused for another reason must not become a row of questions.
            let next = began.advanced(byNanoseconds: Self.doubtInterval)
            do { try await runtime.time.sleep(until: next) } catch { return }
        }
    }

    /// The shortest time between two looks for doubt.
    private static var doubtInterval: Int64 { Nanoseconds.seconds(15) }

    /// - Parameter areDoubted: whether what an exchange told a moment ago is not good enough.
    /// - Returns: which exchanges could not be asked.
    @discardableResult
    func takeUpNewRules(areDoubted: Bool = false) async -> String? {
        var failures: [String] = []
        for (place, executor) in executors.sorted(by: { $0.key.description < $1.key.description }) {
            guard !isClosing, let connector = directory.connector(place.exchange) else { continue }
            let listed: [Instrument]
            do throws(ConnectorError) {
                listed = areDoubted ? try await connector.freshInstruments() : try await connector.instruments()
            } catch {
                failures.append("\(place): \(error)")
                continue
            }
            guard let fresh = listed.first(where: { $0.id.symbol == place.symbol }) else {
                runtime.logger.error("\(place): the exchange lists no such market any more")
                continue
            }
            let old = executor.instrument
            if fresh == old { continue }
            // What is stored is counted in the old units.
            guard fresh.unit == old.unit else {
                recoveryFaults["\(place)"] = "its units changed from \(old.unit) to \(fresh.unit)"
                continue
            }
            // Still the one that works there, and not one that is being recovered or made.
            guard executors[place] === executor, !isArriving(at: place) else { continue }
            runtime.logger.notice("\(place): trading rules changed, from \(old.rules) to \(fresh.rules)")
            await reseat(place, executor, fresh)
        }
        return failures.isEmpty ? nil : failures.joined(separator: "; ")
    }

    /// Callers who want the place meanwhile wait for the new executor.
    private func reseat(_ place: TradingPlace, _ executor: InstrumentExecutor, _ fresh: Instrument) async {
        let task = Task { () async throws -> InstrumentExecutor in
            guard await executor.suspend(limit: Nanoseconds.seconds(30)) else {
                // Its orders may still rest: it goes on by the old rules, and the next look tries again.
                if !self.isClosing { await executor.goOn() }
                return executor
            }
            if self.isClosing { return executor }
            self.forget(place, fresh)
            await executor.close()
            return try await self.take(up: place)
        }
        await arrive(place, by: task)
    }

    /// From what is stored, as after a restart; tried again until the exchange answers.
    private func take(up place: TradingPlace) async throws -> InstrumentExecutor {
        var wait = 200 * Nanoseconds.perMillisecond
        let schedule = runtime.registry.schedule("new rules \(place)")
        defer { schedule.end() }
        schedule.works(since: runtime.time.now())
        while true {
            do {
                let rows = try await runtime.database.read { transaction in
                    try StrategyInstanceStore(transaction: transaction).unfinished().filter { $0.place == place }
                }
                if rows.isEmpty { return try await arrive(place) }
                try await resume(rows, adopts: !executors.keys.contains { $0.accountName == place.accountName })
                recoveryFaults["\(place)"] = nil
                if let executor = executors[place] { return executor }
            } catch {
                recoveryFaults["\(place)"] = "new rules could not be taken up: \(error)"
                try Task.checkCancellation()
            }
            try await schedule.wait(
                until: runtime.time.now().advanced(byNanoseconds: wait), on: runtime.time,
                failure: recoveryFaults["\(place)"])
            wait = min(2 * wait, Nanoseconds.seconds(30))
        }
    }
}

extension AccountEvent {
    /// What breaks a rule that our gate knows never leaves: the exchange has another, or a reason that it has no word for.
    var doubtsRules: Bool {
        switch self {
        case .rejected(_, .rule), .rejected(_, .other): true
        default: false
        }
    }
}
