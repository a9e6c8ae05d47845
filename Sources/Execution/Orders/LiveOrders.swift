/// A session's live orders, oldest first, changed in place.
///
/// Not an array: every change of one would check bounds and uniqueness, some ten times in the life of an order. The price
/// is one rule: a copy shares its storage with the original, so whoever keeps one while orders change takes a
/// ``detached`` one. Only ``SessionTable`` changes orders, and what it gives out is detached.
struct LiveOrders: @unchecked Sendable {
    // Sendable by the rule above: what is shared is not changed, and what is changed is not shared.

    /// Owns the memory, so that copies of a session need no care.
    private final class Storage {
        let base: UnsafeMutablePointer<TrackedOrder>

        init(capacity: Int) {
            base = .allocate(capacity: capacity)
        }

        deinit {
            // Orders are plain values: nothing in them is to be released.
            base.deallocate()
        }
    }

    private var storage: Storage
    private var base: UnsafeMutablePointer<TrackedOrder>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 8) {
        storage = Storage(capacity: capacity)
        base = storage.base
        self.capacity = capacity
    }

    var isEmpty: Bool { count == 0 }
    var indices: Range<Int> { 0..<count }

    /// - Precondition: `index` is one of ``indices``, checked in debug builds alone: all of them come from there.
    subscript(index: Int) -> TrackedOrder {
        @inline(__always)
        unsafeAddress {
            assert(index >= 0 && index < count, "no such order")
            return UnsafePointer(base + index)
        }
        @inline(__always)
        unsafeMutableAddress {
            assert(index >= 0 && index < count, "no such order")
            return base + index
        }
    }

    @inline(__always)
    func contains(where condition: (TrackedOrder) -> Bool) -> Bool {
        for index in indices where condition(self[index]) { return true }
        return false
    }

    /// The orders as they are now.
    var array: [TrackedOrder] { Array(UnsafeBufferPointer(start: base, count: count)) }

    /// A copy that changes of this one do not reach.
    var detached: LiveOrders {
        var copy = LiveOrders(capacity: max(1, count))
        copy.base.initialize(from: base, count: count)
        copy.count = count
        return copy
    }

    // MARK: - Changing

    @inline(__always)
    mutating func append(_ order: TrackedOrder) {
        if count == capacity { grow() }
        (base + count).initialize(to: order)
        count &+= 1
    }

    /// Later orders keep their order and move up.
    @inline(__always)
    mutating func remove(at index: Int) {
        count &-= 1
        for next in index..<count { base[next] = base[next + 1] }
    }

    @inline(never)
    private mutating func grow() {
        let wider = Storage(capacity: capacity * 2)
        wider.base.moveInitialize(from: base, count: count)
        (storage, base) = (wider, wider.base)
        capacity *= 2
    }
}
