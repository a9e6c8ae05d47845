import CZlib

/// Inflates a gzip file (RFC 1952) piece by piece in fixed memory. Several members in a row, as `cat a.gz b.gz` makes
/// them, read as one.
final class GzipUnpacker {
    /// On the heap: zlib keeps a pointer back to it.
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutableRawBufferPointer
    private var isBetweenMembers = false
    private var hasEnded = false

    init() throws(InputFile.Failure) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        input = .allocate(byteCount: 64 * 1_024, alignment: 16)
        // 15 bits of window, plus 16: gzip only.
        let status = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            throw InputFile.Failure(expected: "memory for unpacking", found: "zlib error \(status)")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
        input.deallocate()
    }

    /// - Parameter refill: reads packed bytes, 0 at the end of the file.
    func read(
        into target: UnsafeMutableRawBufferPointer,
        refill: (UnsafeMutableRawBufferPointer) throws(InputFile.Failure) -> Int
    ) throws(InputFile.Failure) -> Int {
        guard !hasEnded, !target.isEmpty else { return 0 }
        stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: Bytef.self)
        stream.pointee.avail_out = UInt32(clamping: target.count)
        let room = Int(stream.pointee.avail_out)
        while Int(stream.pointee.avail_out) == room {
            if stream.pointee.avail_in == 0 {
                let count = try refill(input)
                stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: Bytef.self)
                stream.pointee.avail_in = UInt32(clamping: count)
                if count == 0 {
                    guard isBetweenMembers else {
                        throw InputFile.Failure(expected: "the rest of the gzip data", found: "the end of the file")
                    }
                    hasEnded = true
                    return 0
                }
            }
            if isBetweenMembers {
                inflateReset(stream)
                isBetweenMembers = false
            }
            switch inflate(stream, Z_NO_FLUSH) {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END: isBetweenMembers = true
            default:
                let reason = stream.pointee.msg.map { String(cString: $0) } ?? "damaged bytes"
                throw InputFile.Failure(expected: "valid gzip data", found: reason)
            }
        }
        return room - Int(stream.pointee.avail_out)
    }
}
