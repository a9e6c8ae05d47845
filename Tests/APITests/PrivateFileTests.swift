import Foundation
import TestSupport
import Testing

@testable import API

@Suite struct PrivateFileTests {
    private func names(_ folder: TemporaryFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    @Test func `what a writer left that was killed is removed, what one is at work on stays`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/key"
        // No process has the largest number there can be; the first one lives.
        for name in ["key.new", "key.new-4194304", "key.new-1", "key.new-x", "other.new-4194304"] {
            try Data("secret".utf8).write(to: URL(filePath: folder.path + "/" + name))
        }
        #expect(try PrivateFile.write("mine", to: path))
        #expect(try names(folder) == ["key", "key.new-1", "key.new-x", "other.new-4194304"])
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func `of two first starts one's text is there, and the other is told so`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/key"
        #expect(try PrivateFile.write("first", to: path, replaces: false))
        #expect(try !PrivateFile.write("second", to: path, replaces: false))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "first")
        #expect(try PrivateFile.write("third", to: path))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "third")
        #expect(try names(folder) == ["key"])
    }
}
