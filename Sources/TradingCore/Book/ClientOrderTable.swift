/// Finds a small integer by client order id: open addressing over a power-of-two array.
///
/// A session's ids are consecutive, so the low bits spread them perfectly and a look-up is one or two comparisons, where
/// `Dictionary` pays for its general hash.
public struct ClientOrderTable: Sendable {
    @usableFromInline var keys: [UInt64]
    @usableFromInline var values: [Int32]
    @usableFromInline var mask: Int
    public private(set) var count = 0

    @usableFromInline static let vacant = UInt64.max

    public init() {
        keys = Array(repeating: ClientOrderTable.vacant, count: 16)
        values = Array(repeating: 0, count: 16)
        mask = 15
    }

    @inlinable
    public subscript(id: ClientOrderID) -> Int? {
        var index = home(id.rawValue)
        while true {
            let key = keys[index]
            if key == id.rawValue { return Int(values[index]) }
            if key == ClientOrderTable.vacant { return nil }
            index = (index &+ 1) & mask
        }
    }

    /// - Precondition: the id is not in the table.
    public mutating func insert(_ id: ClientOrderID, _ value: Int) {
        if count * 2 >= keys.count { grow() }
        place(id.rawValue, Int32(value))
        count += 1
    }

    @discardableResult
    public mutating func remove(_ id: ClientOrderID) -> Int? {
        var index = home(id.rawValue)
        while keys[index] != id.rawValue {
            if keys[index] == ClientOrderTable.vacant { return nil }
            index = (index + 1) & mask
        }
        let value = Int(values[index])
        // Close the gap: move back every later entry of the run that may stand nearer its home.
        var gap = index
        var next = (gap + 1) & mask
        while keys[next] != ClientOrderTable.vacant {
            let distance = (next - home(keys[next])) & mask
            if distance >= (next - gap) & mask {
                keys[gap] = keys[next]
                values[gap] = values[next]
                gap = next
            }
            next = (next + 1) & mask
        }
        keys[gap] = ClientOrderTable.vacant
        count -= 1
        return value
    }

    @inlinable
    func home(_ key: UInt64) -> Int {
        // Session bits are folded in, so that sessions with equal sequence numbers do not pile up.
        Int(truncatingIfNeeded: key ^ (key >> 26) &* 0x9E37_79B9) & mask
    }

    private mutating func place(_ key: UInt64, _ value: Int32) {
        var index = home(key)
        while keys[index] != ClientOrderTable.vacant { index = (index + 1) & mask }
        keys[index] = key
        values[index] = value
    }

    private mutating func grow() {
        let (oldKeys, oldValues) = (keys, values)
        keys = Array(repeating: ClientOrderTable.vacant, count: oldKeys.count * 2)
        values = Array(repeating: 0, count: keys.count)
        mask = keys.count - 1
        for (key, value) in zip(oldKeys, oldValues) where key != ClientOrderTable.vacant { place(key, value) }
    }
}
