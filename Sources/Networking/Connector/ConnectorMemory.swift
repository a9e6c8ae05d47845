/// What a connector has to know again after a restart: the units that an instrument is counted in, the highest nonce of a key.
public protocol ConnectorMemory: Sendable {
    func value(of key: String) -> String?
    /// Is durable when it returns.
    func set(_ value: String, of key: String)
}

/// Nothing is remembered: for tests, and where nothing is traded.
public struct NoMemory: ConnectorMemory {
    public init() {}
    public func value(of key: String) -> String? { nil }
    public func set(_ value: String, of key: String) {}
}
