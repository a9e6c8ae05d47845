import Logging
import Synchronization

/// Everything that was logged.
final class LogText: Sendable {
    private let lines = Mutex<[String]>([])
    var text: String { lines.withLock { $0.joined(separator: "\n") } }

    var logger: Logger { Logger(label: "test", factory: { _ in Handler(text: self) }) }

    private struct Handler: LogHandler {
        let text: LogText
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            text.lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
        }
    }
}
