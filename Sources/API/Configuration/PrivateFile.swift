import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A small file that is its owner's alone, whole or not there at all.
enum PrivateFile {
    /// Written beside, made durable, then put in place.
    static func write(_ text: String, to path: String) throws(ConfigurationErrors) {
        let folder = URL(filePath: path).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw ConfigurationErrors(lines: ["\(folder): must be a folder that can be written"]) }
        let beside = path + ".new"
        let descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw fault(path) }
        // What an interrupted start left there keeps the mode it has.
        _ = fchmod(descriptor, 0o600)
        let bytes = Array(text.utf8)
        let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        let isDurable = fsync(descriptor) == 0
        _ = Glibc.close(descriptor)
        guard written == bytes.count, isDurable, rename(beside, path) == 0 else { throw fault(path) }
        let parent = open(folder, O_RDONLY | O_CLOEXEC)
        if parent >= 0 {
            _ = fsync(parent)
            _ = Glibc.close(parent)
        }
    }

    private static func fault(_ path: String) -> ConfigurationErrors {
        ConfigurationErrors(lines: ["\(path): cannot be written: \(String(cString: strerror(errno)))"])
    }
}
