import TradingCore

/// What is on its way for a constant time: first in, first out, in order of arrival.
struct InFlight<Element> {
    private var items: [(due: Int64, element: Element)] = []
    private var head = 0

    /// When the first arrives; `Int64.max` when nothing is on its way.
    var firstDue: Int64 { head < items.count ? items[head].due : .max }

    /// - Parameter due: not before that of anything sent earlier.
    mutating func send(_ element: Element, due: Int64) {
        items.append((due, element))
    }

    /// - Precondition: something is on its way.
    mutating func receive() -> Element {
        let element = items[head].element
        head += 1
        if head == items.count {
            items.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 1_024, head * 2 >= items.count {
            items.removeSubrange(0..<head)
            head = 0
        }
        return element
    }
}
