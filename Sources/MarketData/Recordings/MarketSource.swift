public import TradingCore

/// A market's history, read in order in bounded memory.
public protocol MarketSource {
    /// Appends the records of whole messages, at least one message and at most about 4096 records unless one message is
    /// longer; false at the end of the input.
    mutating func read(into records: inout [MarketRecord]) throws(FeedError) -> Bool
    /// Lines (binance-raw) or records (mme) read so far.
    var eventCount: Int { get }
    /// 0...1 by input bytes consumed, for a progress bar.
    var progress: Double { get }
}

/// Records per ``MarketSource/read(into:)`` after which no further message is begun.
let recordsPerRead = 4_096

/// A recording that is silent for longer is damaged: one wrong time would have to be lived through second by second.
let longestSilence = 31 * Nanoseconds.perDay
