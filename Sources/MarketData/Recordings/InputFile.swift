#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file read from start to end in pieces, unpacked on the way when it is gzip (told by its first bytes, not its name).
final class InputFile {
    /// What went wrong, for the caller to put a place to.
    struct Failure: Error {
        let expected: String
        let found: String
    }

    let path: String
    /// Bytes of the file as it lies on disk.
    let size: Int
    /// Of these, read so far.
    private(set) var consumed = 0
    private(set) var isCompressed = false
    private let descriptor: Int32
    private var unpacker: GzipUnpacker?
    private var pieces: PieceUnpacker?
    private var hasStarted = false

    /// - Throws: when the file cannot be opened.
    init(path: String) throws(FeedError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw FeedError(file: path, place: .file, expected: "a readable file", found: InputFile.systemError())
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
            close(descriptor)
            throw FeedError(file: path, place: .file, expected: "a readable file", found: "a directory")
        }
        size = Int(status.st_size)
    }

    deinit {
        close(descriptor)
    }

    /// Fills `target` from its start, as far as the input goes in one step.
    /// - Returns: how many bytes were written; 0 only at the end of the input.
    func read(into target: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
        if !hasStarted { try start() }
        if let pieces {
            return try pieces.read(into: target) { piece throws(Failure) in try self.readPlain(into: piece) }
        }
        guard let unpacker else { return try readPlain(into: target) }
        return try unpacker.read(into: target) { piece throws(Failure) in try self.readPlain(into: piece) }
    }

    /// Whether a crash cut the file's end off: it was read up to there. Only our own recordings tell.
    var isCut: Bool { pieces?.isCut ?? false }

    /// Looks at the first bytes without taking them.
    private func start() throws(Failure) {
        hasStarted = true
        var head = [UInt8](repeating: 0, count: GzipPiece.headerSize)
        let count = head.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        isCompressed = count >= 2 && head[0] == 0x1F && head[1] == 0x8B
        guard isCompressed else { return }
        if count == head.count, head.withUnsafeBytes({ GzipPiece.length($0) }) != nil {
            pieces = PieceUnpacker()
        } else {
            unpacker = try GzipUnpacker()
        }
    }

    private func readPlain(into target: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
        while true {
            #if canImport(Glibc)
            let count = Glibc.read(descriptor, target.baseAddress, target.count)
            #elseif canImport(Musl)
            let count = Musl.read(descriptor, target.baseAddress, target.count)
            #else
            let count = Darwin.read(descriptor, target.baseAddress, target.count)
            #endif
            if count >= 0 {
                consumed += count
                return count
            }
            guard errno == EINTR else { throw Failure(expected: "a readable file", found: InputFile.systemError()) }
        }
    }

    private static func systemError() -> String { String(cString: strerror(errno)) }
}
