import TradingCore

/// How much each address may ask in a minute, and how many orders an account may place.
///
/// Windows stand on the clock, as Binance's do: a minute's weight is forgotten when the minute ends.
struct RequestLimits: Sendable {
    struct Configuration: Hashable, Sendable {
        /// Of requests, per address and minute.
        var weight = 6_000
        /// Requests per address and five minutes.
        var requests = 61_000
        var ordersPerTenSeconds = 100
        var ordersPerDay = 200_000
        /// New connections per address and five minutes.
        var connections = 300
        /// How many requests after a 429, in the same window, bring a ban.
        var patience = 10
        /// Seconds of the first ban; each later one is twice as long.
        var firstBan: Int64 = 120
        var longestBan: Int64 = 3 * 86_400
    }

    /// A count that starts anew with each stretch of the clock.
    private struct Window: Sendable {
        let length: Int64
        private var start: Int64 = .min
        private var counted = 0

        init(seconds: Int64) {
            length = seconds * Nanoseconds.perSecond
        }

        /// An earlier moment sees the newest count: what was counted while a request was answered is told with its answer.
        func count(at now: Timestamp) -> Int { begin(now) <= start ? counted : 0 }

        mutating func add(_ amount: Int, at now: Timestamp) {
            let begin = begin(now)
            if begin > start { (start, counted) = (begin, 0) }
            counted = max(0, counted + amount)
        }

        /// Whole seconds to the end of the stretch, at least 1.
        func rest(at now: Timestamp) -> Int64 {
            let rest = begin(now) + length - now.nanoseconds
            return max(1, (rest + Nanoseconds.perSecond - 1) / Nanoseconds.perSecond)
        }

        private func begin(_ now: Timestamp) -> Int64 { now.nanoseconds - now.nanoseconds % length }
    }

    private struct Address: Sendable {
        var weight = Window(seconds: 60)
        var requests = Window(seconds: 300)
        var connections = Window(seconds: 300)
        /// Requests that came although they had been told to stop.
        var insisted = Window(seconds: 60)
        var bannedUntil: Timestamp?
        var bans = 0
    }

    private struct Orders: Sendable {
        var short = Window(seconds: 10)
        var day = Window(seconds: 86_400)
    }

    var configuration: Configuration
    private var addresses: [String: Address] = [:]
    private var orders: [String: Orders] = [:]

    init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
    }

    // MARK: - Requests

    /// Counts a request.
    /// - Returns: the weight used in this minute, with it.
    /// - Throws: 418 while banned, 429 once the minute's weight is used up.
    mutating func charge(_ weight: Int, to name: String, at now: Timestamp) throws(SpotError) -> Int {
        var address = addresses[name] ?? Address()
        defer { addresses[name] = address }
        if let until = address.bannedUntil {
            if now < until { throw RequestLimits.ban(until, now) }
            address.bannedUntil = nil
        }
        address.weight.add(weight, at: now)
        address.requests.add(1, at: now)
        let used = address.weight.count(at: now)
        if used > configuration.weight {
            try insist(&address, now)
            throw .tooMuchWeight(limit: configuration.weight, retryAfter: address.weight.rest(at: now))
        }
        if address.requests.count(at: now) > configuration.requests {
            try insist(&address, now)
            throw .tooManyRequests(limit: configuration.requests, retryAfter: address.requests.rest(at: now))
        }
        return used
    }

    /// Whoever goes on after a 429 is banned.
    private func insist(_ address: inout Address, _ now: Timestamp) throws(SpotError) {
        address.insisted.add(1, at: now)
        guard address.insisted.count(at: now) > configuration.patience else { return }
        let doubled = configuration.firstBan << Int64(min(address.bans, 20))
        let until = now.advanced(byNanoseconds: Nanoseconds.seconds(min(doubled, configuration.longestBan)))
        address.bans += 1
        address.bannedUntil = until
        throw RequestLimits.ban(until, now)
    }

    private static func ban(_ until: Timestamp, _ now: Timestamp) -> SpotError {
        let rest = max(1, (until.nanoseconds(since: now) + Nanoseconds.perSecond - 1) / Nanoseconds.perSecond)
        return .banned(until: until.milliseconds, retryAfter: rest)
    }

    func usedWeight(of name: String, at now: Timestamp) -> Int { addresses[name]?.weight.count(at: now) ?? 0 }

    /// For whoever makes the exchange misbehave.
    mutating func ban(_ name: String, seconds: Int64, at now: Timestamp) -> SpotError {
        let until = now.advanced(byNanoseconds: Nanoseconds.seconds(max(1, seconds)))
        addresses[name, default: Address()].bannedUntil = until
        return RequestLimits.ban(until, now)
    }

    mutating func liftBans() {
        for name in addresses.keys { addresses[name]?.bannedUntil = nil }
    }

    /// - Returns: whether one more connection may be opened.
    mutating func connect(_ name: String, at now: Timestamp) -> Bool {
        addresses[name, default: Address()].connections.add(1, at: now)
        return (addresses[name]?.connections.count(at: now) ?? 0) <= configuration.connections
    }

    // MARK: - Orders

    /// Orders of an account that count, in these ten seconds and this day.
    func orderCounts(_ account: String, at now: Timestamp) -> (short: Int, day: Int) {
        guard let orders = orders[account] else { return (0, 0) }
        return (orders.short.count(at: now), orders.day.count(at: now))
    }

    /// - Throws: −1015 when an account may place none now.
    func checkOrder(_ account: String, at now: Timestamp) throws(SpotError) {
        let counts = orderCounts(account, at: now)
        let windows = orders[account] ?? Orders()
        if counts.short >= configuration.ordersPerTenSeconds {
            throw .tooManyOrders(
                limit: configuration.ordersPerTenSeconds, interval: "10 SECOND", retryAfter: windows.short.rest(at: now)
            )
        }
        if counts.day >= configuration.ordersPerDay {
            throw .tooManyOrders(
                limit: configuration.ordersPerDay, interval: "1 DAY", retryAfter: windows.day.rest(at: now))
        }
    }

    mutating func placed(_ account: String, at now: Timestamp) {
        orders[account, default: Orders()].short.add(1, at: now)
        orders[account, default: Orders()].day.add(1, at: now)
    }

    /// A filled order counts no more: Binance limits unfilled ones.
    mutating func filled(_ account: String, at now: Timestamp) {
        guard orders[account] != nil else { return }
        orders[account]?.short.add(-1, at: now)
        orders[account]?.day.add(-1, at: now)
    }

    // MARK: - As told to clients

    var json: JSON {
        [
            Self.limit("REQUEST_WEIGHT", "MINUTE", 1, configuration.weight),
            Self.limit("ORDERS", "SECOND", 10, configuration.ordersPerTenSeconds),
            Self.limit("ORDERS", "DAY", 1, configuration.ordersPerDay),
            Self.limit("RAW_REQUESTS", "MINUTE", 5, configuration.requests),
        ]
    }

    func weightJSON(_ used: Int) -> JSON {
        [Self.limit("REQUEST_WEIGHT", "MINUTE", 1, configuration.weight).adding(["count": .number(Int64(used))])]
    }

    func orderJSON(_ account: String, at now: Timestamp) -> JSON { orderJSON(orderCounts(account, at: now)) }

    func orderJSON(_ counts: (short: Int, day: Int)) -> JSON {
        [
            Self.limit("ORDERS", "SECOND", 10, configuration.ordersPerTenSeconds)
                .adding(["count": .number(Int64(counts.short))]),
            Self.limit("ORDERS", "DAY", 1, configuration.ordersPerDay)
                .adding(["count": .number(Int64(counts.day))]),
        ]
    }

    private static func limit(_ type: String, _ interval: String, _ number: Int64, _ limit: Int) -> JSON {
        [
            "rateLimitType": .text(type), "interval": .text(interval), "intervalNum": .number(number),
            "limit": .number(Int64(limit)),
        ]
    }
}
