import Testing

@testable import API

/// The fields of a query or a form, read by bytes.
@Suite struct QueryFieldsTests {
    @Test(
        arguments: [
            ("", [:]), ("&", [:]), ("a", ["a": ""]), ("a=", ["a": ""]), ("=b", ["": "b"]),
            ("symbol=BTC/USDT&limit=5", ["symbol": "BTC/USDT", "limit": "5"]),
            ("a=1&a=2&b=3&&", ["a": "1", "b": "3"]), ("a=b=c", ["a": "b=c"]),
            ("a+b=c+d%20e", ["a b": "c d e"]), ("%61=%C3%A4&a=2", ["a": "ä"]), ("a=%ZZ", ["a": "%ZZ"]),
            ("a=%C3", ["a": "%C3"]),
            ("a=1&\u{301}b=2", ["a": "1", "\u{301}b": "2"]), ("a=\u{301}1", ["a": "\u{301}1"]), ("ä=ö", ["ä": "ö"]),
        ] as [(String, [String: String])])
    func `every form of them is read, the first of each name`(text: String, fields: [String: String]) {
        #expect(RequestBody.fields(text) == fields)
        #expect(RequestBody.fields(text, only: ["a"]) == fields.filter { $0.key == "a" })
        #expect(RequestBody.fields(text, only: []) == [:])
    }
}
