import Glibc
import Logging

/// A line for each event, as swift-log's own handler writes them: time, level, label, metadata by key, source, message.
struct LineLogHandler: LogHandler {
    var logLevel: Logger.Level = .info
    var metadata = Logger.Metadata()
    var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let lines: LogLines

    init(label: String, lines: LogLines = .standardError) {
        self.label = label
        self.lines = lines
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let metadata = effective(event)
        lines.add(second: time(nil), isUrgent: event.level >= .notice) { line in
            line += event.level.rawValue.utf8
            line.append(UInt8(ascii: " "))
            line += label.utf8
            line.append(UInt8(ascii: ":"))
            for (key, value) in metadata {
                line.append(UInt8(ascii: " "))
                line += key.utf8
                line.append(UInt8(ascii: "="))
                line += value.utf8
            }
            line += " [".utf8
            line += event.source.utf8
            line += "] ".utf8
            line += event.message.description.utf8
        }
    }

    /// By key; what the event says goes before what the logger always says.
    private func effective(_ event: LogEvent) -> [(key: String, value: String)] {
        // As requests do, which are most of what is said.
        if metadata.isEmpty, metadataProvider == nil, event.error == nil {
            guard let own = event.metadata else { return [] }
            return own.map { ($0.key, $0.value.description) }.sorted { $0.key < $1.key }
        }
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error {
            all["error.message"] = "\(error)"
            all["error.type"] = "\(String(reflecting: type(of: error)))"
        }
        return all.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) }
    }
}
