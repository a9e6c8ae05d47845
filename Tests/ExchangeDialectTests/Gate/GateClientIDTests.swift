import Exchanges
import Testing
import TradingCore

@Suite struct GateClientIDTests {
    let dialect = GateDialect()

    @Test(arguments: [0, 1, 0x1234_5678_9ABC, (1 << 45) - 1] as [UInt64])
    func `a client id is read back, and is within Gate's rules`(number: UInt64) throws {
        let id = try #require(ClientOrderID(rawValue: number))
        let text = try #require(dialect.clientOrderID(id))
        #expect(text.hasPrefix("t-") && text.utf8.count <= 30)
        #expect(text.dropFirst(2).allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
        #expect(dialect.clientOrderID(text) == id)
    }

    @Test(arguments: [
        "", "t-", "apiv4", "web", "t-mm", "t-mm-abc-1", "t-mm00000000000G", "t-mm+00000000001", "t-mmFFFFFFFFFFFF",
    ])
    func `a foreign id is nobody's`(text: String) {
        #expect(dialect.clientOrderID(text) == nil)
    }
}
