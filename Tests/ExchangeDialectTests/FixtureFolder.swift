import Foundation

/// The fixtures beside the checkout, which are never copied into it.
enum FixtureFolder {
    static let absence: String = "no exchange fixtures: set MRMARKET_SHARED to the folder that holds fixtures/exchanges"

    /// `MRMARKET_SHARED`, else `shared` beside the checkout, else the workspace's.
    static let root: String? = {
        let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let places: [String?] = [
            ProcessInfo.processInfo.environment["MRMARKET_SHARED"],
            checkout.deletingLastPathComponent().appendingPathComponent("shared").path, "/work/shared",
        ]
        return places.compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0 + "/fixtures/exchanges") }
    }()

    static var exchanges: String { (root ?? "") + "/fixtures/exchanges" }
    static var captures: String { (root ?? "") + "/fixtures/captures" }
}
