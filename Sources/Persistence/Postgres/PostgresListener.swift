import Dispatch
import Foundation
import Synchronization

/// Hears what other processes commit, on a connection and a thread of its own.
///
/// All words travel on one channel and say which of ours they mean, so that there is nothing to subscribe to later. After
/// every connecting everybody is woken: words may have been lost meanwhile.
final class PostgresListener: Sendable {
    static let channel = "mrmarket"

    private let options: PostgresOptions
    private let notifier: Notifier
    private let processID: WriterProcess
    private let thread = DispatchQueue(label: "mrmarket.postgres.listener", qos: .userInitiated)
    private let isClosed = Atomic(false)
    /// Written to once, to wake the thread from its waiting.
    private let wakeUp: Pipe

    init(_ options: PostgresOptions, _ notifier: Notifier, _ processID: WriterProcess) {
        self.options = options
        self.notifier = notifier
        self.processID = processID
        wakeUp = Pipe()
        thread.async { self.run() }
    }

    func close() async {
        isClosed.store(true, ordering: .sequentiallyConsistent)
        // A byte, not the end of the pipe: a child process may have inherited its other end.
        try? wakeUp.fileHandleForWriting.write(contentsOf: [0])
        await withCheckedContinuation { continuation in thread.async { continuation.resume() } }
    }

    private func run() {
        var pause = Outage.shortestPause
        while !isClosed.load(ordering: .sequentiallyConsistent) {
            do throws(PostgresFailure) {
                let connection = try PostgresConnection(
                    options.url, name: "mrmarket listener", patience: PostgresSession.connectingTime)
                try connection.run("LISTEN \(Self.channel)")
                pause = Outage.shortestPause
                notifier.postToAll()
                try listen(connection)
            } catch {
                waits(for: nil, atMost: pause)
                pause = min(Outage.longestPause, pause * 2)
            }
        }
    }

    /// Until the end, or the connection's.
    private func listen(_ connection: PostgresConnection) throws(PostgresFailure) {
        while !isClosed.load(ordering: .sequentiallyConsistent) {
            let words = try connection.takeNotifications()
            let others = words.filter { !processID.isOurs($0.processID) }.map(\.payload)
            if !others.isEmpty { notifier.post(others) }
            waits(for: connection.socket, atMost: .seconds(60))
        }
    }

    /// Until the socket has something, the end has come, or the time is up.
    private func waits(for socket: Int32?, atMost limit: Duration) {
        let (seconds, attoseconds) = limit.components
        var descriptors = [pollfd(fd: wakeUp.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)]
        if let socket { descriptors.append(pollfd(fd: socket, events: Int16(POLLIN), revents: 0)) }
        _ = poll(&descriptors, UInt(descriptors.count), Int32(seconds * 1_000 + attoseconds / 1_000_000_000_000_000))
    }
}
