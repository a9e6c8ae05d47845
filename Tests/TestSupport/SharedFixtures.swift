#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The recorded data that lies beside the repository and is not part of it. Tests that need it are skipped, saying so,
/// where it is absent.
public enum SharedFixtures {
    /// Why a test is skipped.
    public static let absence = "no recordings: set MRMARKET_SHARED to the folder that holds fixtures/market-data"

    /// `MRMARKET_SHARED`, else `shared` beside the repository, else the workspace's.
    public static let root: String? = {
        let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let places: [String?] = [
            ProcessInfo.processInfo.environment["MRMARKET_SHARED"],
            repository.deletingLastPathComponent().appending(path: "shared").path, "/work/shared",
        ]
        return places.compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0 + "/fixtures/market-data") }
    }()

    public static var exist: Bool { root != nil }

    /// The path of a recording; nil where there is none.
    public static func recording(_ name: String) -> String? {
        root.map { $0 + "/fixtures/market-data/" + name }.flatMap {
            FileManager.default.fileExists(atPath: $0) ? $0 : nil
        }
    }
}
