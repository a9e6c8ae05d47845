internal import Dispatch
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
        /// It is not to be kept any more, nor any of its like before it.
        var isStruckOut: Bool?
    }

    struct KeptHalt: Hashable, Sendable {
        var entry: TradingStateEntry
        /// Commanded by one that had not read the store: later than whatever stands there, whatever the dates say.
        var isLast = false
    }

    /// A thousand halts at least, for as long as the disk is full.
    private static let size = 1 << 20

    private let room: ReservedRoom<Kept>
    let thread = DispatchQueue(label: "mrmarket.halts")
    /// What the database has not yet: of this process, and what an earlier one left.
    private let owed: Mutex<Set<TradingStateEntry>>

    /// Why there is no reserve.
    public struct Failure: Error, CustomStringConvertible {
        public var description: String
        /// There is no such file, or nothing in it: no halt is lost with it.
        public var holdsNothing: Bool
    }

    /// - Parameter path: of the database; the file is `-halts` beside it.
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
        var halts: [KeptHalt] = []
        for kept in room.left {
            guard let scope = TradingScope(storedName: kept.scope) else {
                halts.append(unreadable)
                continue
            }
            let entry = TradingStateEntry(
                scope: scope, state: .halted, reason: kept.reason, setBy: kept.setBy,
                setAt: Timestamp(nanoseconds: kept.setAt), isStored: false)
            halts.removeAll { $0.entry == entry }
            if kept.isStruckOut != true { halts.append(KeptHalt(entry: entry, isLast: kept.isLast ?? false)) }
        }
        return room.isDamaged ? halts + [unreadable] : halts
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
            try room.write([Self.kept(halt, isLast: isLast)])
            owed.insert(halt)
        }
    }

    private static func kept(_ halt: TradingStateEntry, isLast: Bool? = nil, isStruckOut: Bool? = nil) -> Kept {
        Kept(
            scope: halt.scope.storedName, reason: halt.reason, setBy: halt.setBy, setAt: halt.setAt.nanoseconds,
            isLast: isLast, isStruckOut: isStruckOut)
    }

    /// The database has these, or a later word. The file is emptied when it has all.
    func strikeOut(_ halts: Set<TradingStateEntry>) throws {
        try owed.withLock { owed in
            let struck = owed.intersection(halts)
            if struck.isEmpty { return }
            owed.subtract(struck)
            if owed.isEmpty { return try room.clear() }
            try room.write(struck.sorted { $0.setAt < $1.setAt }.map { Self.kept($0, isStruckOut: true) })
        }
    }

    // MARK: - For those whose thread must not wait for a disk

    func keepOnItsThread(_ halt: TradingStateEntry, isLast: Bool) async throws {
        try await onItsThread { try self.keep(halt, isLast: isLast) }
    }

    func strikeOutOnItsThread(_ halts: Set<TradingStateEntry>) async throws {
        try await onItsThread { try self.strikeOut(halts) }
    }

    /// One after another, in the order of asking.
    private func onItsThread(_ work: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            thread.async { continuation.resume(with: Result(catching: work)) }
        }
    }
}
