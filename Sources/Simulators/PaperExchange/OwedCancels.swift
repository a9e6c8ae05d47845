import Persistence
import TradingCore

/// Room for cancels that a full disk keeps out of the journal, some six thousand of them.
final class OwedCancels<Command: Hashable & Codable & Sendable>: Sendable {
    struct Entry: Hashable, Codable, Sendable {
        var time: Timestamp
        var command: Command
    }

    /// A command and when it was carried out.
    typealias Timed = (time: Timestamp, command: Command)

    static var size: Int { 1 << 20 }
    private let room: ReservedRoom<Entry>

    /// - Throws: when there is no room for the file itself.
    init(path: String) throws { room = try ReservedRoom(path: path, size: Self.size) }

    var left: [Entry] { room.left }
    var isEmpty: Bool { room.isEmpty }

    /// What was owed when the exchange died, but for what its journal has got since: by a checkpoint or by itself.
    /// - Parameters:
    ///   - stored: the time of the last checkpoint.
    ///   - known: what the journal holds since.
    func left(after stored: Timestamp?, beside known: [Timed]) -> [Timed] {
        left.filter { entry in
            entry.time > stored ?? .distantPast
                && !known.contains { $0.time == entry.time && $0.command == entry.command }
        }.map { ($0.time, $0.command) }
    }

    /// Adds to what is owed. On the disk when this returns.
    func write(_ entries: [Entry]) throws { try room.write(entries) }

    /// Nothing is owed any more.
    func clear() throws { try room.clear() }

    static func entries(_ bytes: [UInt8]) -> [Entry] { ReservedRoom<Entry>.entries(bytes).entries }
}
