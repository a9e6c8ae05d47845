import CZlib

/// How our recorder packs: gzip (RFC 1952) in pieces, each a member of its own that holds whole lines or records and tells its
/// length in an extra field (`MM`; bgzip does the same with `BC`). Any gzip reader reads them one after the other. Ours also
/// knows a last piece that a crash has cut short, and ends before it.
enum GzipPiece {
    /// Ten bytes of gzip's own, two of the extra field's length, its name, its length, and four of the piece's.
    static let headerSize = 20
    static let trailerSize = 8
    /// Bytes of a piece, packed or not. No recorder makes longer ones, so none is read.
    static let longest = 128 << 20

    /// - Parameter seconds: since 1970, when it was begun.
    static func packed(_ bytes: [UInt8], seconds: UInt32) throws(InputFile.Failure) -> [UInt8] {
        var stream = z_stream()
        // Raw deflate: the header is ours.
        let status = deflateInit2_(
            &stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK, bytes.count <= longest else {
            throw InputFile.Failure(expected: "memory for packing", found: "zlib error \(status)")
        }
        defer { deflateEnd(&stream) }
        let room = Int(deflateBound(&stream, UInt(bytes.count)))
        var packed = [UInt8](repeating: 0, count: headerSize + room + trailerSize)
        var input = bytes
        let length = input.withUnsafeMutableBufferPointer { source in
            packed.withUnsafeMutableBufferPointer { target in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(clamping: source.count)
                stream.next_out = target.baseAddress.map { $0 + headerSize }
                stream.avail_out = UInt32(clamping: room)
                return deflate(&stream, Z_FINISH) == Z_STREAM_END ? room - Int(stream.avail_out) : nil
            }
        }
        guard let length else { throw InputFile.Failure(expected: "packed bytes", found: "more than zlib promised") }
        packed.removeLast(room - length + trailerSize)
        var header: [UInt8] = [0x1F, 0x8B, 8, 4]
        header += little(seconds) + [0, 3, 8, 0]
        header += [UInt8(ascii: "M"), UInt8(ascii: "M"), 4, 0]
        header += little(UInt32(clamping: headerSize + length + trailerSize))
        packed.replaceSubrange(0..<headerSize, with: header)
        packed += little(checksum(bytes)) + little(UInt32(truncatingIfNeeded: bytes.count))
        return packed
    }

    /// The length of the piece that begins here; nil when it is none of ours.
    static func length(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= headerSize, bytes[0] == 0x1F, bytes[1] == 0x8B, bytes[2] == 8, bytes[3] == 4,
            bytes[10] == 8, bytes[11] == 0, bytes[12] == UInt8(ascii: "M"), bytes[13] == UInt8(ascii: "M"),
            bytes[14] == 4, bytes[15] == 0
        else { return nil }
        let length = Int(number(bytes, at: 16))
        return (headerSize + trailerSize...longest).contains(length) ? length : nil
    }

    /// When it was begun, seconds since 1970.
    static func seconds(_ bytes: UnsafeRawBufferPointer) -> UInt32? {
        length(bytes) == nil ? nil : number(bytes, at: 4)
    }

    /// What a whole piece holds; nil when it is damaged.
    static func unpacked(_ piece: UnsafeMutableRawBufferPointer) -> [UInt8]? {
        let bytes = UnsafeRawBufferPointer(piece)
        guard bytes.count >= headerSize + trailerSize else { return nil }
        let size = Int(number(bytes, at: bytes.count - 4))
        guard size <= longest else { return nil }
        var stream = z_stream()
        guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        // One byte more, so that there always is an address.
        var target = [UInt8](repeating: 0, count: size + 1)
        let isWhole = target.withUnsafeMutableBufferPointer { target in
            stream.next_in = piece.baseAddress.map { ($0 + headerSize).assumingMemoryBound(to: Bytef.self) }
            stream.avail_in = UInt32(clamping: piece.count - headerSize - trailerSize)
            stream.next_out = target.baseAddress
            stream.avail_out = UInt32(clamping: size + 1)
            return inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_out == 1
        }
        target.removeLast()
        return isWhole && checksum(target) == number(bytes, at: bytes.count - 8) ? target : nil
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBufferPointer { UInt32(truncatingIfNeeded: crc32_z(0, $0.baseAddress, $0.count)) }
    }

    private static func little(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt32 {
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}

/// Reads a file of ``GzipPiece``s.
final class PieceUnpacker {
    /// Whether the file ends in a piece that is not whole: what it would have held was never read.
    private(set) var isCut = false
    private var content: [UInt8] = []
    private var taken = 0
    private var hasEnded = false

    typealias Refill = (UnsafeMutableRawBufferPointer) throws(InputFile.Failure) -> Int

    /// - Parameter refill: reads packed bytes, 0 at the end of the file.
    func read(
        into target: UnsafeMutableRawBufferPointer, refill: Refill
    ) throws(InputFile.Failure) -> Int {
        while taken == content.count {
            if hasEnded || target.isEmpty { return 0 }
            try readPiece(refill)
        }
        let count = min(target.count, content.count - taken)
        content.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[taken..<taken + count])) }
        taken += count
        return count
    }

    private func readPiece(_ refill: Refill) throws(InputFile.Failure) {
        (content, taken) = ([], 0)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: GzipPiece.headerSize, alignment: 16)
        defer { buffer.deallocate() }
        let count = try fill(buffer, refill)
        guard count == buffer.count else { return end(isCut: count > 0) }
        guard let length = GzipPiece.length(UnsafeRawBufferPointer(buffer)) else {
            // A file grown by a crash before its bytes came.
            if buffer.allSatisfy({ $0 == 0 }) { return end(isCut: true) }
            throw InputFile.Failure(expected: "a piece of a recording", found: "other bytes")
        }
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 16)
        defer { piece.deallocate() }
        piece.copyMemory(from: UnsafeRawBufferPointer(buffer))
        let rest = UnsafeMutableRawBufferPointer(rebasing: piece[GzipPiece.headerSize...])
        guard try fill(rest, refill) == rest.count else { return end(isCut: true) }
        if let unpacked = GzipPiece.unpacked(piece) {
            content = unpacked
        } else if try fill(buffer, refill) == 0 {
            end(isCut: true)
        } else {
            throw InputFile.Failure(expected: "valid gzip data", found: "a damaged piece of a recording")
        }
    }

    private func fill(_ target: UnsafeMutableRawBufferPointer, _ refill: Refill) throws(InputFile.Failure) -> Int {
        var filled = 0
        while filled < target.count {
            let count = try refill(UnsafeMutableRawBufferPointer(rebasing: target[filled...]))
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    private func end(isCut: Bool) {
        hasEnded = true
        self.isCut = isCut
    }
}
