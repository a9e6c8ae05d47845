/// How long things take to travel, in nanoseconds, each 0 or more.
public struct Latencies: Hashable, Sendable {
    /// From the exchange's book to ours.
    public var feed: Int64
    /// From us to the exchange: orders, cancels, questions.
    public var order: Int64
    /// From the exchange back to us.
    public var answer: Int64

    public static let none = Latencies(feed: 0, order: 0, answer: 0)

    public init(feed: Int64, order: Int64, answer: Int64) {
        precondition(feed >= 0 && order >= 0 && answer >= 0, "nothing arrives before it is sent")
        self.feed = feed
        self.order = order
        self.answer = answer
    }
}
