import Synchronization

/// What many tasks found, in the order of finding.
final class Collected<Element: Sendable>: Sendable {
    private let found = Mutex<[Element]>([])

    func add(_ element: Element) { found.withLock { $0.append(element) } }
    var all: [Element] { found.withLock { $0 } }
}
