import Execution
import Logging
internal import Persistence
import TradingCore

/// Room beside an embedded database for halts that it does not take: whoever halts on a full disk is promised that the next start
/// knows it. They go into the database as soon as it takes something, and are struck out here then.
///
/// A halt that is still here though the database has a later state of its scope was lifted, and the process died before striking it out.
public final class HaltReserve: Sendable {
    private struct Kept: Codable {
        var scope: String
        var reason: String
        var setBy: String
        var setAt: Int64
    }

    /// A thousand halts at least, for as long as the disk is full.
    private static let size = 1 << 20

    private let room: ReservedRoom<Kept>

    /// - Parameter path: of the database; the file is `-halts` beside it.
    /// - Throws: what the disk says when it has no room for the file, whose size is a mebibyte.
    public init(beside path: String) throws { room = try ReservedRoom(path: path + "-halts", size: Self.size) }

    /// What an earlier process left.
    var left: [TradingStateEntry] {
        room.left.compactMap { kept in
            TradingScope(storedName: kept.scope).map { scope in
                TradingStateEntry(
                    scope: scope, state: .halted, reason: kept.reason, setBy: kept.setBy,
                    setAt: Timestamp(nanoseconds: kept.setAt), isStored: false)
            }
        }
    }

    /// On the disk when this returns.
    func keep(_ halt: TradingStateEntry) throws {
        try room.write([
            Kept(
                scope: halt.scope.storedName, reason: halt.reason, setBy: halt.setBy, setAt: halt.setAt.nanoseconds)
        ])
    }

    /// The database has all of them.
    func clear() throws { try room.clear() }
}
