import Synchronization

/// How many rows a statement changed whose answer was not waited for.
public final class LaterChanges: Sendable {
    private let known: Mutex<Int?>

    init(_ count: Int? = nil) { known = Mutex(count) }

    /// nil until the transaction's next statement or its commit.
    public var count: Int? { known.withLock { $0 } }

    func set(_ count: Int) { known.withLock { $0 = count } }
}
