import Scheduling
import TradingCore

/// Own orders at the exchange that no session at work looks after: each is cancelled, and cancelled again, until the exchange tells its
/// end or lists what is open without it. Pure; ``InstrumentExecutor`` sends and asks.
struct StrayOrders: Sendable {
    private struct Stray: Sendable {
        /// How many cancels have been sent.
        var cancels = 0
        /// When the next one is.
        var due: Timestamp
    }

    private var strays: [ClientOrderID: Stray] = [:]
    /// When the first of them is to be cancelled again.
    private(set) var nextDue = Timestamp.distantFuture

    var isEmpty: Bool { strays.isEmpty }
    var count: Int { strays.count }

    func contains(_ id: ClientOrderID) -> Bool { strays[id] != nil }

    /// One that is known already keeps its turn.
    mutating func add(_ id: ClientOrderID, now: Timestamp) {
        guard strays[id] == nil else { return }
        strays[id] = Stray(due: now)
        nextDue = min(nextDue, now)
    }

    /// Those to be cancelled now. The wait for the next time doubles from half a second to about a minute, so that an exchange that will
    /// not cancel is not flooded.
    mutating func takeDue(_ now: Timestamp) -> [ClientOrderID] {
        guard nextDue <= now else { return [] }
        let due = strays.filter { $0.value.due <= now }.keys.sorted { $0.rawValue < $1.rawValue }
        for id in due {
            let cancels = (strays[id]?.cancels ?? 0) + 1
            let wait = 250 * Nanoseconds.perMillisecond << Int64(min(cancels, 8))
            strays[id] = Stray(cancels: cancels, due: now.advanced(byNanoseconds: wait))
        }
        reckon()
        return due
    }

    /// All of them are due, as for the first time: somebody waits.
    mutating func hurry(_ now: Timestamp) {
        strays = strays.mapValues { _ in Stray(due: now) }
        reckon()
    }

    /// The exchange says that it has ended.
    /// - Returns: whether it was one.
    mutating func ended(_ id: ClientOrderID) -> Bool {
        guard strays.removeValue(forKey: id) != nil else { return false }
        reckon()
        return true
    }

    /// What is open at the exchange, asked for after they were found.
    /// - Returns: those that are not.
    mutating func listed(_ open: Set<ClientOrderID>) -> [ClientOrderID] {
        let gone = strays.keys.filter { !open.contains($0) }.sorted { $0.rawValue < $1.rawValue }
        for id in gone { strays[id] = nil }
        reckon()
        return gone
    }

    private mutating func reckon() {
        // lint: ordered because the earliest of all does not depend on the order
        nextDue = strays.values.map(\.due).min() ?? .distantFuture
    }
}
