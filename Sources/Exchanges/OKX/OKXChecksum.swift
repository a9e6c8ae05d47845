import TradingCore

/// The check that OKX's books carried until June 2026, and older recordings do: a CRC-32 over the texts of the best 25
/// levels, `bid:amount:ask:amount:…`, as a signed number.
/// Source: www.okx.com/docs-v5, "Checksum".
enum OKXChecksum {
    private static let depth = 25

    static func value(_ book: DepthBook) -> Int64 {
        var parts: [String] = []
        for index in 0..<depth {
            for side in [book.bids, book.asks] where index < side.count {
                parts.append(side[index].price.description)
                parts.append(side[index].amount.description)
            }
        }
        return Int64(Int32(bitPattern: crc32(parts.joined(separator: ":").utf8)))
    }

    /// ISO 3309, as in gzip.
    private static func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { value, byte in table[Int((value ^ UInt32(byte)) & 0xFF)] ^ value >> 8 }
    }

    private static let table: [UInt32] = (0..<256).map { (byte: UInt32) in
        (0..<8).reduce(byte) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
}
