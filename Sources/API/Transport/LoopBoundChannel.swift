import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// HTTP/1.1 whose requests are answered on the thread that reads them.
///
/// A pool between wakes two threads for each request, one for the question and one for the answer, which costs more than making
/// most answers does. What waits for the database or an exchange lets go of the thread as it would in a pool.
struct LoopBoundChannel: ServerChildChannel {
    let base: HTTP1Channel
    let door: ConnectionDoor

    /// One that is not admitted is closed as soon as it is set up: what comes behind reads its end.
    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        let isAdmitted = door.admit(channel)
        let set = base.setup(channel: channel, logger: logger)
        if !isAdmitted { set.whenComplete { _ in channel.close(promise: nil) } }
        return set
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await withTaskExecutorPreference(LoopExecutor(value.channel.eventLoop)) {
            await base.handle(value: value, logger: logger)
        }
    }
}

extension HTTPServerBuilder {
    /// See ``LoopBoundChannel``.
    static func loopBound(configuration: HTTP1Channel.Configuration, limits: ConnectionLimits) -> HTTPServerBuilder {
        let door = ConnectionDoor(limits)
        return HTTPServerBuilder { responder in
            LoopBoundChannel(base: HTTP1Channel(responder: responder, configuration: configuration), door: door)
        }
    }
}

/// An event loop as an executor of tasks.
private final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // The block keeps the executor alive until the job has run.
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
