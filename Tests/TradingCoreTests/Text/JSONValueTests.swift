import Testing
import TradingCore

@Suite("JSON values")
struct JSONValueTests {
    @Test("keeps keys in order and numbers as written")
    func keepsText() throws {
        let value = try JSONValue(#"{"b": 1.50, "a": [true, null, "x\n\u00e4\ud83d\ude00\/"], "c": {"d": -2e3}}"#)
        #expect(
            value
                == .object([
                    .init(key: "b", value: .number("1.50")),
                    .init(key: "a", value: .array([.bool(true), .null, .string("x\nä😀/")])),
                    .init(key: "c", value: .object([.init(key: "d", value: .number("-2e3"))])),
                ]))
        #expect(value["c"]?["d"] == .number("-2e3"))
        #expect(value["missing"] == nil)
    }

    @Test("a key that stands twice is an error", arguments: [#"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#])
    func refusesRepeatedKeys(text: String) {
        #expect(throws: JSONError(offset: 8, expected: .newKey)) { try JSONValue(text) }
    }

    @Test("half a surrogate pair and bytes that are no UTF-8 are errors")
    func refusesBrokenText() {
        #expect(throws: JSONError(offset: 1, expected: .escape)) { try JSONValue(#""\ud83d""#) }
        let broken: [UInt8] = [0x22, 0xC3, 0x28, 0x22]
        _ = broken.withUnsafeBytes { bytes in
            #expect(throws: JSONError(offset: 1, expected: .validUTF8)) { try JSONValue(utf8: bytes) }
        }
    }

    @Test("nothing may follow the value")
    func refusesTails() {
        #expect(throws: JSONError(offset: 3, expected: .end)) { try JSONValue("{} x") }
    }
}
