import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// What the disk alone takes for a commit's bytes: written behind each other into a file that has its size already, as
/// SQLite's log does, and synced.
final class BareLog {
    private let descriptor: Int32
    private let page: [UInt8]
    private var offset: Int64 = 0
    private(set) var times: [Int64] = []

    private static let size: Int64 = 32 << 20

    init(folder: String, bytes: Int) throws {
        descriptor = open(folder + "/bare.log", O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
        page = [UInt8](repeating: 0x5A, count: bytes)
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        for _ in 0..<(Self.size >> 20) { _ = write(descriptor, zeros, zeros.count) }
        fsync(descriptor)
    }

    deinit { close(descriptor) }

    func append() throws {
        let began = ContinuousClock.now
        guard pwrite(descriptor, page, page.count, Int(offset)) == page.count, fdatasync(descriptor) == 0 else {
            throw CocoaError(.fileWriteUnknown)
        }
        let took = began.duration(to: .now).components
        times.append(took.seconds * 1_000_000_000 + took.attoseconds / 1_000_000_000)
        offset = (offset + Int64(page.count)) % (Self.size - Int64(page.count))
    }
}
