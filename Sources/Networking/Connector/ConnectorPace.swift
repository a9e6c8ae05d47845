/// How often a connector does what nobody asks it for. All in milliseconds.
public struct ConnectorPace: Sendable {
    /// The markets' rules are read anew.
    public var rules: Int64 = 600_000
    /// The exchange's clock is measured anew.
    public var clock: Int64 = 300_000
    /// Open orders are looked at while the account's stream is down.
    public var polling: Int64 = 3_000
    /// And while it tells everything, to find out when it does not.
    public var audit: Int64 = 60_000
    /// How long a fill may be on its way by the stream after the order's new state, before it is asked for.
    public var fillGrace: Int64 = 500
    /// How long an end that an answer has told may go without the stream's word, or any end without its fills, before it is asked about.
    public var endGrace: Int64 = 5_000
    /// After a look that told nothing, and at most: each is twice as long as the one before.
    public var shortestLook: Int64 = 1_000
    public var longestLook: Int64 = 10_000
    /// For a placement or cancel, with waiting for its turn.
    public var request: Int64 = 10_000
    /// For a question.
    public var question: Int64 = 15_000
    /// A stream that has not said within this time that it tells everything is begun anew.
    public var readiness: Int64 = 15_000
    /// A stream that was refused, or a feed off its units, is begun anew after this.
    public var restart: Int64 = 30_000
    /// A book that has not been told of for this long is compared with what the exchange answers.
    public var silence: Int64 = 10_000
    /// How late a market's words may come, by the exchange's clock: it is not traded on when all that come for so long are later.
    public var lateness: Int64 = 3_000
    public var latenessPatience: Int64 = 2_000
    /// What an account's stream tells may be so old, and the stream is relied on again.
    public var freshness: Int64 = 5_000
    /// Waits between two attempts to connect.
    public var shortestReconnect: Int64 = 500
    public var longestReconnect: Int64 = 60_000

    public init() {}
}
