import Synchronization

/// Whether a request that may wait for its turn is still wanted: until it leaves it can be withdrawn, and then it never leaves.
public final class Departure: Sendable {
    private enum Stage { case waiting, left, withdrawn }

    private let stage = Mutex(Stage.waiting)

    public init() {}

    /// It is being sent now, perhaps once more.
    /// - Returns: false when it was withdrawn: it must not be sent.
    func leave() -> Bool {
        stage.withLock { stage in
            if stage == .waiting { stage = .left }
            return stage == .left
        }
    }

    /// - Returns: whether it is sure now that it never leaves, and this is what made it so.
    func withdraw() -> Bool {
        stage.withLock { stage in
            guard stage == .waiting else { return false }
            stage = .withdrawn
            return true
        }
    }

    var isWithdrawn: Bool { stage.withLock { $0 == .withdrawn } }
}
