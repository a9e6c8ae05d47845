import Foundation

/// What a chain's lives found and left, for who looks into a violation: in the folder that `MRMARKET_KILL_EVIDENCE` names, if it
/// names one. For each chain with a violation the plans of its lives, and its files as each life found them.
struct Evidence {
    private static let folder = ProcessInfo.processInfo.environment["MRMARKET_KILL_EVIDENCE"]
    private var plans: [String] = []
    private var isKept = false

    /// Before a life.
    mutating func note(_ plan: String, of chain: String, life: Int) throws {
        guard Self.folder != nil, !isKept else { return }
        plans.append(plan)
        try Self.copy(chain, "\(chain)/found-\(life)")
    }

    /// After the first life that something was wrong with.
    mutating func keep(_ chain: String, life: Int) throws {
        guard let folder = Self.folder, !isKept else { return }
        isKept = true
        try Self.copy(chain, "\(chain)/found-\(life)")
        let kept = URL(filePath: folder).appending(path: URL(filePath: chain).lastPathComponent).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: chain, toPath: kept)
        try Data(plans.joined(separator: "\n").utf8).write(to: URL(filePath: kept + "/plans"))
    }

    private static func copy(_ chain: String, _ target: String) throws {
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: chain).filter({ $0.hasPrefix("server.db") }) {
            try FileManager.default.copyItem(atPath: "\(chain)/\(name)", toPath: "\(target)/\(name)")
        }
    }
}
