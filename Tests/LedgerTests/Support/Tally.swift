import Synchronization

/// A count that many tasks share.
final class Tally: Sendable {
    private let total = Atomic(0)

    var count: Int { total.load(ordering: .sequentiallyConsistent) }
    func add() { total.add(1, ordering: .sequentiallyConsistent) }
}
