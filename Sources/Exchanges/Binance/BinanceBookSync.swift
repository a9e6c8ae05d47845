/// Decides what to do with each depth update and snapshot so that our book equals Binance's.
///
/// Follows "How to manage a local order book correctly" (developers.binance.com, Spot, "WebSocket Streams"): keep updates,
/// fetch a snapshot, drop updates with `u <= lastUpdateId`, start with the one where `U <= lastUpdateId + 1 <= u`, then
/// each `U` follows the previous `u`. Beyond it: doubled and older updates are ignored, and after a gap later updates are
/// kept, so that a missing one that comes late closes it as well as a new snapshot does.
///
/// Three states. *Waiting* (no book; updates are held until a snapshot fits) goes to *synced*. *Synced* goes to *broken* on
/// a gap. *Broken* (book whole up to ``lastID``, later updates held) goes to synced when the gap closes. ``invalidate()``
/// leads from anywhere to waiting.
///
/// Whoever performs the actions owns retrying a snapshot request that fails; a request stays open until one is answered.
public struct BinanceBookSync: Sendable {
    /// What to do with a depth update.
    public enum Action: Equatable, Sendable {
        /// It follows: apply its levels, then those of ``nextHeld()`` until there is none, then ask ``settle()``.
        case apply
        /// Already contained in the book.
        case ignore
        /// It cannot be applied yet: give it to ``hold(_:)``.
        case hold
        /// As ``hold``, and fetch a snapshot.
        case holdAndFetchSnapshot
    }

    /// What to do with a snapshot.
    public enum SnapshotAction: Equatable, Sendable {
        /// Replace the book, then go on with ``nextHeld()`` and ``settle()`` as after an update.
        case replaceBook
        /// The book is already newer.
        case ignore
        /// It is older than what is held or known: fetch another.
        case fetchSnapshot
    }

    /// A depth update kept for later.
    public struct HeldUpdate: Equatable, Sendable {
        public let update: BinanceDepthUpdate
        public let levels: [LevelChange]

        public init(update: BinanceDepthUpdate, levels: [LevelChange]) {
            self.update = update
            self.levels = levels
        }
    }

    /// Most updates held; beyond it the oldest go, which a later snapshot makes good.
    public let heldLimit: Int
    /// Most levels held, over all updates.
    public let heldLevelLimit: Int

    /// `u` of the last applied update or snapshot; -1 while waiting for the first snapshot.
    public private(set) var lastID: Int64 = -1
    /// By first id, none twice.
    public private(set) var held: [HeldUpdate] = []
    /// Whether a snapshot was asked for that has not come.
    public private(set) var isSnapshotRequested = false
    private var heldLevels = 0

    public init(heldLimit: Int = 1_000, heldLevelLimit: Int = 200_000) {
        self.heldLimit = heldLimit
        self.heldLevelLimit = heldLevelLimit
    }

    /// Whether the book is whole as of ``lastID``, with nothing known to be missing.
    public var isSynced: Bool { lastID >= 0 && held.isEmpty }

    // MARK: - Events

    public mutating func received(_ update: BinanceDepthUpdate) -> Action {
        if lastID >= 0 {
            if update.lastID <= lastID { return .ignore }
            if update.firstID <= lastID + 1 {
                lastID = update.lastID
                return .apply
            }
        }
        return request() ? .holdAndFetchSnapshot : .hold
    }

    /// Keeps an update in the order of its ids.
    public mutating func hold(_ held: HeldUpdate) {
        var index = self.held.count
        while index > 0, self.held[index - 1].update.firstID > held.update.firstID { index -= 1 }
        if index > 0, self.held[index - 1].update.firstID == held.update.firstID {
            // The same again; of two that start alike the longer one says more.
            guard self.held[index - 1].update.lastID < held.update.lastID else { return }
            heldLevels += held.levels.count - self.held[index - 1].levels.count
            self.held[index - 1] = held
        } else {
            self.held.insert(held, at: index)
            heldLevels += held.levels.count
        }
        while self.held.count > max(heldLimit, 1) || (heldLevels > heldLevelLimit && self.held.count > 1) {
            heldLevels -= self.held.removeFirst().levels.count
        }
    }

    public mutating func receivedSnapshot(lastUpdateID id: Int64) -> SnapshotAction {
        isSnapshotRequested = false
        if isSynced, id <= lastID { return .ignore }
        let useful = held.firstIndex { $0.update.lastID > id }
        let leavesHole = useful.map { held[$0].update.firstID > id + 1 } ?? false
        if id < lastID || leavesHole {
            isSnapshotRequested = true
            return .fetchSnapshot
        }
        lastID = id
        return .replaceBook
    }

    /// The next held update that follows the book; counted as applied once returned.
    public mutating func nextHeld() -> HeldUpdate? {
        while let next = held.first {
            guard next.update.firstID <= lastID + 1 else { return nil }
            held.removeFirst()
            heldLevels -= next.levels.count
            if next.update.lastID > lastID {
                lastID = next.update.lastID
                return next
            }
        }
        return nil
    }

    /// After held updates were applied.
    /// - Returns: whether something is still missing and a snapshot has to be fetched that was not yet asked for.
    public mutating func settle() -> Bool {
        isSynced ? false : request()
    }

    /// Something was lost or unreadable: only a snapshot makes the book whole again.
    /// - Returns: whether it has to be fetched; false when it was asked for already.
    public mutating func invalidate() -> Bool {
        lastID = -1
        return request()
    }

    private mutating func request() -> Bool {
        defer { isSnapshotRequested = true }
        return !isSnapshotRequested
    }
}
