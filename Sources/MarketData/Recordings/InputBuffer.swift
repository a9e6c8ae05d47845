#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The part of a file that is being looked at. Lines and records are handed out where they lie; only a piece cut by the
/// end of the buffer is moved to its front.
final class InputBuffer {
    /// No line of a market recording is longer; more is not read, so memory stays bounded.
    static let maximumPiece = 16 * 1_024 * 1_024

    private let file: InputFile
    private var storage: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private(set) var isAtEnd = false

    init(_ file: InputFile, capacity: Int = 256 * 1_024) {
        self.file = file
        storage = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        storage.deallocate()
    }

    /// Bytes at hand and not yet taken.
    var available: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[start..<end]) }

    func take(_ count: Int) { start += min(count, end - start) }

    /// Reads more behind what is at hand.
    /// - Returns: false at the end of the input.
    func fill() throws(InputFile.Failure) -> Bool {
        if isAtEnd { return false }
        if start > 0 {
            let rest = end - start
            if rest > 0, let base = storage.baseAddress { memmove(base, base + start, rest) }
            (start, end) = (0, rest)
        }
        if end == storage.count { try grow() }
        let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: storage[end...]))
        end += count
        isAtEnd = count == 0
        return count > 0
    }

    /// The next line without its newline; nil at the end of the input. Valid until the next call.
    /// - Returns: also whether a newline stood behind it.
    func line() throws(InputFile.Failure) -> (bytes: UnsafeRawBufferPointer, isClosed: Bool)? {
        var searched = 0
        while true {
            let piece = available
            if let base = piece.baseAddress, piece.count > searched,
                let newline = memchr(base + searched, 0x0A, piece.count - searched)
            {
                let count = UnsafeRawPointer(newline) - base
                take(count + 1)
                return (UnsafeRawBufferPointer(rebasing: piece[..<count]), true)
            }
            searched = piece.count
            if try !fill() {
                guard searched > 0 else { return nil }
                let rest = available
                take(rest.count)
                return (rest, false)
            }
        }
    }

    private func grow() throws(InputFile.Failure) {
        guard storage.count < InputBuffer.maximumPiece else {
            throw InputFile.Failure(
                expected: "lines of at most \(InputBuffer.maximumPiece) bytes", found: "a longer one")
        }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: storage.count * 2, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(storage))
        storage.deallocate()
        storage = larger
    }
}
