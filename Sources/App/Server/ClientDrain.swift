import Scheduling
import ServiceLifecycle
import TradingCore

/// How long a server that ends waits for its clients: half a request, or answers that nobody reads, keep no operator waiting.
///
/// It begins when the orders are off the books and the strategies' stops are answered, see ``SupervisorService``.
final class ClientDrain: Sendable {
    /// Some requests on their way, and a client on a slow line.
    static let limit = Nanoseconds.milliseconds(2_500)

    private let time: any TimeSource
    private let signal = Signal()

    init(time: any TimeSource) { self.time = time }

    /// Somebody wants the end now.
    func hurry() { signal.raise() }

    /// Runs what ends by itself some time after it was told to, and cancels it when it takes too long for that.
    func run(_ work: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await work() }
            group.addTask {
                do { try await gracefulShutdown() } catch { return }
                await self.waitForClients()
            }
            try await group.next()
            group.cancelAll()
            // Being cut off is no fault of the one who was.
            try? await group.waitForAll()
        }
    }

    private func waitForClients() async {
        let deadline = time.now().advanced(byNanoseconds: Self.limit)
        await withTaskGroup { group in
            group.addTask { [signal] in await signal.wait() }
            group.addTask { [time] in try? await time.sleep(until: deadline) }
            await group.next()
            group.cancelAll()
        }
    }
}
