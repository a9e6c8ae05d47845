import Persistence
import Synchronization
import TradingCore

/// A database that knows, before any writer is told of its commit, which orders are durable; and that can be told to fail.
final class ObservedDatabase: SQLDatabase {
    struct Failure: Error, CustomStringConvertible {
        let description = "database or disk is full"
    }

    let real: any SQLDatabase
    private let stored = Mutex<Set<ClientOrderID>>([])
    private let failing = Mutex(false)
    private let unreadable = Mutex(false)
    private let hidingCommits = Mutex(0)
    private let commits = Mutex(0)
    private let nextWrite = Mutex<(@Sendable () async -> Void)?>(nil)
    private let nextCommand = Mutex<(@Sendable () async -> Void)?>(nil)
    private let nextRead = Mutex<(@Sendable () async -> Void)?>(nil)
    /// What holds the first read after the next commit, and whether that commit has been.
    private let hold = Mutex<(isDue: Bool, work: @Sendable () async -> Void)?>(nil)

    init(_ real: any SQLDatabase) { self.real = real }

    func isStored(_ id: ClientOrderID) -> Bool { stored.withLock { $0.contains(id) } }
    func setFailing(_ value: Bool) { failing.withLock { $0 = value } }
    /// Neither read nor written.
    func setUnreadable(_ value: Bool) {
        unreadable.withLock { $0 = value }
        setFailing(value)
    }
    /// The next so many commits happen, and nobody learns that they did.
    func hideCommits(_ count: Int) { hidingCommits.withLock { $0 = count } }
    var hiddenCommits: Int { hidingCommits.withLock { $0 } }
    /// The answer of the first read after the next commit is told only when `work` has ended.
    func holdReadAfterCommit(_ work: @escaping @Sendable () async -> Void) { hold.withLock { $0 = (false, work) } }

    /// What the next read has found is told only when `work` has ended.
    func holdNextRead(_ work: @escaping @Sendable () async -> Void) { nextRead.withLock { $0 = work } }

    /// The next write fails when `work` has ended.
    func failNextWrite(after work: @escaping @Sendable () async -> Void) {
        nextWrite.withLock { $0 = work }
    }

    /// The next write of somebody who waits for it begins when `work` has ended: not what an executor journals, which may come at any
    /// moment.
    func holdNextCommand(_ work: @escaping @Sendable () async -> Void) { nextCommand.withLock { $0 = work } }

    /// All writes fail but for the next so many of those that somebody waits for.
    func failWrites(after count: Int) {
        holdNextCommand { [self] in
            if count > 0 { failWrites(after: count - 1) } else { setFailing(true) }
        }
    }

    var commitCount: Int { commits.withLock { $0 } }

    func write<T: Sendable>(_ body: @escaping @Sendable (any SQLTransaction) throws -> T) async throws -> T {
        let command = nextCommand.withLock { command in
            defer { command = nil }
            return command
        }
        await command?()
        return try await perform(body)
    }

    func write<T: Sendable>(
        isDurable: Bool, _ body: @escaping @Sendable (any SQLTransaction) throws -> T,
        completion: @escaping @Sendable (Result<T, any Error>) -> Void
    ) {
        Task {
            do { completion(.success(try await perform(body))) } catch { completion(.failure(error)) }
        }
    }

    private func perform<T: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> T
    ) async throws -> T {
        if failing.withLock({ $0 }) { throw Failure() }
        let next = nextWrite.withLock { next in
            defer { next = nil }
            return next
        }
        if let next {
            await next()
            throw Failure()
        }
        let result = try await real.write(body)
        let isHidden = hidingCommits.withLock { count in
            defer { count = max(0, count - 1) }
            return count > 0
        }
        if isHidden { throw SQLError.outcomeUnknown("the connection broke during the commit") }
        let ids = try await real.read { transaction in
            try transaction.rows("SELECT client_order_id FROM orders").compactMap { row in
                ClientOrderID(rawValue: UInt64(bitPattern: try row.get("client_order_id") as Int64))
            }
        }
        stored.withLock { $0.formUnion(ids) }
        commits.withLock { $0 += 1 }
        hold.withLock { $0?.isDue = true }
        return result
    }

    func read<T: Sendable>(_ body: @escaping @Sendable (any SQLTransaction) throws -> T) async throws -> T {
        if unreadable.withLock({ $0 }) { throw Failure() }
        let result = try await real.read(body)
        let next = nextRead.withLock { next in
            defer { next = nil }
            return next
        }
        await next?()
        let work = hold.withLock { hold -> (@Sendable () async -> Void)? in
            guard let due = hold, due.isDue else { return nil }
            hold = nil
            return due.work
        }
        await work?()
        return result
    }

    var dialect: SQLDialect { real.dialect }

    func notifications(_ channel: String) -> AsyncStream<Void> { real.notifications(channel) }

    func lostFile() -> SQLError? { real.lostFile() }

    func close() async { await real.close() }
}
