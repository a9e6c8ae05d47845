import Exchanges
import Testing
import TradingCore

@Suite("Binance book sequence")
final class BinanceBookSyncTests {
    private var sync = BinanceBookSync(heldLimit: 4, heldLevelLimit: 100)

    // `#expect` cannot call a mutating function of a value.
    func snapshot(_ id: Int64) -> BinanceBookSync.SnapshotAction { sync.receivedSnapshot(lastUpdateID: id) }
    func settle() -> Bool { sync.settle() }
    func invalidate() -> Bool { sync.invalidate() }

    static func update(_ first: Int64, _ last: Int64) -> BinanceDepthUpdate {
        BinanceDepthUpdate(eventTime: Timestamp(nanoseconds: last), firstID: first, lastID: last)
    }

    /// Feeds an update as the feed does.
    func receive(_ first: Int64, _ last: Int64, levels: Int = 1) -> BinanceBookSync.Action {
        let action = sync.received(Self.update(first, last))
        if action == .hold || action == .holdAndFetchSnapshot {
            let level = LevelChange(side: .buy, ticks: last, lots: 1)
            sync.hold(.init(update: Self.update(first, last), levels: Array(repeating: level, count: levels)))
        }
        return action
    }

    /// The last ids of held updates that now follow.
    func drain() -> [Int64] {
        var ids: [Int64] = []
        while let next = sync.nextHeld() { ids.append(next.update.lastID) }
        return ids
    }

    @Test("starts with the update that spans the snapshot, as Binance describes it")
    func starts() {
        #expect(receive(90, 95) == .holdAndFetchSnapshot)
        #expect(receive(96, 100) == .hold)
        #expect(receive(101, 110) == .hold)
        #expect(receive(111, 120) == .hold)
        #expect(!sync.isSynced)
        #expect(snapshot(105) == .replaceBook)
        #expect(drain() == [110, 120])
        #expect(!settle())
        #expect(sync.isSynced && sync.lastID == 120)
        #expect(receive(121, 121) == .apply)
    }

    @Test("a snapshot older than the first update is asked for again")
    func refusesOldSnapshots() {
        #expect(receive(90, 95) == .holdAndFetchSnapshot)
        #expect(snapshot(88) == .fetchSnapshot)
        #expect(!sync.isSynced && sync.isSnapshotRequested)
        #expect(snapshot(89) == .replaceBook)
        #expect(drain() == [95])
        #expect(sync.isSynced)
    }

    @Test("doubled and older updates are ignored, overlapping newer ones applied")
    func ignoresOldUpdates() {
        #expect(snapshot(10) == .replaceBook)
        #expect(receive(5, 10) == .ignore)
        #expect(receive(8, 12) == .apply)
        #expect(receive(13, 15) == .apply)
        #expect(receive(13, 15) == .ignore)
        #expect(receive(8, 12) == .ignore)
        #expect(sync.isSynced)
    }

    @Test("a gap asks for a snapshot once; the missing update closes it as well")
    func closesGapsByReordering() {
        #expect(snapshot(10) == .replaceBook)
        #expect(receive(14, 15) == .holdAndFetchSnapshot)
        #expect(receive(18, 18) == .hold)
        #expect(receive(16, 17) == .hold)
        #expect(receive(16, 17) == .hold)
        #expect(!sync.isSynced)
        #expect(receive(11, 13) == .apply)
        #expect(drain() == [15, 17, 18])
        #expect(!settle())
        #expect(sync.isSynced && sync.lastID == 18)
        // The snapshot asked for comes too late to matter.
        #expect(snapshot(14) == .ignore)
        #expect(sync.lastID == 18)
    }

    @Test("a gap is closed by a snapshot that is new enough, not by an older one")
    func closesGapsBySnapshot() {
        #expect(snapshot(10) == .replaceBook)
        #expect(receive(14, 15) == .holdAndFetchSnapshot)
        #expect(snapshot(9) == .fetchSnapshot)
        #expect(snapshot(12) == .fetchSnapshot)
        #expect(snapshot(14) == .replaceBook)
        #expect(drain() == [15])
        #expect(sync.isSynced)
    }

    @Test("a hole among the held updates asks again")
    func findsSecondHole() {
        #expect(receive(1, 2) == .holdAndFetchSnapshot)
        #expect(receive(5, 6) == .hold)
        #expect(snapshot(1) == .replaceBook)
        #expect(drain() == [2])
        #expect(settle())
        #expect(!settle())
        #expect(snapshot(7) == .replaceBook)
        #expect(drain().isEmpty)
        #expect(sync.isSynced && sync.lastID == 7)
    }

    @Test("a newer snapshot replaces a whole book")
    func takesNewerSnapshot() {
        #expect(snapshot(10) == .replaceBook)
        #expect(snapshot(10) == .ignore)
        #expect(snapshot(20) == .replaceBook)
        #expect(receive(15, 20) == .ignore)
        #expect(receive(21, 22) == .apply)
    }

    @Test("what is held is bounded in updates and levels")
    func bounds() {
        for id in 1...10 as ClosedRange<Int64> { _ = receive(id, id) }
        #expect(sync.held.map(\.update.lastID) == [7, 8, 9, 10])
        _ = receive(11, 11, levels: 98)
        #expect(sync.held.map(\.update.lastID) == [9, 10, 11])
        _ = receive(12, 12, levels: 500)
        #expect(sync.held.map(\.update.lastID) == [12])
        #expect(snapshot(6) == .fetchSnapshot)
        #expect(snapshot(11) == .replaceBook)
    }

    @Test("after something was lost only a snapshot helps")
    func invalidates() {
        #expect(snapshot(10) == .replaceBook)
        #expect(invalidate())
        #expect(!invalidate())
        #expect(receive(11, 12) == .hold)
        #expect(!sync.isSynced)
        #expect(snapshot(10) == .replaceBook)
        #expect(drain() == [12])
        #expect(sync.isSynced)
    }
}
