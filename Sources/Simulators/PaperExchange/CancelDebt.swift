import Logging

/// Cancels that an exchange carried out while its journal took nothing: whatever stops it, everybody may leave. They go into the
/// journal before anything else does; until then they are kept where there is room for them.
struct CancelDebt<Command: Hashable & Codable & Sendable> {
    /// In the order in which they were carried out.
    private(set) var owed: [OwedCancels<Command>.Timed]
    private let reserve: OwedCancels<Command>?
    private let logger: Logger

    /// - Parameter owed: what an earlier life left.
    init(_ owed: [OwedCancels<Command>.Timed], reserve: OwedCancels<Command>?, logger: Logger) {
        self.owed = owed
        self.reserve = reserve
        self.logger = logger
        if !owed.isEmpty {
            logger.notice("paper exchange: \(owed.count) cancels of a full disk were found beside the journal")
        }
    }

    /// On the disk when this returns, where there is room for them.
    mutating func add(_ cancels: [OwedCancels<Command>.Timed]) {
        if cancels.isEmpty { return }
        owed += cancels
        do {
            try reserve?.write(cancels.map { .init(time: $0.time, command: $0.command) })
        } catch {
            logger.critical("paper exchange: cancels are kept in memory alone, a kill forgets them: \(error)")
        }
    }

    /// The journal has all that was owed.
    mutating func settle() {
        owed = []
        do { try reserve?.clear() } catch {
            logger.error("paper exchange: what is owed no more could not be struck out: \(error)")
        }
    }
}

extension OwedCancels {
    /// The room beside a journal; nil, told as an error, where there is none.
    static func beside(_ path: String, _ logger: Logger) -> OwedCancels? {
        do { return try OwedCancels(path: path + "-cancels") } catch {
            logger.error("paper exchange: no room is kept for cancels while the disk is full: \(error)")
            return nil
        }
    }
}
