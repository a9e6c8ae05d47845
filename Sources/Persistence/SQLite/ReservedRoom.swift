import Foundation
import Glibc
import Synchronization

/// Room for what must not be lost though a full disk keeps it out of the database: a file beside it, as long from its first day as it
/// ever gets, so that writing into it needs no room. What is in it survives a SIGKILL, and a power cut once ``write(_:)`` has returned.
///
/// Records one after another, each with its length and a checksum; a length of 0 ends them. On a file system that never writes
/// in place (btrfs, ZFS) even this may fail when the disk is full: then ``write(_:)`` says so.
package final class ReservedRoom<Entry: Codable & Sendable>: Sendable {
    /// Of the file, in bytes: less than was asked for only where the file holds something and there is no room for more.
    package let size: Int
    private static var head: Int { 8 }

    /// Where the next record goes.
    private let end: Mutex<Int>
    private let descriptor: Int32
    /// What was kept when the file was opened.
    package let left: [Entry]
    /// Behind what was kept stands something that is not whole: cut off by a power cut before anybody was promised it, or damaged.
    package let isDamaged: Bool

    /// - Throws: when there is no room for the file itself.
    package init(path: String, size: Int) throws {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ReservedRoomFailure.system("open \(path)", errno) }
        do {
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
            let (left, end) = Self.entries(bytes)
            self.size = try Self.fill(bytes, to: size, isNeeded: !left.isEmpty, descriptor)
            self.left = left
            self.isDamaged = bytes.dropFirst(end).prefix(4).contains { $0 != 0 }
            self.end = Mutex(end)
            self.descriptor = descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// What a crash left of its making, or somebody cut short, is made as long as it should be.
    /// - Parameter isNeeded: it holds something, which counts for more than room for others.
    private static func fill(_ bytes: [UInt8], to size: Int, isNeeded: Bool, _ descriptor: Int32) throws -> Int {
        guard bytes.count < size else { return size }
        do { try write([UInt8](repeating: 0, count: size - bytes.count), at: bytes.count, descriptor) } catch {
            guard isNeeded else { throw error }
            return bytes.count
        }
        return size
    }

    deinit { close(descriptor) }

    package var isEmpty: Bool { end.withLock { $0 == 0 } }

    /// Adds to what is kept. On the disk when this returns.
    package func write(_ entries: [Entry]) throws {
        try end.withLock { end in
            var bytes: [UInt8] = []
            for entry in entries {
                let body = [UInt8](try JSONEncoder().encode(entry))
                bytes += Self.number(UInt32(body.count)) + Self.number(Self.checksum(body)) + body
            }
            guard end + bytes.count + Self.head <= size else { throw ReservedRoomFailure.full(size) }
            try Self.write(bytes + [UInt8](repeating: 0, count: Self.head), at: end, descriptor)
            end += bytes.count
        }
    }

    /// Nothing need be kept any more.
    package func clear() throws {
        try end.withLock { end in
            if end == 0, !isDamaged { return }
            try Self.write([UInt8](repeating: 0, count: Self.head), at: 0, descriptor)
            end = 0
        }
    }

    // MARK: - Bytes

    private static func write(_ bytes: [UInt8], at start: Int, _ descriptor: Int32) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                pwrite(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(start + done))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ReservedRoomFailure.system("write", errno) }
            done += count
        }
        guard fdatasync(descriptor) == 0 else { throw ReservedRoomFailure.system("fdatasync", errno) }
    }

    /// Up to the first record that is not whole.
    /// - Returns: where it would be, too.
    package static func entries(_ bytes: [UInt8]) -> (entries: [Entry], end: Int) {
        var (entries, start): ([Entry], Int) = ([], 0)
        while start + head <= bytes.count {
            let length = Int(number(bytes[start..<start + 4]))
            guard length > 0, start + head + length <= bytes.count else { break }
            let body = Array(bytes[start + head..<start + head + length])
            guard checksum(body) == number(bytes[start + 4..<start + head]),
                let entry = try? JSONDecoder().decode(Entry.self, from: Data(body))
            else { break }
            entries.append(entry)
            start += head + length
        }
        return (entries, start)
    }

    private static func number(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// FNV-1a.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
    }
}

package enum ReservedRoomFailure: Error, CustomStringConvertible {
    /// Bytes.
    case full(Int)
    case system(String, Int32)

    package var description: String {
        switch self {
        case .full(let bytes): "the \(bytes) bytes of room are used up"
        case .system(let what, let code): "\(what): \(String(cString: strerror(code)))"
        }
    }
}
