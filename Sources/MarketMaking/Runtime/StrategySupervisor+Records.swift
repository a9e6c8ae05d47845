import Exchanges
import Execution
import Logging
import Persistence
import TradingCore

/// What happened, from the store; and how things are.
extension StrategySupervisor {
    public func inspect(_ strategyKey: String) async throws(DeskError) -> StrategyInspection {
        let row = try await row0(strategyKey)
        if let executor = executors[row.place], let session = try? SessionSeat(row).session,
            let inspection = await executor.inspect(row.instance, session)
        {
            return inspection
        }
        return try await load { try RecordStore(transaction: $0).inspection(row) }
    }

    public func history(_ filter: HistoryFilter) async throws(DeskError) -> [HistoryEntry] {
        try await load { try RecordStore(transaction: $0).history(filter) }
    }

    public func performance(userID: String, strategyType: String?) async throws(DeskError) -> [PerformanceEntry] {
        try await load { try RecordStore(transaction: $0).performance(userID: userID, strategyType: strategyType) }
    }

    public func fills(strategyKey: String, after: Int64, limit: Int) async throws(DeskError) -> [FillEntry] {
        let row = try await row0(strategyKey)
        return try await load {
            try RecordStore(transaction: $0).fills(of: row.instance.id, after: after, limit: limit)
        }
    }

    public func health() async -> DeskHealth {
        var places: [DeskHealth.Executor] = []
        var faults = recoveryFaults.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        for (_, executor) in executors.sorted(by: { $0.key.description < $1.key.description }) {
            places.append(await executor.health)
            if let fault = await executor.fault { faults.append("\(executor.place): \(fault)") }
        }
        if isClosing { faults.append("shutting down") } else if !isReconciled { faults.append("reconciling") }
        let exchanges = directory.connectors.map { connector in
            let fault = recoveryFaults.first { $0.key.hasPrefix("\(connector.id)/") }?.value
            return DeskHealth.Exchange(
                name: connector.id.rawValue, displayName: connector.displayName, isAlive: fault == nil, fault: fault)
        }
        return DeskHealth(exchanges: exchanges, executors: places, isReconciled: isReconciled, faults: faults)
    }
}
