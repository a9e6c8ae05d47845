import Logging
import Persistence
import Scheduling
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import mrmarket

/// How the server's services end.
@Suite(.timeLimit(.minutes(1))) struct EndTests {
    /// What happened, in order.
    private final class Diary: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func note(_ line: String) { lines.withLock { $0.append(line) } }
    }

    /// Notes when it is told to stop.
    private struct Told: Service {
        let name: String
        let diary: Diary
        var runs = Signal()

        func run() async throws {
            runs.raise()
            try? await gracefulShutdown()
            diary.note(name)
        }
    }

    /// Time that never comes.
    private struct StandingTime: TimeSource {
        func now() -> Timestamp { Timestamp(nanoseconds: 0) }

        func sleep(until deadline: Timestamp) async throws {
            await Signal().wait()
            try Task.checkCancellation()
        }
    }

    private static func group(
        _ configurations: [ServiceGroupConfiguration.ServiceConfiguration]
    ) -> ServiceGroup {
        ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: configurations, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })))
    }

    /// Ends a group once all of `runs` were raised.
    private static func end(_ group: ServiceGroup, once runs: [Signal]) async throws {
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            for signal in runs { await signal.wait() }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test func `orders come off first, though every page of a large file is still being looked at`() async throws {
        let (diary, isChecking) = (Diary(), Signal())
        let pages = PageCheckService {
            isChecking.raise()
            // As a check that takes longer than anybody waits.
            await Signal().wait()
            diary.note("page check")
            throw CancellationError()
        }
        let (api, supervisor) = (Told(name: "API", diary: diary), Told(name: "supervisor", diary: diary))
        let group = Self.group(ServiceOrder.configurations([api], pages: pages, supervisor: supervisor))
        try await Self.end(group, once: [isChecking, api.runs, supervisor.runs])
        #expect(diary.all == ["supervisor", "page check", "API"])
    }

    @Test func `damage that the page check finds ends the server, also while it stops`() async throws {
        let runs = Signal()
        let pages = PageCheckService {
            runs.raise()
            await Signal().wait()
            throw SQLError.corrupt("x.db: page 7")
        }
        await #expect(throws: SQLError.corrupt("x.db: page 7")) {
            try await Self.end(Self.group([pages.configured]), once: [runs])
        }
    }

    @Test func `clients that take their time are cut off`() async throws {
        let (time, runs) = (ManualTime(), Signal())
        let client = Client(drain: ClientDrain(time: time), runs: runs)
        try await Self.end(Self.group([.init(service: client)]), once: [runs])
        #expect(time.now() == Timestamp(nanoseconds: ClientDrain.limit))
    }

    @Test func `told twice, the server waits for no client`() async throws {
        let (drain, runs) = (ClientDrain(time: StandingTime()), Signal())
        // Before the orders are off, too.
        drain.hurry()
        try await Self.end(Self.group([.init(service: Client(drain: drain, runs: runs))]), once: [runs])
    }

    /// One whose request is never over.
    private struct Client: Service {
        let drain: ClientDrain
        let runs: Signal

        func run() async throws {
            try await drain.run {
                runs.raise()
                await Signal().wait()
                throw CancellationError()
            }
        }
    }
}
