import TradingCore

/// One side's resting orders, best price first, oldest first within a price, side by side at addresses of their own.
///
/// An order is some 200 bytes. In an array each look at one, and each change, checked bounds and uniqueness and moved the
/// whole of it through the stack.
@usableFromInline
struct RestingSide: ~Copyable, @unchecked Sendable {
    // Sendable by construction: the storage is owned by this one value, which cannot be copied, and is reached only
    // through it; the orders are Sendable themselves.

    @usableFromInline var base: UnsafeMutablePointer<RestingOrder>
    @usableFromInline var count = 0
    @usableFromInline var capacity = 16
    let side: Side
    /// The best price; of no order, a price that no market reaches.
    private(set) var best: Int64
    private var filter = TickFilter()

    init(_ side: Side) {
        self.side = side
        base = .allocate(capacity: capacity)
        best = side == .buy ? .min : .max
    }

    // Without `@inlinable` the compiler (6.3.1) fails: it would inline this into the end of whatever holds a side.
    @inlinable
    deinit {
        base.deallocate()
    }

    var isEmpty: Bool { count == 0 }
    var indices: Range<Int> { 0..<count }

    /// - Precondition: `index` is one of ``indices``, checked in debug builds alone: all of them come from there.
    subscript(index: Int) -> RestingOrder {
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

    /// Whether an order may rest at a price.
    @inline(__always)
    func mayHold(_ ticks: Int64) -> Bool { filter.mayHold(ticks) }

    func index(of id: ClientOrderID, _ account: AccountID) -> Int? {
        for index in indices where self[index].request.id == id && self[index].account == account { return index }
        return nil
    }

    /// Where an order at a price stands when it comes last.
    @inline(__always)
    func end(of price: Price) -> Int {
        var index = count
        while index > 0, side.isBetter(price, than: self[index - 1].request.price) { index -= 1 }
        return index
    }

    /// Copies of all.
    var orders: [RestingOrder] { Array(UnsafeBufferPointer(start: base, count: count)) }

    // MARK: - Changing

    @inline(__always)
    mutating func insert(_ order: RestingOrder, at index: Int) {
        if count == capacity { grow() }
        if index < count { (base + index + 1).moveInitialize(from: base + index, count: count - index) }
        (base + index).initialize(to: order)
        count += 1
        measure()
    }

    mutating func remove(at index: Int) {
        count -= 1
        (base + index).deinitialize(count: 1)
        (base + index).moveInitialize(from: base + index + 1, count: count - index)
        measure()
    }

    @inline(__always)
    private mutating func measure() {
        guard count > 0 else {
            best = side == .buy ? .min : .max
            filter = TickFilter()
            return
        }
        best = self[0].ticks
        let worst = self[count - 1].ticks
        filter.reset(min(best, worst), max(best, worst))
        for index in indices { filter.insert(self[index].ticks) }
    }

    @inline(never)
    private mutating func grow() {
        let wider = UnsafeMutablePointer<RestingOrder>.allocate(capacity: capacity * 2)
        wider.moveInitialize(from: base, count: count)
        base.deallocate()
        base = wider
        capacity *= 2
    }
}

/// Both sides' resting orders, by side: a place in memory is chosen where two properties would need a branch, which on
/// market data is taken wrong half of the time.
@usableFromInline
struct RestingOrders: ~Copyable, @unchecked Sendable {
    // Sendable by construction, as ``RestingSide`` is.

    @usableFromInline let sides: UnsafeMutablePointer<RestingSide>

    init() {
        sides = .allocate(capacity: 2)
        sides.initialize(to: RestingSide(.buy))
        (sides + 1).initialize(to: RestingSide(.sell))
    }

    @inlinable
    deinit {
        sides.deinitialize(count: 2)
        sides.deallocate()
    }

    subscript(side: Side) -> RestingSide {
        @inline(__always)
        unsafeAddress { UnsafePointer(sides + (side == .buy ? 0 : 1)) }
        @inline(__always)
        unsafeMutableAddress { sides + (side == .buy ? 0 : 1) }
    }

    var count: Int { self[.buy].count + self[.sell].count }
}
