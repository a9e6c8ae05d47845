import Execution
import Foundation
import Logging
internal import Persistence
import Synchronization
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
        /// Absent in what earlier versions wrote.
        var isLast: Bool?
    }

    struct KeptHalt: Hashable, Sendable {
        var entry: TradingStateEntry
        /// Commanded by one that had not read the store: later than whatever stands there, whatever the dates say.
        var isLast = false
    }

    /// A thousand halts at least, for as long as the disk is full.
    private static let size = 1 << 20

    private let room: ReservedRoom<Kept>
    /// What the database has not yet: of this process, and what an earlier one left.
    private let owed: Mutex<Set<TradingStateEntry>>

    /// - Parameter path: of the database; the file is `-halts` beside it.
    /// Why there is no reserve.
    public struct Failure: Error, CustomStringConvertible {
        public var description: String
        /// There is no such file, or nothing in it: no halt is lost with it.
        public var holdsNothing: Bool
    }

    /// - Throws: what the disk says when it has no room for the file, whose size is a mebibyte, or does not let it be read.
    public init(beside path: String) throws(Failure) {
        let path = path + "-halts"
        do { room = try ReservedRoom(path: path, size: Self.size) } catch {
            let isThere = FileManager.default.fileExists(atPath: path)
            throw Failure(description: "\(error)", holdsNothing: !isThere || Self.isNoRoom(error))
        }
        owed = Mutex(Set(Self.left(room).map(\.entry)))
    }

    /// What was kept is read before room is made.
    private static func isNoRoom(_ error: any Error) -> Bool {
        guard case ReservedRoomFailure.system(_, let code) = error else { return false }
        return [ENOSPC, EDQUOT, EFBIG].contains(code)
    }

    /// What an earlier process left. Where something there cannot be read, somebody has halted something, and nobody knows what:
    /// then everything is.
    var left: [KeptHalt] { Self.left(room) }

    private static func left(_ room: ReservedRoom<Kept>) -> [KeptHalt] {
        let halts = room.left.map { kept -> KeptHalt in
            guard let scope = TradingScope(storedName: kept.scope) else { return Self.unreadable }
            return KeptHalt(
                entry: TradingStateEntry(
                    scope: scope, state: .halted, reason: kept.reason, setBy: kept.setBy,
                    setAt: Timestamp(nanoseconds: kept.setAt), isStored: false),
                isLast: kept.isLast ?? false)
        }
        return room.isDamaged ? halts + [Self.unreadable] : halts
    }

    private static var unreadable: KeptHalt {
        KeptHalt(
            entry: TradingStateEntry(
                scope: .server, state: .halted, reason: "a halt kept beside the database cannot be read",
                setBy: "start",
                setAt: Timestamp(nanoseconds: 0), isStored: false),
            isLast: true)
    }

    /// On the disk when this returns.
    /// - Parameter isLast: see ``KeptHalt``.
    func keep(_ halt: TradingStateEntry, isLast: Bool = false) throws {
        // In one go with the list of what is owed: nobody empties the file in between.
        try owed.withLock { owed in
            try room.write([
                Kept(
                    scope: halt.scope.storedName, reason: halt.reason, setBy: halt.setBy,
                    setAt: halt.setAt.nanoseconds, isLast: isLast)
            ])
            owed.insert(halt)
        }
    }

    /// The database has these, or a later word. The file is emptied when it has all.
    func strikeOut(_ halts: Set<TradingStateEntry>) throws {
        try owed.withLock { owed in
            owed.subtract(halts)
            if owed.isEmpty { try room.clear() }
        }
    }
}
