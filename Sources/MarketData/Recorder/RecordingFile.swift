public import TradingCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Why recording cannot go on, in one line.
public struct RecordingFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// The file being recorded to: pieces are added whole and are on the disk when ``append(_:at:)`` returns. It always has the
/// name that was given; one that is full is moved aside, named after when it was begun.
public final class RecordingFile {
    public let path: String
    /// Bytes on the disk.
    public private(set) var size = 0
    public private(set) var startedAt: Timestamp
    private var descriptor: Int32

    /// - Throws: when the file cannot be made, or one of the name is there that is no recording of ours.
    public init(path: String, at now: Timestamp) throws(RecordingFailure) {
        self.path = path
        startedAt = now
        try RecordingFile.moveAside(path)
        descriptor = try RecordingFile.create(path)
    }

    deinit { close(descriptor) }

    /// - Parameter bytes: whole lines or records.
    public func append(_ bytes: [UInt8], at now: Timestamp) throws(RecordingFailure) {
        guard !bytes.isEmpty else { return }
        let piece: [UInt8]
        do throws(InputFile.Failure) { piece = try GzipPiece.packed(bytes, seconds: RecordingFile.seconds(now)) } catch
        {
            throw RecordingFailure("\(path): expected \(error.expected), found \(error.found)")
        }
        var written = 0
        while written < piece.count {
            let count = piece.withUnsafeBytes {
                write(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let reason = RecordingFile.systemError()
                // What is there of it is no whole piece.
                _ = ftruncate(descriptor, off_t(size))
                throw RecordingFailure("\(path): cannot be written: \(reason)")
            }
            written += count
        }
        size += piece.count
        guard fdatasync(descriptor) == 0 else {
            throw RecordingFailure("\(path): cannot be stored: \(RecordingFile.systemError())")
        }
    }

    /// Goes on in a new file.
    /// - Returns: where the full one is now; nil when nothing was in it.
    @discardableResult
    public func rotate(at now: Timestamp) throws(RecordingFailure) -> String? {
        close(descriptor)
        descriptor = -1
        let aside = try RecordingFile.moveAside(path)
        descriptor = try RecordingFile.create(path)
        size = 0
        startedAt = now
        return aside
    }

    private static func create(_ path: String) throws(RecordingFailure) -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw RecordingFailure("\(path): cannot be made: \(systemError())") }
        return descriptor
    }

    /// An earlier recording keeps what it holds: `btc.gz` begun at 14:05:09 becomes `btc-20261126T140509Z.gz`.
    /// - Returns: what it is called now; nil where there was nothing to keep.
    @discardableResult
    private static func moveAside(_ path: String) throws(RecordingFailure) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw RecordingFailure("\(path): cannot be read: \(systemError())")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw RecordingFailure("\(path): must be a file or not be there")
        }
        // Made, and killed before anything came.
        if status.st_size == 0 {
            guard unlink(path) == 0 else { throw RecordingFailure("\(path): cannot be replaced: \(systemError())") }
            return nil
        }
        var header = [UInt8](repeating: 0, count: GzipPiece.headerSize)
        let count = header.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count == GzipPiece.headerSize, let seconds = header.withUnsafeBytes({ GzipPiece.seconds($0) }) else {
            throw RecordingFailure("\(path): is there already and is no recording that could be moved aside")
        }
        let aside = try free(path, seconds)
        guard link(path, aside) == 0, unlink(path) == 0 else {
            throw RecordingFailure("\(path): cannot be moved to \(aside): \(systemError())")
        }
        return aside
    }

    private static func free(_ path: String, _ seconds: UInt32) throws(RecordingFailure) -> String {
        for number in 0..<1_000 {
            let name = aside(path, seconds, number)
            if access(name, F_OK) != 0 { return name }
        }
        throw RecordingFailure("\(path): has a thousand earlier recordings of the same second")
    }

    /// - Parameter number: of those begun in the same second.
    static func aside(_ path: String, _ seconds: UInt32, _ number: Int) -> String {
        let folder = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        // The whole of `.mme.gz`, so that the name still tells the format.
        let ending = path[folder...].dropFirst().firstIndex(of: ".") ?? path.endIndex
        var moment = time_t(seconds)
        var parts = tm()
        gmtime_r(&moment, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let day = "\(parts.tm_year + 1900)" + two(parts.tm_mon + 1) + two(parts.tm_mday)
        let time = two(parts.tm_hour) + two(parts.tm_min) + two(parts.tm_sec)
        return path[..<ending] + "-\(day)T\(time)Z" + (number == 0 ? "" : "-\(number)") + path[ending...]
    }

    private static func seconds(_ time: Timestamp) -> UInt32 { UInt32(clamping: time.nanoseconds / 1_000_000_000) }

    private static func systemError() -> String { String(cString: strerror(errno)) }
}
