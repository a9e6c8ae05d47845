import Persistence

/// A database for whoever holds the trading lease: what writes fails when the term has ended, whoever has noticed it.
struct FencedDatabase: SQLDatabase {
    let database: any SQLDatabase
    let lease: TradingLease

    var dialect: SQLDialect { database.dialect }
    var executor: (any TaskExecutor)? { database.executor }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        let fenced = try fenced(body)
        return try await telling { try await database.write(fenced) }
    }

    func writeWithoutSync<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        let fenced = try fenced(body)
        return try await telling { try await database.writeWithoutSync(fenced) }
    }

    func write<Value: Sendable>(
        isDurable: Bool, _ body: @escaping @Sendable (any SQLTransaction) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        do {
            database.write(isDurable: isDurable, try fenced(body)) { [lease] result in
                completion(result.mapError { lease.meaning($0) })
            }
        } catch { completion(.failure(error)) }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value { try await database.read(body) }

    func notifications(_ channel: String) -> AsyncStream<Void> { database.notifications(channel) }
    func addRider(_ rider: any CommitRider) -> Bool { database.addRider(rider) }
    func removeRider(_ rider: any CommitRider) { database.removeRider(rider) }
    func lostFile() -> SQLError? { database.lostFile() }

    /// The database is whoever's has opened it.
    func close() async {}

    private func fenced<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) throws -> @Sendable (any SQLTransaction) throws -> Value {
        guard let term = lease.term else { throw NotTrading(reason: lease.standing) }
        return { transaction in
            try TradingLeaseStore(transaction: transaction).require(term)
            return try body(transaction)
        }
    }

    private func telling<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        do { return try await body() } catch { throw lease.meaning(error) }
    }
}

extension TradingLease {
    /// What a failed transaction says: where it was the fence that it broke, the term has ended.
    fileprivate func meaning(_ error: any Error) -> any Error {
        guard TradingLeaseStore.isEnd(error) else { return error }
        lose()
        return NotTrading(reason: standing)
    }
}

/// Another server trades on the database: nothing of this one may be stored.
struct NotTrading: Error, Hashable, CustomStringConvertible {
    let reason: String?

    var description: String { reason ?? "this server has not taken over trading yet" }
}
