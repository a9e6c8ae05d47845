import TradingCore

/// The sessions of an engine, side by side at addresses that change only when one is added.
///
/// A session is some 1,500 bytes with arrays inside. In an array of such, every field that was touched cost a check of
/// bounds and uniqueness, and was often read by copying what lies around it; here it is one load or store.
@usableFromInline
struct SessionTable: ~Copyable, @unchecked Sendable {
    // Sendable by construction: the storage is owned by this one value, which cannot be copied, and is reached only
    // through it; what it stores is Sendable itself.

    /// Apart from the sessions, as these can be copied and a gate is not to be, not even to borrow it.
    @usableFromInline var gates: UnsafeMutablePointer<RiskGate>
    @usableFromInline var base: UnsafeMutablePointer<TradingSession>
    @usableFromInline var count = 0
    private var capacity = 2

    init() {
        base = .allocate(capacity: capacity)
        gates = .allocate(capacity: capacity)
    }

    // Without it the compiler (6.3.1) fails: it would inline this into the engine's own end, which other modules see.
    @inlinable
    deinit {
        base.deinitialize(count: count)
        base.deallocate()
        gates.deinitialize(count: count)
        gates.deallocate()
    }

    var indices: Range<Int> { 0..<count }

    /// - Precondition: `index` is one of ``indices``; checked in debug builds alone, as this is the hottest access of all
    ///   and every index comes from ``indices`` or a search through them.
    subscript(index: Int) -> TradingSession {
        @inline(__always)
        unsafeAddress {
            assert(index >= 0 && index < count, "no such session")
            return UnsafePointer(base + index)
        }
        @inline(__always)
        unsafeMutableAddress {
            assert(index >= 0 && index < count, "no such session")
            return base + index
        }
    }

    mutating func append(_ session: consuming TradingSession, _ gate: consuming RiskGate) {
        if count == capacity { grow() }
        (gates + count).initialize(to: gate)
        (base + count).initialize(to: session)
        count += 1
    }

    /// Later sessions move up.
    mutating func remove(at index: Int) {
        precondition(index >= 0 && index < count, "no such session")
        (base + index).deinitialize(count: 1)
        (base + index).moveInitialize(from: base + index + 1, count: count - index - 1)
        (gates + index).deinitialize(count: 1)
        (gates + index).moveInitialize(from: gates + index + 1, count: count - index - 1)
        count -= 1
    }

    func firstIndex(of id: SessionID) -> Int? {
        for index in indices where self[index].id == id { return index }
        return nil
    }

    /// Copies of all, for whoever looks from outside.
    var snapshot: [TradingSession] { indices.map { self[$0].detached } }

    private mutating func grow() {
        let wider = UnsafeMutablePointer<TradingSession>.allocate(capacity: capacity * 2)
        wider.moveInitialize(from: base, count: count)
        base.deallocate()
        base = wider
        let widerGates = UnsafeMutablePointer<RiskGate>.allocate(capacity: capacity * 2)
        widerGates.moveInitialize(from: gates, count: count)
        gates.deallocate()
        gates = widerGates
        capacity *= 2
    }
}
