import Scheduling
import Testing
import TradingCore

@testable import Exchanges

/// Levels in the form that all exchanges write are read in one go; whatever else stands there must come out as if there
/// were no such way.
@Suite("Levels of feeds")
struct LevelReadingTests {
    /// As the JSON reader of answers sees them, which knows no quick way; nil for what are no levels.
    private func plainly(_ text: String) -> [PriceLevel]? {
        guard let value = try? JSONValue(text), let rows = value.elements else { return nil }
        var levels: [PriceLevel] = []
        for row in rows {
            guard let parts = row.elements, parts.count >= 2, case .string(let price) = parts[0],
                case .string(let amount) = parts[1], let price = FixedDecimal(price),
                let amount = FixedDecimal(amount), price.isPositive, !amount.isNegative
            else { return nil }
            levels.append(PriceLevel(price: price, amount: amount))
        }
        return levels
    }

    private func quickly(_ text: String) -> [PriceLevel]? {
        try? Array(text.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            var levels: [PriceLevel] = []
            try scanner.priceLevels(into: &levels)
            try scanner.finish()
            return levels
        }
    }

    private func loosely(_ text: String) -> [PriceLevel]? {
        try? Array(text.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            let levels = try scanner.priceLevels()
            try scanner.finish()
            return levels
        }
    }

    @Test(arguments: [
        "[]", "[ ]", #"[["1","2"]]"#, #"[["61837.64","0.012"],["61837.65","0"]]"#, #"[["1","2","0","3"]]"#,
        #"[["1","2","12345678"],["1","2",""]]"#, #"[["1","2",7,null,{"a":[1]}],["3","4"]]"#,
        #"[ [ "1" , "2" ] , [ "3","4" ] ]"#, #"[["1","2"] ,["3","4"]]"#, #"[["1","2"],["3","4","x\"y"]]"#,
        #"[["1e3","2"],["3","4e-18"]]"#, #"[["123456789012345678901","2"],["3","0.000000000000000001"]]"#,
    ])
    func `reads`(text: String) {
        #expect(quickly(text) == plainly(text) && quickly(text) != nil)
        #expect(loosely(text) == plainly(text))
    }

    @Test(arguments: [
        "", "[", "{}", "[[]]", #"[["1"]]"#, #"[["0","2"]]"#, #"[["-1","2"]]"#, #"[["1","-2"]]"#, #"[["1","2"}]"#,
        #"[["1","2"]["3","4"]]"#, #"[["1","2"],]"#, #"[,["1","2"]]"#, #"[["1" "2"]]"#, #"[["1","2","3]]"#,
        #"[["1","2"]"#, #"[["1","2","3"x]]"#, #"[["1","2",]]"#, #"[["","2"]]"#, #"[["1.","2"]]"#, #"[[".5","2"]]"#,
    ])
    func `refuses`(text: String) {
        #expect(plainly(text) == nil)
        #expect(quickly(text) == nil)
        #expect(loosely(text) == nil)
    }

    /// The first seed spoils one text twice: into half a surrogate pair that no single spoiling writes.
    @Test(arguments: [313_824, UInt64.random(in: 0..<1_000_000)])
    func `spoiled levels come out as without the quick way`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var read = 0
        for _ in 0..<20_000 {
            let rows = (0..<Int(random.below(6))).map { _ in
                let extra = ["", #","0","3""#, #","15027134912""#][Int(random.below(3))]
                let price = "\(random.below(100_000)).\(random.below(1_000))"
                return #"["\#(price)","\#(random.below(90)).\#(random.next() >> 38)"\#(extra)]"#
            }
            let text = "[" + rows.joined(separator: ",") + "]" + String(repeating: " ", count: Int(random.below(12)))
            let spoiled = random.below(3) == 0 ? Array(text.utf8) : SpoiledText.spoil(text, &random)
            // What is no text, or half a surrogate pair, the reader of answers refuses even where nobody wants to know.
            guard let spoiledText = String(validating: spoiled, as: UTF8.self),
                !spoiledText.contains(/\\u[dD][89a-fA-F]/)
            else { continue }
            let expected = plainly(spoiledText)
            if expected != nil { read += 1 }
            if quickly(spoiledText) != expected { Issue.record("seed \(seed): \(spoiledText)") }
        }
        #expect(read > 3_000, "seed \(seed)")
    }

    @Test func `whole numbers in quotes`() throws {
        for text in [
            "0", "7", "007", "12345678", "123456789", "1723161255208", "1234567890123456", "12345678901234567",
            "9223372036854775807", "-5",
        ] {
            for rest in ["", "  ", ",\"x\":[1,2,3,4,5,6]"] {
                try Array("\"\(text)\"\(rest)".utf8).withUnsafeBytes { bytes in
                    var scanner = JSONScanner(bytes)
                    let number = try scanner.wholeNumber()
                    #expect(number == Int64(text), "\(text)")
                    #expect(scanner.offset == text.utf8.count + 2)
                }
            }
        }
        for text in ["", "-", "1.5", "x", "12345678x", "9223372036854775808"] {
            Array("\"\(text)\"                ".utf8).withUnsafeBytes { bytes in
                var (first, second) = (JSONScanner(bytes), JSONScanner(bytes))
                let numbers = [try? first.wholeNumber(), try? second.looseInteger()]
                #expect(numbers == [nil, nil], "\(text)")
            }
        }
    }
}
