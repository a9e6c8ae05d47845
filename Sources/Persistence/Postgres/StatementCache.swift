import CPostgres

/// Which statements one connection has prepared; the least used go first.
struct StatementCache {
    struct Key: Hashable {
        var text: String
        /// The same text with values of other types is another statement.
        var types: [Oid]
    }

    private struct Entry {
        var name: String
        var usedAt: Int
    }

    private let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var uses = 0
    private var made = 0

    init(capacity: Int) { self.capacity = capacity }

    mutating func name(_ key: Key) -> String? {
        uses += 1
        entries[key]?.usedAt = uses
        return entries[key]?.name
    }

    func newName() -> String { "s\(made + 1)" }

    /// - Returns: the names to be given up for it.
    mutating func insert(_ key: Key, _ name: String) -> [String] {
        made += 1
        uses += 1
        entries[key] = Entry(name: name, usedAt: uses)
        guard entries.count > capacity else { return [] }
        // A quarter at a time, so that looking for the oldest is rare.
        let old = entries.sorted { $0.value.usedAt < $1.value.usedAt }.prefix(max(1, capacity / 4))
        for (key, _) in old { entries[key] = nil }
        return old.map(\.value.name)
    }
}
