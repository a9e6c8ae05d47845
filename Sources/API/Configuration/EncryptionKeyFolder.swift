public import ExchangeKeys
public import Exchanges
import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The encryption key's file in the data folder, the one that is to follow it, and those that went before.
public struct EncryptionKeyFolder: EncryptionKeyFile {
    private let folder: String

    public init(_ folder: String) { self.folder = folder }

    public var present: String { folder + "/encryption-private-key" }
    public var next: String { present + ".next" }

    /// The key of an interrupted rotation, if there is one.
    public var nextKey: EncryptionKey? { Self.key(next) }

    static func key(_ path: String) -> EncryptionKey? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return EncryptionKey(base64: Secret(text))
    }

    public func keepNext(_ key: Secret) throws(ExchangeKeyError) {
        do { try PrivateFile.write(key.reveal() + "\n", to: next) } catch {
            throw .storageUnavailable(error.lines.joined(separator: "; "))
        }
    }

    public func promoteNext() throws(ExchangeKeyError) {
        // Backups made before are sealed to the old key: it is put aside, not lost. A hard link, so that there is no moment
        // without a present key.
        if let old = Self.key(present) {
            let aside = present + ".before-" + Self.name(old)
            if link(present, aside) != 0, errno != EEXIST { throw fault(aside) }
        }
        guard rename(next, present) == 0 else { throw fault(present) }
        let parent = open(folder, O_RDONLY | O_CLOEXEC)
        if parent >= 0 {
            _ = fsync(parent)
            _ = close(parent)
        }
    }

    public func dropNext() { _ = unlink(next) }

    /// Where in the folder the private key of a public one lies; nil where it does not.
    public func file(of publicText: String) -> String? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasPrefix("encryption-private-key") }.sorted().map { folder + "/" + $0 }.first {
            Self.key($0)?.publicText == publicText
        }
    }

    /// Eight letters and digits of the public half.
    private static func name(_ key: EncryptionKey) -> String {
        String(key.publicText.filter { $0.isLetter || $0.isNumber }.prefix(8))
    }

    private func fault(_ path: String) -> ExchangeKeyError {
        .storageUnavailable("\(path): cannot be written: \(String(cString: strerror(errno)))")
    }
}
