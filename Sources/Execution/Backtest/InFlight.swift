import TradingCore

/// What is on its way for a constant time: first in, first out, in order of arrival.
struct InFlight<Element> {
    private struct Item {
        var due: Int64
        var element: Element
    }

    /// A ring whose size is a power of two. What has been received stays in its place until that is needed again.
    private var items: [Item] = []
    private var head = 0
    private var count = 0
    /// When the first arrives; `Int64.max` when nothing is on its way.
    private(set) var firstDue = Int64.max

    /// - Parameter due: not before that of anything sent earlier.
    mutating func send(_ element: Element, due: Int64) {
        let item = Item(due: due, element: element)
        if count == items.count { grow(item) }
        items[(head + count) & (items.count - 1)] = item
        count += 1
        if count == 1 { firstDue = due }
    }

    /// - Precondition: something is on its way.
    mutating func receive() -> Element {
        precondition(count > 0, "nothing is on its way")
        let element = items[head].element
        head = (head + 1) & (items.count - 1)
        count -= 1
        firstDue = count == 0 ? .max : items[head].due
        return element
    }

    private mutating func grow(_ filler: Item) {
        items = Array(items[head...]) + Array(items[..<head]) + Array(repeating: filler, count: max(64, items.count))
        head = 0
    }
}
