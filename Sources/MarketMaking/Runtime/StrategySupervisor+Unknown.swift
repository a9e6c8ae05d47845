import Execution
import Logging
import Persistence
import Scheduling
import TradingCore

/// Commands whose commit was cut short. Whoever gave one is told that nobody knows; the store is asked until it answers, and what stands
/// there is carried out: it must not say one thing and the market see another.
extension StrategySupervisor {
    func noteOutcome(_ error: any Error) {
        guard case SQLError.outcomeUnknown = error else { return }
        areCommandsUnknown = true
        guard commandResolver == nil else { return }
        commandResolver = Task { await resolveCommands() }
    }

    private func resolveCommands() async {
        let schedule = runtime.registry.schedule("commands of unknown outcome")
        defer { schedule.end() }
        schedule.works(since: runtime.time.now())
        var wait = 100 * Nanoseconds.perMillisecond
        while areCommandsUnknown, !Task.isCancelled {
            // Others may be given while the store is asked.
            areCommandsUnknown = false
            var failure: String?
            do { try await carryOutStored() } catch {
                areCommandsUnknown = true
                failure = "\(error)"
            }
            guard areCommandsUnknown else { break }
            let next = runtime.time.now().advanced(byNanoseconds: wait)
            do { try await schedule.wait(until: next, on: runtime.time, failure: failure) } catch { break }
            wait = min(2 * wait, Nanoseconds.seconds(5))
        }
        commandResolver = nil
    }

    private func carryOutStored() async throws {
        let (entries, rows) = try await runtime.database.read { transaction in
            (
                try TradingStateStore(transaction: transaction).all(),
                try StrategyInstanceStore(transaction: transaction).unfinished()
            )
        }
        await carryOut(entries, rows)
        for row in rows where row.instance.key.type != .direct {
            // Who is being recovered, or put to work, is told by that what stands in the store.
            guard !isClosing, let executor = executors[row.place], beginning[row.instance.key.description] == nil,
                !(unrecovered?.contains(row.place.accountName) ?? true)
            else { continue }
            switch row.instance.status {
            case .stopping:
                await executor.stop(row.instance.id)
                await endUnseated(row, on: executor)
            case .running: try await begin(row, on: executor)
            case .stopped: break
            }
        }
    }

    private func carryOut(_ entries: [TradingStateEntry], _ rows: [StrategyInstanceStore.Row]) async {
        await stateTurn.take()
        defer { stateTurn.give() }
        for entry in entries where TradingStateEntry.newer(states[entry.scope], entry) != states[entry.scope] {
            runtime.logger.warning("\(entry.scope) is \(entry.state): the command's commit was taken after all")
            await apply(entry, rows.first { entry.scope == .session($0.instance.key.description) })
        }
    }

    private func begin(_ row: StrategyInstanceStore.Row, on executor: InstrumentExecutor) async throws {
        guard await !executor.hosts(row.instance.id), recoveryFaults["\(row.instance.key)"] == nil else { return }
        let key = row.instance.key.description
        beginning[key, default: 0] += 1
        defer { beginning[key] = beginning[key].flatMap { $0 > 1 ? $0 - 1 : nil } }
        let books = try await runtime.database.read { transaction in
            try SessionBooksStore(transaction: transaction).books(of: row.instance.id)
        }
        guard let books else { return }
        let plan = try StrategyPlan.read(row.instance.parameters, exchanges: exchangeNames)
        runtime.logger.warning("strategy \(key) begins: its start was taken after all")
        try await executor.begin(row, plan.session, books, known: states[.session(key)])
        try await catchUp([row], on: executor)
    }
}
