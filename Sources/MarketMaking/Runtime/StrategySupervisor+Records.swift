import Exchanges
import Execution
import Logging
import Persistence
import TradingCore

/// What happened, from the store; and how things are.
extension StrategySupervisor {
    public func inspect(_ strategyKey: String) async throws(DeskError) -> StrategyInspection {
        let row = try await row0(strategyKey)
        if let inspection = await executors[row.place]?.inspect(row.instance) { return inspection }
        return try await load { try RecordStore(transaction: $0).inspection(row) }
    }

    public func history(
        _ filter: HistoryFilter, _ page: RecordPage
    ) async throws(DeskError) -> [HistoryEntry] {
        try await loadRecords { try RecordStore(transaction: $0).history(filter, page) }
    }

    public func performance(
        userID: String, strategyType: String?, _ page: RecordPage
    ) async throws(DeskError) -> [PerformanceEntry] {
        try await loadRecords {
            try RecordStore(transaction: $0).performance(userID: userID, strategyType: strategyType, page)
        }
    }

    public func fills(strategyKey: String, after: Int64, limit: Int) async throws(DeskError) -> [FillEntry] {
        let row = try await row0(strategyKey)
        return try await loadRecords {
            try RecordStore(transaction: $0).fills(of: row.instance.id, after: after, limit: limit)
        }
    }

    private func loadRecords<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws(DeskError) -> Value {
        await recordTurns.take()
        defer { recordTurns.give() }
        return try await load(body)
    }

    public func health() async -> DeskHealth {
        var places: [DeskHealth.Executor] = []
        var silences: [ExchangeID: String] = [:]
        var faults = recoveryFaults.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        if let lost = runtime.database.lostFile() { faults.append("storage: \(lost)") }
        for (_, executor) in executors.sorted(by: { $0.key.description < $1.key.description }) {
            let shown = await executor.shown
            places.append(shown.health)
            faults += shown.faults.map { "\(executor.place): \($0)" }
            // Told at once: a stream that ends has two seconds to heal, and this one cannot.
            if let silence = await removal(executor) ?? shown.silence {
                faults.append("\(executor.place): \(silence)")
                silences[executor.place.exchange] = silence
            }
        }
        faults += haltsOfThisProcess.map { "the halt of \($0) is not stored yet" }
        if isClosing {
            faults.append("shutting down")
        } else if let standing = runtime.lease?.standing {
            faults.append(standing)
        } else if !isReconciled {
            faults.append("reconciling")
        }
        var exchanges: [DeskHealth.Exchange] = []
        for connector in directory.connectors {
            let unrecovered = recoveryFaults.first { $0.key.hasPrefix("\(connector.id)/") }?.value
            let fault = await connector.fault()
            if let fault { faults.append("\(connector.id): \(fault)") }
            let reason = unrecovered ?? fault ?? silences[connector.id]
            exchanges.append(
                DeskHealth.Exchange(
                    name: connector.id.rawValue, displayName: connector.displayName, isAlive: reason == nil,
                    fault: reason))
        }
        var health = DeskHealth(
            exchanges: exchanges, executors: places, isReconciled: isReconciled, faults: faults)
        health.accounts = (directory as? any ExchangeAccountsHolder)?.states ?? []
        for account in health.accounts where health.isStopped(account) {
            health.faults.append(
                "\(account.exchange)/\(account.label): \(account.fault ?? "its exchange carries out nothing")")
        }
        return health
    }
    /// - Returns: nil while a place's account has its key, or nothing of the place is open.
    private func removal(_ executor: InstrumentExecutor) async -> String? {
        guard await isRemoved(executor), await !executor.isIdle else { return nil }
        let name = executor.place.accountName
        return
            "account \(name) has no key any more, and orders or strategies are at work on it: nobody can cancel for them"
    }
}
