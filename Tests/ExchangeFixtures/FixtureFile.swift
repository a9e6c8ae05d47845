import Foundation
import TradingCore

/// Why a file of fixtures cannot be used.
struct FixtureFileError: Error, CustomStringConvertible {
    var description: String
}

/// Files and folders of fixtures.
enum FixtureFile {
    static func json(_ path: String) throws -> JSONValue {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw FixtureFileError(description: "\(path): cannot be read")
        }
        do {
            return try data.withUnsafeBytes { try JSONValue(utf8: $0) }
        } catch {
            throw FixtureFileError(description: "\(path): \(error)")
        }
    }

    /// Nil where there is no such file.
    static func json(_ name: String, in folder: String) throws -> JSONValue? {
        let path = folder + "/" + name + ".json"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return try json(path)
    }

    /// The exchange folders at or in a folder, by name.
    static func exchangeFolders(_ path: String) throws -> [(name: String, path: String)] {
        let files = ["request", "response", "signed", "oracle", "ws", "markets"]
        func isExchange(_ folder: String) -> Bool {
            files.contains { FileManager.default.fileExists(atPath: folder + "/" + $0 + ".json") }
        }
        let root = URL(fileURLWithPath: path)
        if isExchange(root.path) { return [(root.lastPathComponent, root.path)] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        let folders = names.sorted().map { ($0, root.path + "/" + $0) }.filter { isExchange($0.1) }
        guard !folders.isEmpty else { throw FixtureFileError(description: "\(path): no folder of exchange fixtures") }
        return folders
    }

    /// Names of the files in a folder, sorted.
    static func names(in folder: String) throws -> [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: folder).sorted() } catch {
            throw FixtureFileError(description: "\(folder): cannot be read")
        }
    }

    /// The lines of a file packed with gzip.
    static func unpackedLines(_ path: String) throws -> [Substring] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc", path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw FixtureFileError(description: "\(path): gzip ended with \(process.terminationStatus)")
        }
        return String(decoding: data, as: UTF8.self).split(separator: "\n")
    }
}
