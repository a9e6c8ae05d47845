/// What a call takes from one of an exchange's limits.
public struct RateCost: Hashable, Sendable {
    /// The name of a ``RateLimit``.
    public var limit: String
    public var weight: Int

    public init(_ limit: String, _ weight: Int = 1) {
        self.limit = limit
        self.weight = weight
    }
}

/// How much an exchange allows in a time.
public struct RateLimit: Hashable, Sendable {
    public enum Scope: Hashable, Sendable {
        /// Shared by everything that comes from our address.
        case address
        /// One for each key.
        case key
        /// One for each connection of streams.
        case connection
    }

    public var name: String
    /// Weight in an interval.
    public var capacity: Int
    /// Milliseconds.
    public var interval: Int64
    public var scope: Scope
    /// Kept back for cancels and for withdrawals that are sent.
    public var reserve: Int

    public init(_ name: String, capacity: Int, interval: Int64, scope: Scope, reserve: Int = 0) {
        self.name = name
        self.capacity = capacity
        self.interval = interval
        self.scope = scope
        self.reserve = reserve
    }
}

/// What an answer's headers say of a limit.
public struct RateUsage: Hashable, Sendable {
    public var limit: String
    /// Weight used in the running interval.
    public var used: Int
    /// The capacity as the exchange says it now, where it does.
    public var capacity: Int?
    /// Milliseconds until the interval ends, where told.
    public var resetsIn: Int64?

    public init(_ limit: String, used: Int, capacity: Int? = nil, resetsIn: Int64? = nil) {
        self.limit = limit
        self.used = used
        self.capacity = capacity
        self.resetsIn = resetsIn
    }
}
