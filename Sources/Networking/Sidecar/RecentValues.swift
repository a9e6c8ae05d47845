/// The latest values by key, so many and no more: what is older is forgotten, so that a server that runs for months needs no
/// more memory than one that runs for a day.
struct RecentValues<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let limit: Int
    private var values: [Key: Value] = [:]
    /// In the order in which they came first; a ring once it is full.
    private var keys: [Key] = []
    private var oldest = 0

    /// - Parameter limit: 1 or more.
    init(limit: Int) { self.limit = limit }

    subscript(key: Key) -> Value? { values[key] }

    func contains(_ key: Key) -> Bool { values[key] != nil }

    var keySet: Set<Key> { Set(values.keys) }

    /// - Returns: whether the key is new.
    @discardableResult
    mutating func note(_ key: Key, _ value: Value) -> Bool {
        let isNew = values.updateValue(value, forKey: key) == nil
        guard isNew else { return false }
        if keys.count < limit {
            keys.append(key)
        } else {
            values[keys[oldest]] = nil
            keys[oldest] = key
            oldest = (oldest + 1) % limit
        }
        return true
    }
}
