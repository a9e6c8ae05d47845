public import TradingCore

/// The 64 bytes in front of a recording in the format MME1, little endian.
public struct MMEHeader: Hashable, Sendable {
    public static let size = 64
    /// In place of the number of records: as many as follow. What is recorded live does not know.
    static let unknownCount = UInt64.max

    /// Nil: as many as the file holds.
    public let recordCount: Int?
    public let seed: UInt64
    /// What one tick and one lot are worth.
    public let unit: BookUnit
    public let start: Timestamp

    /// - Throws: ``FeedError`` when it is none, or a tick or lot is not positive.
    init(_ bytes: UnsafeRawBufferPointer, file: String) throws(FeedError) {
        func field(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        func problem(_ expected: String, _ found: String) -> FeedError {
            FeedError(file: file, place: .header, expected: expected, found: found)
        }
        guard bytes.count >= MMEHeader.size else { throw problem("64 bytes", "\(bytes.count)") }
        guard field(0) == 0x3145_4D4D else { throw problem("the magic MME1", "other bytes") }
        let most = Int.max / MMERecord.size - MMEHeader.size
        let count = Int(exactly: field(8))
        guard field(8) == MMEHeader.unknownCount || (count.map { $0 <= most } ?? false) else {
            throw problem("a number of records", "\(field(8))")
        }
        guard let tick = Int64(exactly: field(24)), tick > 0 else {
            throw problem("a tick above 0, in 1e-8", "\(field(24))")
        }
        guard let lot = Int64(exactly: field(32)), lot > 0 else {
            throw problem("a lot above 0, in 1e-8", "\(field(32))")
        }
        guard let start = Int64(exactly: field(40)) else { throw problem("a time before 2262", "\(field(40)) ns") }
        recordCount = count
        seed = field(16)
        self.start = Timestamp(nanoseconds: start)
        do throws(InstrumentError) {
            let step: Int128 = 10_000_000_000
            unit = try BookUnit(
                price: FixedDecimal(raw: Int128(tick) * step), quantity: FixedDecimal(raw: Int128(lot) * step))
        } catch {
            throw problem("a tick and lot we can count", "\(error)")
        }
    }
}
