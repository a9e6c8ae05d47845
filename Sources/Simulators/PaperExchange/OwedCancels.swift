import Foundation
import Glibc
import Synchronization
import TradingCore

/// Room for cancels that a full disk keeps out of the journal: a file beside it, as long from its first day as it ever gets, so
/// that writing into it needs no room. What is in it survives a SIGKILL, and a power cut once ``write(_:)`` has returned.
///
/// Records one after another, each with its length and a checksum; a length of 0 ends them. On a file system that never writes
/// in place (btrfs, ZFS) even this may fail when the disk is full: then ``write(_:)`` says so.
final class OwedCancels<Command: Hashable & Codable & Sendable>: Sendable {
    struct Entry: Hashable, Codable, Sendable {
        var time: Timestamp
        var command: Command
    }

    /// A command and when it was carried out.
    typealias Timed = (time: Timestamp, command: Command)

    enum Failure: Error, CustomStringConvertible {
        case full(Int)
        case system(String, Int32)

        var description: String {
            switch self {
            case .full(let bytes): "the \(bytes) bytes of room for cancels are used up"
            case .system(let what, let code): "\(what): \(String(cString: strerror(code)))"
            }
        }
    }

    /// Some six thousand cancels.
    static var size: Int { 1 << 20 }
    private static var head: Int { 8 }

    /// Where the next record goes.
    private let end: Mutex<Int>
    private let descriptor: Int32
    /// What was owed when the file was opened.
    let left: [Entry]

    /// - Throws: when there is no room for the file itself.
    init(path: String) throws {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure.system("open \(path)", errno) }
        do {
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
            if bytes.count < Self.size {
                // What a crash left of its making holds nothing.
                let missing = [UInt8](repeating: 0, count: Self.size - bytes.count)
                try Self.write(missing, at: bytes.count, descriptor)
            }
            let (left, end) = Self.entries(bytes)
            self.left = left
            self.end = Mutex(end)
            self.descriptor = descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    var isEmpty: Bool { end.withLock { $0 == 0 } }

    /// What was owed when the exchange died, but for what its journal has got since: by a checkpoint or by itself.
    /// - Parameters:
    ///   - stored: the time of the last checkpoint.
    ///   - known: what the journal holds since.
    func left(after stored: Timestamp?, beside known: [Timed]) -> [Timed] {
        left.filter { entry in
            entry.time > stored ?? .distantPast
                && !known.contains { $0.time == entry.time && $0.command == entry.command }
        }.map { ($0.time, $0.command) }
    }

    /// Adds to what is owed. On the disk when this returns.
    func write(_ entries: [Entry]) throws {
        try end.withLock { end in
            var bytes: [UInt8] = []
            for entry in entries {
                let body = [UInt8](try JSONEncoder().encode(entry))
                bytes += Self.number(UInt32(body.count)) + Self.number(Self.checksum(body)) + body
            }
            guard end + bytes.count + Self.head <= Self.size else { throw Failure.full(Self.size) }
            try Self.write(bytes + [UInt8](repeating: 0, count: Self.head), at: end, descriptor)
            end += bytes.count
        }
    }

    /// Nothing is owed any more.
    func clear() throws {
        try end.withLock { end in
            if end == 0 { return }
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
            guard count > 0 else { throw Failure.system("write", errno) }
            done += count
        }
        guard fdatasync(descriptor) == 0 else { throw Failure.system("fdatasync", errno) }
    }

    /// Up to the first record that is not whole.
    /// - Returns: where it would be, too.
    static func entries(_ bytes: [UInt8]) -> (entries: [Entry], end: Int) {
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
