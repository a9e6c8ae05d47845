import TradingCore

/// What is on its way for a constant time: first in, first out, in order of arrival. For plain values alone: nothing is
/// released at the end.
@usableFromInline
struct InFlight<Element>: ~Copyable {
    @usableFromInline
    struct Item {
        @usableFromInline var due: Int64
        @usableFromInline var element: Element
    }

    /// A ring whose size is a power of two.
    @usableFromInline var items: UnsafeMutablePointer<Item>
    @usableFromInline var capacity = 64
    @usableFromInline var head = 0
    @usableFromInline var count = 0
    /// When the first arrives; `Int64.max` when nothing is on its way.
    private(set) var firstDue = Int64.max

    init() {
        precondition(_isPOD(Element.self), "references need to be released")
        items = .allocate(capacity: capacity)
    }

    // Without `@inlinable` the compiler (6.3.1) fails: it would inline this into the end of whatever holds a ring.
    @inlinable
    deinit {
        items.deallocate()
    }

    /// - Parameter due: not before that of anything sent earlier.
    @inline(__always)
    mutating func send(_ element: Element, due: Int64) {
        if count == capacity { grow() }
        (items + ((head &+ count) & (capacity &- 1))).initialize(to: Item(due: due, element: element))
        count &+= 1
        if count == 1 { firstDue = due }
    }

    /// - Precondition: something is on its way.
    @inline(__always)
    mutating func receive() -> Element {
        precondition(count > 0, "nothing is on its way")
        let element = (items + head).move().element
        head = (head &+ 1) & (capacity &- 1)
        count &-= 1
        firstDue = count == 0 ? .max : items[head].due
        return element
    }

    @inline(never)
    private mutating func grow() {
        let wider = UnsafeMutablePointer<Item>.allocate(capacity: capacity * 2)
        wider.moveInitialize(from: items + head, count: capacity - head)
        (wider + (capacity - head)).moveInitialize(from: items, count: head)
        items.deallocate()
        items = wider
        capacity *= 2
        head = 0
    }
}
