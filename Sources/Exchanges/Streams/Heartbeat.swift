/// When to ping a connection on which nothing came for a while.
struct Heartbeat: Sendable {
    /// Milliseconds of silence after which a ping is due.
    let interval: Int64
    /// Nil before the connection stands.
    private(set) var next: Int64?

    init(interval: Int64) {
        self.interval = interval
    }

    /// Something came, or the connection was opened.
    mutating func heard(_ now: Int64) { next = now.saturatingAdd(interval) }

    /// - Returns: whether a ping has to be sent now.
    mutating func isDue(_ now: Int64) -> Bool {
        guard let next, now >= next else { return false }
        self.next = now.saturatingAdd(interval)
        return true
    }
}
