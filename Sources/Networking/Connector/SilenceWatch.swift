import Exchanges
import Execution
import Scheduling
import TradingCore

/// Tells a quiet market from a stream that has died, which look alike, as connections go on living without their streams: when the
/// book has not been told of for a while, the exchange is asked for it, and where it is another, the stream has to begin anew.
struct SilenceWatch: Sendable {
    let feed: MarketFeed
    let time: any TimeSource
    let schedule: Schedule
    /// For how long a market may say nothing before it is asked about, in milliseconds.
    let silence: Int64
    /// The exchange's book now; nil when it does not answer.
    let ask: @Sendable () async -> ExchangeBook?

    /// Looks without a book, each as long after the other as a market may be silent, before the stream begins anew.
    private static let patienceWithoutBook = 3
    /// Questions without an answer, one after the other.
    private static let patienceWithoutAnswer = 3

    /// Looks at a book whose best bid is not below its best ask, one after the other.
    private static let patienceWithCrossed = 3
    /// Milliseconds between them.
    private static let crossedPause: Int64 = 1_000

    /// Watches until the task is cancelled or the stream has to begin anew.
    /// - Returns: why it has to; nil when cancelled.
    func run() async -> String? {
        let symbol = feed.instrument.id.symbol
        var (unanswered, bookless, crossed) = (0, 0, 0)
        var wait = silence
        while true {
            do { try await sleep(wait) } catch { return nil }
            wait = silence
            guard let word = feed.lastWord else {
                // A connection that never told anything lives as well as any: it must not keep its place for ever.
                bookless += 1
                if bookless < Self.patienceWithoutBook { continue }
                return "\(symbol) has had no book for a while"
            }
            bookless = 0
            // No exchange leaves such orders unmatched: something of the book is wrong, though no number was missed.
            if word.bid >= word.ask {
                crossed += 1
                guard crossed < Self.patienceWithCrossed else {
                    return "\(symbol) has had a bid of \(word.bid) ticks at or above an ask of \(word.ask) for a while"
                }
                wait = min(silence, Self.crossedPause)
                continue
            }
            crossed = 0
            guard age(word.at) >= silence else {
                unanswered = 0
                wait = untilSilent(word.at)
                continue
            }
            let book = await ask()
            guard !Task.isCancelled else { return nil }
            // Something came while we asked.
            guard let now = feed.lastWord, now.at == word.at else {
                wait = untilSilent(feed.lastWord?.at ?? time.now())
                continue
            }
            guard let book else {
                unanswered += 1
                if unanswered < Self.patienceWithoutAnswer { continue }
                return "\(symbol) is silent, and the exchange does not answer"
            }
            unanswered = 0
            guard best(book) == (word.bid, word.ask) else { return "\(symbol) is silent though its market moves" }
            feed.confirm()
        }
    }

    private func best(_ book: ExchangeBook) -> (Int64?, Int64?) {
        let unit = feed.instrument.unit
        return (book.bids.first.flatMap { unit.ticks($0.price) }, book.asks.first.flatMap { unit.ticks($0.price) })
    }

    /// As soon as it may be silent, not a whole stretch later: until then stale prices are traded on.
    private func untilSilent(_ since: Timestamp) -> Int64 { min(max(silence - age(since), 1), silence) }

    /// Whole milliseconds that have passed.
    private func age(_ since: Timestamp) -> Int64 { time.now().nanoseconds(since: since) / Nanoseconds.perMillisecond }

    private func sleep(_ milliseconds: Int64) async throws {
        let next = time.now().advanced(byNanoseconds: milliseconds * Nanoseconds.perMillisecond)
        try await schedule.wait(until: next, on: time)
    }
}
