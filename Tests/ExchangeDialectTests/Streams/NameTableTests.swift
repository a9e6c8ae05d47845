import Scheduling
import Testing
import TradingCore

@testable import Exchanges

@Suite("Names in frames")
struct NameTableTests {
    private func place(_ table: NameTable<Int>, _ text: String) -> Int? {
        Array(text.utf8).withUnsafeBytes { table.place(of: $0) }
    }

    @Test func `finds each name among thousands, and no other`() {
        var table = NameTable<Int>()
        #expect(place(table, "BTCUSDT") == nil)
        for number in 0..<3_000 { #expect(table.add("C\(number)-USDT", number) == number) }
        for number in 0..<3_000 {
            #expect(place(table, "C\(number)-USDT") == number)
            #expect(place(table, "c\(number)-USDT") == nil)
        }
        #expect(place(table, "") == nil)
        #expect(table.names[17] == "C17-USDT" && table.values[17] == 17)
    }

    @Test(arguments: ["", "A", "BTCUSDT", "BTC-USDT", "orderbook.50.BTCUSDT", "ä😀"])
    func `names of every length`(name: String) {
        var table = NameTable<Int>()
        table.add("another", 1)
        let added = table.add(name, 2)
        #expect(place(table, name) == added && table.place(of: name) == added)
        #expect(place(table, name + "x") == nil)
        // The same name again takes its place.
        #expect(table.add(name, 3) == added && table.values[added] == 3 && table.names.count == 2)
    }

    @Test func `a name that is spelled with escapes is the same name`() throws {
        var table = NameTable<Int>()
        table.add("BTC-USDT", 5)
        for (text, found) in [(#""BTC\u002dUSDT""#, 0), (#""BTC-USDT""#, 0), (#""BTC\u002eUSDT""#, nil)]
            as [(String, Int?)]
        {
            try Array(text.utf8).withUnsafeBytes { bytes in
                var scanner = JSONScanner(bytes)
                let name = try scanner.string()
                #expect(table.place(of: name, in: scanner) == found)
            }
        }
    }
}
