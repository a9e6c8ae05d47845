import Scheduling
import Testing
import TradingCore

@testable import Exchanges

@Suite("Numbers of feeds")
struct FeedDecimalTests {
    private func outcomes(
        _ text: String
    ) -> (quick: Result<FixedDecimal, DecimalTextError>, exact: Result<FixedDecimal, DecimalTextError>) {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { buffer in
            (
                Result { () throws(DecimalTextError) in try FixedDecimal(feed: buffer) },
                Result { () throws(DecimalTextError) in try FixedDecimal(utf8: buffer) }
            )
        }
    }

    @Test(arguments: [
        "", "-", ".", "1.", ".5", "-.5", "0", "-0", "1", "-1", "0.1", "00.10", "1.2.3", "1e5", "1E-7", "--1", "1-",
        " 1", "1 ",
        "999999999999999999", "-999999999999999999", "1234567890123456789", "0.000000000000000001",
        "0.0000000000000000001", "1.00000000000000000", "999999999.999999999", "12345678901234567.8", "1,5", "NaN",
    ])
    func `quick and exact agree`(_ text: String) {
        let (quick, exact) = outcomes(text)
        #expect(quick == exact)
    }

    @Test func `quick and exact agree on random texts`() {
        let seed: UInt64 = .random(in: 0..<1_000_000)
        var random = SplitMix64(seed: seed)
        let letters = Array("0123456789012345678901234567890.-e+".utf8)
        for _ in 0..<100_000 {
            let length = Int(random.below(23))
            let text = String(
                decoding: (0..<length).map { _ in letters[Int(random.below(UInt64(letters.count)))] }, as: UTF8.self)
            let (quick, exact) = outcomes(text)
            if quick != exact { Issue.record("seed \(seed): \(text) is \(quick), not \(exact)") }
        }
    }
}
