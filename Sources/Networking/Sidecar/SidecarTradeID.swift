import TradingCore

/// Numbers for trades of exchanges whose own ids are any text: by time first, so that asking "from this one on" is asking
/// from its time on; then by the id's text.
///
/// 41 bits of milliseconds since 2020, 22 bits of the text's FNV-1a hash. Two trades of one millisecond get the same number
/// once in four million pairs.
enum SidecarTradeID {
    private static let epoch: Int64 = 1_577_836_800_000
    private static let hashBits: UInt64 = 22

    /// - Parameter time: milliseconds since 1970; before 2020 counts as 2020.
    static func number(time: Int64, id: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let since = UInt64(min(max(time, epoch) - epoch, (1 << 41) - 1))
        return since << hashBits | (hash >> 32 ^ hash) & ((1 << hashBits) - 1)
    }

    /// Milliseconds since 1970.
    static func time(of number: UInt64) -> Int64 { epoch &+ Int64(clamping: number >> hashBits) }
}
