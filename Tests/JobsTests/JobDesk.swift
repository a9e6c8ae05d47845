import Foundation
import Jobs
import Persistence
import TradingCore

/// A job that a test tells apart by its number.
struct Note: JobArguments {
    static let kind = "test.note"
    static let queue: QueueName = "notes"

    var number: Int
}

/// Takes a queue's synchronous steps, one transaction each, at the time the test says.
final class JobDesk {
    let database: MemoryDatabase
    private(set) var now = Timestamp(nanoseconds: 1_700_000_000 * Nanoseconds.perSecond)
    private(set) var worker = JobWorkerID(rawValue: 0)

    init() async throws {
        database = try MemoryDatabase()
        try await Migrator(JobsMigrations.all).migrate(database)
        worker = try register()
    }

    func pass(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        now = now.advanced(byNanoseconds: seconds * Nanoseconds.perSecond + attoseconds / 1_000_000_000)
    }

    func store<Value>(_ body: (JobStore) throws -> Value) throws -> Value {
        try database.transact { try body(JobStore(transaction: $0)) }
    }

    func workers<Value>(_ body: (JobWorkerStore) throws -> Value) throws -> Value {
        try database.transact { try body(JobWorkerStore(transaction: $0)) }
    }

    func register(node: String = "a", ownsDatabase: Bool = false) throws -> JobWorkerID {
        let now = now
        return try workers {
            try $0.register(node: node, ownsDatabase: ownsDatabase, lease: .seconds(5), now: now)
        }
    }

    @discardableResult
    func enqueue(_ number: Int, _ options: JobOptions = JobOptions()) throws -> JobStore.Enqueued {
        let now = now
        return try store { try $0.enqueue(Note(number: number), options, now: now) }
    }

    func claim(_ limit: Int = 10, worker: JobWorkerID? = nil) throws -> [ClaimedJob] {
        let (now, worker) = (now, worker ?? self.worker)
        return try store { try $0.claim(Note.queue, limit: limit, worker: worker, now: now).jobs }
    }

    func complete(_ job: ClaimedJob) throws -> Bool {
        let now = now
        return try store { try $0.complete(job, now: now) }
    }

    @discardableResult
    func fail(
        _ job: ClaimedJob, _ disposition: JobDisposition = .retry(), reason: String = "broken"
    ) throws -> JobState? {
        let now = now
        return try store { try $0.fail(job, disposition, reason: reason, now: now) }
    }

    @discardableResult
    func rescue(own: JobWorkerID? = nil, limit: Int = 100) throws -> JobWorkerStore.Rescue {
        let (now, own) = (now, own ?? worker)
        return try workers { store in
            for sighting in try store.sightings(besides: own) where sighting.mark < now { try store.giveUp(sighting) }
            return try store.rescue(own: own, limit: limit, now: now)
        }
    }

    func state(_ job: JobStore.Enqueued) throws -> JobState? { try store { try $0.job(job.id)?.state } }

    func record(_ id: JobID) throws -> JobRecord? { try store { try $0.job(id) } }

    func depth() throws -> JobStore.Depth {
        let now = now
        return try store { try $0.depths([Note.queue], now: now)[0] }
    }
}

extension ClaimedJob {
    /// What the test told it apart by.
    var number: Int { (try? JSONDecoder().decode(Note.self, from: Data(arguments.utf8)))?.number ?? -1 }
}
