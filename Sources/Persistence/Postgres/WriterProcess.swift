import Synchronization

/// Which of the server's processes serves our writer: the words it sends come back to us, who know them already.
final class WriterProcess: Sendable {
    private let id = Atomic<Int32>(0)

    /// - Returns: the one before; 0 at first.
    func exchange(_ new: Int32) -> Int32 { id.exchange(new, ordering: .sequentiallyConsistent) }

    func isOurs(_ process: Int32) -> Bool { id.load(ordering: .sequentiallyConsistent) == process }
}
