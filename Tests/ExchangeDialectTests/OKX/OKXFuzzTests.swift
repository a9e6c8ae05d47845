import Scheduling
import Testing
import TradingCore

@testable import Exchanges

/// Whatever comes, the parsers answer with a typed error or an event, and never stop the program.
@Suite("OKX: spoiled input")
struct OKXFuzzTests {
    static let publicFrames = [
        OKXPublicStreamTests.book(
            "snapshot", previous: -1, sequence: 10, bids: OKXPublicStreamTests.bid, asks: OKXPublicStreamTests.ask),
        OKXPublicStreamTests.book("update", previous: 10, sequence: 11, checksum: 5, bids: OKXPublicStreamTests.bid),
        #"{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"tradeId":"9","px":"2.5","sz":"4","side":"sell","#
            + #""ts":"17"}]}"#,
        #"{"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","last":"1","open24h":"2","#
            + #""ts":"3","vol24h":"4","volCcy24h":"5"}]}"#,
        #"{"event":"error","code":"60012","msg":"Invalid request","connId":"a"}"#,
    ]

    static let privateFrames = [
        OKXPrivateStreamTests.row("live", filled: "0"),
        OKXPrivateStreamTests.row(
            "filled", filled: "0.5", fill: #""fillSz":"0.5","fillPx":"29900","tradeId":"7","fillTime":"8""#),
        #"{"arg":{"channel":"account"},"data":[{"uTime":"5","details":[{"ccy":"BTC","eq":"2","availEq":"1"}]}]}"#,
    ]

    @Test(arguments: Array(1...8) as [UInt64])
    func `spoiled frames`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for (frames, isPrivate) in [(Self.publicFrames, false), (Self.privateFrames, true)] {
            var session = OKXScene.opened(
                isPrivate
                    ? try OKXScene.dialect.privateStream(token: nil)
                    : try OKXScene.dialect.publicStream([.book(OKXScene.btc), .trades(OKXScene.btc)])
            ).0
            for _ in 0..<500 {
                let frame = SpoiledText.spoil(frames[Int(random.below(UInt64(frames.count)))], &random)
                var effects: [StreamEffect] = []
                frame.withUnsafeBytes {
                    session.received($0, isBinary: false, now: OKXScene.now, into: &effects)
                }
                for event in OKXScene.events(effects) {
                    guard case .book(let book) = event else { continue }
                    #expect((book.bids + book.asks).allSatisfy { $0.price.isPositive && $0.amount.isPositive })
                }
            }
        }
    }

    @Test(arguments: Array(11...18) as [UInt64])
    func `spoiled answers`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let order = try OKXScene.dialect.openOrders(HistoryQuery(symbol: OKXScene.btc))
        let book = try OKXScene.dialect.book(OKXScene.btc, limit: nil, [])
        let balances = try OKXScene.dialect.balances([])
        let markets = try OKXScene.dialect.markets()
        let answers =
            Self.privateFrames.map { $0.replacing(#""arg""#, with: #""code":"0","arg""#) } + [
                #"{"code":"0","data":[{"instId":"A-B","instType":"SPOT","baseCcy":"A","quoteCcy":"B","lotSz":"1","#
                    + #""tickSz":"1","minSz":"1","maxMktSz":"9"}]}"#
            ]
        for _ in 0..<500 {
            let bytes = SpoiledText.spoil(answers[Int(random.below(UInt64(answers.count)))], &random)
            let answer = EndpointAnswer(status: 200, body: bytes)
            _ = try? order.answer(in: answer, OKXScene.dialect)
            _ = try? book.answer(in: answer, OKXScene.dialect)
            _ = try? balances.answer(in: answer, OKXScene.dialect)
            _ = try? markets.answer(in: answer, OKXScene.dialect)
        }
    }
}

/// Texts with a few bytes cut, doubled, swapped for others or for absurd numbers.
enum SpoiledText {
    static let absurdities = [
        "99999999999999999999999999", "-9223372036854775808", "1e400", "0.0000000000000000000000001", "null", "[]",
        "{}",
        #"\ud800"#, "\"", "NaN", "170141183460469231731.687303715884105727",
        // Numbers that fit, and make no sense.
        "0", "-5", "100000000000000000", "999999999999999999", "9223372036854775807", "0.000000000000000001",
    ]

    static func spoil(_ text: String, _ random: inout SplitMix64) -> [UInt8] { spoil(Array(text.utf8), &random) }

    static func spoil(_ whole: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        var bytes = whole
        for _ in 0...random.below(3) {
            guard !bytes.isEmpty else { break }
            let place = Int(random.below(UInt64(bytes.count)))
            switch random.below(5) {
            case 0: bytes.removeSubrange(place...)
            case 1: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 2: bytes.remove(at: place)
            case 3: bytes.insert(contentsOf: bytes[place..<min(place + 9, bytes.count)], at: place)
            default:
                let other = absurdities[Int(random.below(UInt64(absurdities.count)))]
                let end = bytes[place...].firstIndex { ($0 < 48 || $0 > 57) && $0 != 46 } ?? bytes.count
                bytes.replaceSubrange(place..<end, with: other.utf8)
            }
        }
        return bytes
    }
}
