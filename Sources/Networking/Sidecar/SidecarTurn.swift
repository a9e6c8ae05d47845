import Synchronization

/// One request to the sidecar that may be taken back while it waits for its turn, here or there.
final class SidecarTurn: Sendable {
    private enum Stage {
        case waiting
        /// The number of its request.
        case asked(Int)
        case withdrawn
    }

    private let stage = Mutex(Stage.waiting)

    /// Asks, unless it was taken back before.
    /// - Parameter body: sends the request of this number; who takes it back finds it sent.
    /// - Returns: whether it was sent.
    func ask(_ number: Int, _ body: () -> Void) -> Bool {
        stage.withLock { stage in
            if case .withdrawn = stage { return false }
            body()
            stage = .asked(number)
            return true
        }
    }

    /// - Returns: the number of its request, where it is to be asked back; nil where it never gets one.
    func withdraw() -> Int? {
        stage.withLock { stage in
            if case .asked(let number) = stage { return number }
            stage = .withdrawn
            return nil
        }
    }
}
