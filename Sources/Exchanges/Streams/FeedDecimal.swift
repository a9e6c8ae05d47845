import TradingCore

extension FixedDecimal {
    /// Reads a number as feeds write it, up to 18 digits in all and no exponent, in one pass; everything else as
    /// ``FixedDecimal/init(utf8:)`` does, with the same outcome.
    init(feed bytes: UnsafeRawBufferPointer) throws(DecimalTextError) {
        let count = bytes.count
        guard let base = bytes.baseAddress, count > 0, count <= 20 else {
            self = try FixedDecimal(utf8: bytes)
            return
        }
        func byte(_ index: Int) -> UInt8 { base.load(fromByteOffset: index, as: UInt8.self) }
        let isNegative = byte(0) == UInt8(ascii: "-")
        var index = isNegative ? 1 : 0
        let first = index
        var value: UInt64 = 0
        while index < count, byte(index) &- 48 < 10 {
            value = value &* 10 &+ UInt64(byte(index) &- 48)
            index &+= 1
        }
        var digits = index &- first
        var fraction = 0
        if digits > 0, index &+ 1 < count, byte(index) == UInt8(ascii: ".") {
            index &+= 1
            let start = index
            while index < count, byte(index) &- 48 < 10 {
                value = value &* 10 &+ UInt64(byte(index) &- 48)
                index &+= 1
            }
            fraction = index &- start
            digits &+= fraction
        }
        guard index == count, digits > 0, digits <= 18, byte(count &- 1) != UInt8(ascii: ".") else {
            self = try FixedDecimal(utf8: bytes)
            return
        }
        // 18 digits times 10¹⁸ stay below 2¹²⁷.
        let raw = Int128(value) &* Self.scales[FixedDecimal.fractionDigits &- fraction]
        self.init(raw: isNegative ? -raw : raw)
    }

    /// 10⁰ to 10¹⁸.
    private static let scales: [Int128] = (0...FixedDecimal.fractionDigits).map { Int128(Int64.powerOfTen($0)) }
}
