import TradingCore

/// The 40 bytes of one record in the format MME1.
struct MMERecord {
    static let size = 40

    let time: UInt64
    let sequence: UInt64
    let ticks: Int64
    let lots: Int64
    /// 1 level, 2 trade, 3 snapshot level, 4 gap: what is missing, the next snapshot heals.
    let kind: UInt8
    /// 1 bid or buy, 2 ask or sell.
    let side: UInt8
    let last: UInt8

    /// - Parameter bytes: at least ``size`` of them.
    init(_ bytes: UnsafeRawBufferPointer) {
        time = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        sequence = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        ticks = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: Int64.self))
        lots = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 24, as: Int64.self))
        kind = bytes[32]
        side = bytes[33]
        last = bytes[34]
    }

    /// What is wrong with it, apart from its place in the file; nil when nothing is.
    var problem: (expected: String, found: String)? {
        if !(1...4).contains(kind) { return ("kind 1 to 4", "\(kind)") }
        if side != 1 && side != 2 { return ("side 1 or 2", "\(side)") }
        if last > 1 { return ("last 0 or 1", "\(last)") }
        if !(1...BookSide.maximumTicks).contains(ticks) {
            return ("a price of 1 to \(BookSide.maximumTicks) ticks", "\(ticks)")
        }
        if lots < 0 { return ("a quantity from 0", "\(lots)") }
        if kind == 2, lots == 0 { return ("a traded quantity above 0", "0") }
        if time > UInt64(Int64.max) { return ("a time before 2262", "\(time) ns") }
        return nil
    }
}
