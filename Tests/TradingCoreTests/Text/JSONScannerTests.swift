import Testing
import TradingCore

@Suite("JSON scanner")
struct JSONScannerTests {
    /// Runs `body` with a scanner over the text's bytes.
    @discardableResult
    func scan<Result>(_ text: String, _ body: (inout JSONScanner) throws -> Result) rethrows -> Result {
        try Array(text.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            return try body(&scanner)
        }
    }

    @Test(
        "steps over any value and finds its end",
        arguments: [
            "0", "-0", "1.5", "-12e3", "1E+9", "0.5e-7", "true", "false", "null", "\"\"", "\"a\\\"b\\\\\"",
            "\"\\u00e4\\ud83d\\ude00\"", "[]", "[ ]", "{}", "{ }", "[1,2,[3,{\"a\":[]}]]",
            "{\"long key with spaces\":{\"b\" : [ 1 , \"x\" ]}, \"c\":null}", " \t\r\n[ 1 ] \n",
            "\"a text of more than sixteen bytes, with ä and 😀\"",
        ])
    func skipsValues(text: String) throws {
        try scan(text) { scanner in
            try scanner.skipValue()
            try scanner.finish()
        }
    }

    @Test(
        "says where and what it expected",
        arguments: [
            ("", 0, JSONError.Expectation.value), ("  ", 2, .value), ("]", 0, .value), ("tru", 0, .boolean),
            ("nul", 0, .null), ("01", 0, .number), ("1.", 0, .number), ("-", 0, .number), ("1e", 0, .number),
            ("[1 2]", 3, .commaOrBracket), ("[1,]", 3, .value), ("[1", 2, .commaOrBracket),
            ("{\"a\":1", 6, .commaOrBrace),
            ("{\"a\" 1}", 5, .colon), ("{a:1}", 1, .key), ("{\"a\":1,}", 7, .key), ("\"abc", 4, .closingQuote),
            ("\"a\nb\"", 2, .printable), ("\"\\x\"", 1, .escape), ("\"\\u12G4\"", 1, .escape), ("1 2", 2, .end),
            ("\"eight or more bytes\u{1}\"", 20, .printable),
        ])
    func namesTheProblem(text: String, offset: Int, expected: JSONError.Expectation) {
        scan(text) { scanner in
            #expect(throws: JSONError(offset: offset, expected: expected)) {
                try scanner.skipValue()
                try scanner.finish()
            }
        }
    }

    @Test("bounds nesting")
    func boundsNesting() throws {
        let deep = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        try scan(deep(JSONScanner.maximumDepth)) { try $0.skipValue() }
        scan(deep(JSONScanner.maximumDepth + 1)) { scanner in
            #expect(throws: JSONError(offset: JSONScanner.maximumDepth, expected: .lessNesting)) {
                try scanner.skipValue()
            }
        }
        scan(String(repeating: "[", count: 1_000_000)) { scanner in
            #expect(throws: JSONError.self) { try scanner.skipValue() }
        }
    }

    @Test(
        "reads whole numbers of 64 bits",
        arguments: [
            ("0", 0), ("7", 7), ("-1", -1), ("12345678", 12_345_678), ("123456789", 123_456_789),
            ("50093239202", 50_093_239_202), ("9223372036854775807", Int64.max), ("-9223372036854775807", -Int64.max),
            (" 12 ", 12), ("1723161255208,", 1_723_161_255_208),
        ])
    func readsIntegers(text: String, value: Int64) throws {
        #expect(try scan(text) { try $0.integer() } == value)
    }

    @Test(
        "takes nothing else for a whole number",
        arguments: [
            "", "-", "01", "1.0", "1e3", "9223372036854775808", "12345678901234567890", "99999999999999999999", "x",
            "\"1\"",
        ])
    func refusesOtherIntegers(text: String) {
        scan(text) { scanner in
            #expect(throws: JSONError.self) { _ = try scanner.integer() }
        }
    }

    @Test("walks objects and arrays")
    func walks() throws {
        try scan(" { \"a\" : [ 1 ,2], \"b\":{}, \"c\" : \"x\" } ") { scanner in
            var seen: [String] = []
            try scanner.beginObject()
            while let key = try scanner.nextKey() {
                let name = try scanner.unescaped(key)
                if scanner.matches(key, "a") {
                    try scanner.beginArray()
                    while try scanner.nextElement() { seen.append("a\(try scanner.integer())") }
                } else {
                    try scanner.skipValue()
                    seen.append(name)
                }
            }
            try scanner.finish()
            #expect(seen == ["a1", "a2", "b", "c"])
        }
    }
}
