import Exchanges
import Scheduling
import Testing
import TradingCore

/// Frames damaged at random: nothing may stop the program, and what is told stays within bounds.
enum RiggedFuzz {
    /// - Parameters:
    ///   - seed: printed with every failure.
    ///   - make: a session that has been opened, a new one for each round.
    static func run(
        seed: UInt64, rounds: Int, _ frames: [String], _ symbol: Symbol, make: () throws -> RiggedSession
    ) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<rounds {
            var session = try make()
            for _ in 0..<20 {
                let frame = Array((frames.randomElement(using: &random) ?? "").utf8)
                let effects = session.receive(damaged(frame, &random))
                check(effects, seed)
                if !effects.fetched.isEmpty {
                    let numbers = [nil, 0, Int64.max, Int64.random(in: 0...2_000, using: &random)]
                    let number = numbers.randomElement(using: &random) ?? nil
                    let book = ExchangeBook(symbol: symbol, bids: [], asks: [], time: 0, sequence: number)
                    check(session.fetch(.success(book), symbol), seed)
                }
                check(session.wake(after: Int64.random(in: 0...20_000, using: &random)), seed)
            }
        }
    }

    private static func check(_ effects: RiggedEffects, _ seed: UInt64) {
        for book in effects.books {
            #expect((book.bids + book.asks).allSatisfy { $0.price.isPositive && !$0.amount.isNegative }, "seed \(seed)")
        }
        for change in effects.changes {
            #expect(
                (change.bids + change.asks).allSatisfy { $0.price.isPositive && !$0.amount.isNegative },
                "seed \(seed)")
        }
        for event in effects.events {
            if case .trade(let trade) = event { #expect(trade.price?.isPositive == true, "seed \(seed)") }
        }
    }

    private static let replacements = [
        "null", "-1", "1e400", "9223372036854775807", "[]", "{}", "\"\"", "true", "0.0000000000000000001",
        "\"\\u0000\"",
        "<html>", "99999999999999999999999999", "\"-9223372036854775808\"",
    ]

    static func damaged(_ frame: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        var bytes = frame
        for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            case 2: bytes.removeLast(bytes.count - place)
            case 3: bytes.insert(UInt8.random(in: 32...126, using: &random), at: place)
            case 4: replaceValue(around: place, in: &bytes, replacements.randomElement(using: &random) ?? "")
            default:
                if (48...57).contains(bytes[place]) { bytes[place] = UInt8.random(in: 48...57, using: &random) }
            }
        }
        return bytes
    }

    private static func replaceValue(around place: Int, in bytes: inout [UInt8], _ value: String) {
        let ends = [UInt8(ascii: ","), UInt8(ascii: "}")]
        let end = bytes[place...].firstIndex { ends.contains($0) } ?? bytes.count
        let start = bytes[..<place].lastIndex(of: UInt8(ascii: ":")).map { $0 + 1 } ?? place
        if start <= end { bytes.replaceSubrange(start..<end, with: Array(value.utf8)) }
    }
}
