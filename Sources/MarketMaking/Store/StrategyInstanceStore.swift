import Persistence
import TradingCore

/// `strategy_instances`, their parameters by version, and their sessions' books.
struct StrategyInstanceStore {
    let transaction: any SQLTransaction

    /// A row with everything the runtime needs besides what the API shows.
    struct Row: Sendable {
        var instance: StrategyInstance
        var place: TradingPlace
        var run: Int64
    }

    private static let columns: SQL = """
        SELECT i.*, p.parameters FROM strategy_instances i
        JOIN strategy_parameters p ON p.instance_id = i.id AND p.version = i.parameters_version
        """

    func row(key: String) throws -> Row? {
        try transaction.row(Self.columns + " WHERE i.strategy_key = \(key)").map(Self.row)
    }

    func rows(_ filter: StrategyFilter) throws -> [Row] {
        let condition: SQL =
            switch filter {
            case .all: " ORDER BY i.id"
            case .status(let status): " AND i.status = \(status.rawValue) ORDER BY i.id"
            case .user(let user): " AND i.user_id = \(user) ORDER BY i.id"
            }
        // What holds orders that people place is no strategy.
        let strategies: SQL = " WHERE i.strategy_type <> \(StrategyType.direct.rawValue)"
        return try transaction.rows(Self.columns + strategies + condition).map(Self.row)
    }

    /// Those that a start has to take care of.
    func unfinished() throws -> [Row] {
        try transaction.rows(Self.columns + " WHERE i.status <> 'stopped' ORDER BY i.id").map(Self.row)
    }

    func insert(
        _ key: StrategyKey, _ place: TradingPlace, startPrice: FixedDecimal?, parameters: String, now: Timestamp
    ) throws -> Row {
        guard
            let inserted = try transaction.row(
                """
                INSERT INTO strategy_instances (strategy_key, user_id, client_id, strategy_type, exchange,
                    account_label, symbol, start_price, status, parameters_version, run, created_at, updated_at)
                VALUES (\(key.description), \(key.userID), \(key.clientID), \(key.type.rawValue),
                    \(place.exchange.rawValue), \(place.account), \(place.symbol.description), \(startPrice.sqlValue),
                    'running', 1, 1, \(now), \(now))
                RETURNING id
                """)
        else { throw StoredValueError(table: "strategy_instances", column: "id", value: "nothing") }
        try insertParameters(parameters, version: 1, of: inserted.get("id"), now: now)
        return try required(key.description)
    }

    /// Takes a stopped instance up again, in a new run.
    /// - Parameters:
    ///   - parameters: new ones, which become the next version; nil keeps the newest.
    /// - Returns: nil when the instance is not stopped.
    func restart(
        _ row: Row, _ place: TradingPlace, startPrice: FixedDecimal?, parameters: String?, now: Timestamp
    ) throws -> Row? {
        let version = row.instance.parametersVersion + (parameters == nil ? 0 : 1)
        let changed = try transaction.execute(
            """
            UPDATE strategy_instances SET status = 'running', run = run + 1, parameters_version = \(version),
                exchange = \(place.exchange.rawValue), account_label = \(place.account),
                symbol = \(place.symbol.description), start_price = \(startPrice.sqlValue), updated_at = \(now)
            WHERE id = \(row.instance.id) AND status = 'stopped' AND run = \(row.run)
            """)
        guard changed == 1 else { return nil }
        if let parameters { try insertParameters(parameters, version: version, of: row.instance.id, now: now) }
        return try required(row.instance.key.description)
    }

    /// Compare-and-set of the status.
    /// - Returns: false when it was none of `from`.
    @discardableResult
    func setStatus(
        _ status: StrategyInstance.Status, of id: Int64, from: StrategyInstance.Status, now: Timestamp
    ) throws -> Bool {
        try transaction.execute(
            """
            UPDATE strategy_instances SET status = \(status.rawValue), updated_at = \(now)
            WHERE id = \(id) AND status = \(from.rawValue)
            """) == 1
    }

    /// Of a run that has none.
    func setStartPrice(_ price: FixedDecimal, of id: Int64, run: Int64) throws {
        try transaction.execute(
            """
            UPDATE strategy_instances SET start_price = \(price)
            WHERE id = \(id) AND run = \(run) AND start_price IS NULL
            """)
    }

    /// Whether any instance, running or not, trades for an account, `exchange/label`.
    func names(account: String) throws -> Bool {
        let parts = account.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return false }
        return try transaction.row(
            "SELECT id FROM strategy_instances WHERE exchange = \(parts[0]) AND account_label = \(parts[1]) LIMIT 1")
            != nil
    }

    func count() throws -> Int64 {
        try transaction.row("SELECT COUNT(*) AS n FROM strategy_instances")?.get("n") ?? 0
    }

    private func insertParameters(_ text: String, version: Int64, of id: Int64, now: Timestamp) throws {
        try transaction.execute(
            """
            INSERT INTO strategy_parameters (instance_id, version, parameters, created_at)
            VALUES (\(id), \(version), \(text), \(now))
            """)
    }

    private func required(_ key: String) throws -> Row {
        guard let row = try row(key: key) else {
            throw StoredValueError(table: "strategy_instances", column: "strategy_key", value: key)
        }
        return row
    }

    private static func row(_ row: SQLRow) throws -> Row {
        let table = "strategy_instances"
        let key = StrategyKey(
            userID: try row.get("user_id"), clientID: try row.get("client_id"),
            type: try stored(table, "strategy_type", row.get("strategy_type")) { StrategyType(rawValue: $0) })
        let instance = StrategyInstance(
            id: try row.get("id"), key: key, startPrice: try row.get("start_price"),
            parameters: try row.get("parameters"), parametersVersion: try row.get("parameters_version"),
            status: try stored(table, "status", row.get("status")) { StrategyInstance.Status(rawValue: $0) },
            createdAt: try row.get("created_at"), updatedAt: try row.get("updated_at"))
        let place = TradingPlace(
            exchange: ExchangeID(rawValue: try row.get("exchange")), account: try row.get("account_label"),
            symbol: try stored(table, "symbol", row.get("symbol")) { Symbol($0) })
        return Row(instance: instance, place: place, run: try row.get("run"))
    }
}
