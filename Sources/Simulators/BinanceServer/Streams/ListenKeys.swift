import TradingCore

/// Keys by which old clients listen to their account: an hour each, longer when extended.
struct ListenKeys: Sendable {
    private struct Entry: Sendable {
        var account: String
        var until: Timestamp
    }

    static let validity = Nanoseconds.seconds(3_600)
    private var entries: [String: Entry] = [:]

    /// An account's key; the one it has is extended.
    mutating func start(_ account: String, at now: Timestamp, fresh: () -> String) -> String {
        let known = entries.first { $0.value.account == account && $0.value.until > now }?.key
        let key = known ?? fresh()
        entries[key] = Entry(account: account, until: now.advanced(byNanoseconds: Self.validity))
        return key
    }

    /// - Returns: false for a key that does not exist, or is somebody else's.
    mutating func extend(_ key: String, of account: String, at now: Timestamp) -> Bool {
        guard let entry = entries[key], entry.account == account, entry.until > now else { return false }
        entries[key]?.until = now.advanced(byNanoseconds: Self.validity)
        return true
    }

    mutating func close(_ key: String, of account: String) -> Bool {
        guard entries[key]?.account == account else { return false }
        entries[key] = nil
        return true
    }

    /// Keys whose hour is over: they exist no more.
    mutating func takeExpired(at now: Timestamp) -> [String] {
        let expired = entries.filter { $0.value.until <= now }.map(\.key).sorted()
        for key in expired { entries[key] = nil }
        return expired
    }

    func account(_ key: String, at now: Timestamp) -> String? {
        entries[key].flatMap { $0.until > now ? $0.account : nil }
    }
}
