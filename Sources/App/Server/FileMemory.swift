import Foundation
import Networking
import Synchronization

/// A few values in a small file, replaced as a whole: what connectors have to know again after a restart.
final class FileMemory: ConnectorMemory {
    private let url: URL
    private let values: Mutex<[String: String]>

    init(path: String) {
        url = URL(filePath: path)
        let data = (try? Data(contentsOf: url)) ?? Data()
        values = Mutex((try? JSONDecoder().decode([String: String].self, from: data)) ?? [:])
    }

    func value(of key: String) -> String? { values.withLock { $0[key] } }

    func set(_ value: String, of key: String) {
        values.withLock { values in
            values[key] = value
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            guard let data = try? encoder.encode(values) else { return }
            try? FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try? data.write(to: url, options: .atomic)
        }
    }
}
