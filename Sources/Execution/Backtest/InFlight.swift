import TradingCore

/// What is on its way for a constant time: first in, first out, in order of arrival.
struct InFlight<Element> {
    /// A ring whose size is a power of two.
    private var items: [(due: Int64, element: Element)?] = Array(repeating: nil, count: 64)
    private var head = 0
    private var count = 0
    /// When the first arrives; `Int64.max` when nothing is on its way.
    private(set) var firstDue = Int64.max

    /// - Parameter due: not before that of anything sent earlier.
    mutating func send(_ element: Element, due: Int64) {
        if count == items.count { grow() }
        items[(head + count) & (items.count - 1)] = (due, element)
        count += 1
        if count == 1 { firstDue = due }
    }

    /// - Precondition: something is on its way.
    mutating func receive() -> Element {
        guard let item = items[head] else { preconditionFailure("nothing is on its way") }
        items[head] = nil
        head = (head + 1) & (items.count - 1)
        count -= 1
        firstDue = count == 0 ? .max : items[head]?.due ?? .max
        return item.element
    }

    private mutating func grow() {
        let tail = Array(items[head...]) + Array(items[..<head])
        items = tail + Array(repeating: nil, count: items.count)
        head = 0
    }
}
