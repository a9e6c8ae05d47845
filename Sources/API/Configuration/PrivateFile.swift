import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A small file that is its owner's alone, whole or not there at all.
enum PrivateFile {
    /// Written beside, made durable, then put in place.
    /// - Parameter replaces: what is there already; if not, that stays.
    /// - Returns: whether it is this text that is there now.
    @discardableResult
    static func write(_ text: String, to path: String, replaces: Bool = true) throws(ConfigurationErrors) -> Bool {
        let folder = URL(filePath: path).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw ConfigurationErrors(lines: ["\(folder): must be a folder that can be written"]) }
        // Two that start at once must not write into one file.
        let beside = path + ".new-\(getpid())"
        unlink(beside)
        removeLeftovers(path, folder)
        let descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw fault(path) }
        let bytes = Array(text.utf8)
        let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        let isDurable = fsync(descriptor) == 0
        _ = Glibc.close(descriptor)
        guard written == bytes.count, isDurable else {
            unlink(beside)
            throw fault(path)
        }
        let isOurs = try put(beside, at: path, replaces: replaces)
        let parent = open(folder, O_RDONLY | O_CLOEXEC)
        if parent >= 0 {
            _ = fsync(parent)
            _ = Glibc.close(parent)
        }
        return isOurs
    }

    /// What starts left that were killed while they wrote: it may be a key.
    private static func removeLeftovers(_ path: String, _ folder: String) {
        // As earlier versions named it.
        unlink(path + ".new")
        let prefix = URL(filePath: path).lastPathComponent + ".new-"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where name.hasPrefix(prefix) {
            guard let writer = pid_t(name.dropFirst(prefix.count)), kill(writer, 0) != 0, errno == ESRCH else {
                continue
            }
            unlink(folder + "/" + name)
        }
    }

    private static func put(
        _ beside: String, at path: String, replaces: Bool
    ) throws(ConfigurationErrors) -> Bool {
        if replaces {
            guard rename(beside, path) == 0 else { throw fault(path) }
            return true
        }
        defer { unlink(beside) }
        if link(beside, path) == 0 { return true }
        guard errno == EEXIST else { throw fault(path) }
        return false
    }

    private static func fault(_ path: String) -> ConfigurationErrors {
        ConfigurationErrors(lines: ["\(path): cannot be written: \(String(cString: strerror(errno)))"])
    }
}
