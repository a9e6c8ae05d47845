import Scheduling
import Testing

@testable import TradingCore

@Suite("Book side")
struct BookSideTests {
    @Test(
        "equals a dictionary under any mix of changes",
        arguments: PricePattern.allCases, Seeds.all)
    func equalsDictionary(pattern: PricePattern, seed: UInt64) {
        for side in Side.allCases {
            var random = SplitMix64(seed: seed &+ UInt64(side.rawValue))
            var book = BookSide(side)
            var model = BookModel(side)
            for step in 0..<700 {
                let ticks = pattern.ticks(&random, step: step)
                apply(&random, ticks, to: &book, &model)
                expectEqual(
                    book, model, around: [ticks, ticks - 1, ticks + 1, pattern.ticks(&random, step: step)], step)
                if step.isMultiple(of: 50) || step == 699 { expectSameWalk(book, model, step) }
            }
        }
    }

    private func apply(_ random: inout SplitMix64, _ ticks: Int64, to book: inout BookSide, _ model: inout BookModel) {
        switch random.below(40) {
        case 0:
            book.removeAll()
            model.removeAll()
        case 1...3:
            book.clearTop()
            model.clearTop()
        case 4...8:
            let lots = random.chance(oneIn: 3) ? 0 : random.int(in: 1...1_000)
            book.setTop(ticks, lots: lots)
            model.setTop(ticks, lots)
        case 9...20:
            // Removing what is there, the best of it most of all, is where books go wrong.
            let stored = random.chance(oneIn: 2) ? model.storedBest : random.pick(model.levels.keys.sorted() + [ticks])
            let target = stored == model.none ? ticks : stored
            #expect(book.set(target, lots: 0) == model.set(target, 0))
        default:
            let lots = random.chance(oneIn: 50) ? Int64.max : random.int(in: 1...1_000)
            #expect(book.set(ticks, lots: lots) == model.set(ticks, lots))
        }
    }

    private func expectEqual(_ book: borrowing BookSide, _ model: BookModel, around prices: [Int64], _ step: Int) {
        let visible = model.visible
        var isEqual = book.bestTicks == model.best && book.levelCount == model.levels.count
        isEqual = isEqual && book.best?.ticks ?? model.none == model.best && book.isEmpty == visible.isEmpty
        isEqual = isEqual && book.storedBestPrice?.ticks ?? model.none == model.storedBest
        for ticks in prices {
            isEqual = isEqual && book.lots(at: ticks) == visible[ticks] ?? 0
            isEqual = isEqual && book.storedLots(at: ticks) == model.levels[ticks] ?? 0
            isEqual = isEqual && book.nextTicks(after: ticks) == model.next(after: ticks)
            isEqual = isEqual && book.isCovered(ticks) == model.isCovered(ticks)
        }
        if !isEqual { Issue.record("\(book.side) book differs around \(prices) at step \(step): \(model)") }
    }

    /// From the touch to the last level, nothing skipped and nothing twice.
    private func expectSameWalk(_ book: borrowing BookSide, _ model: BookModel, _ step: Int) {
        var walked: [Int64] = []
        var ticks = book.bestTicks
        while !book.isEmptyMarker(ticks), walked.count <= model.levels.count {
            walked.append(ticks)
            ticks = book.nextTicks(after: ticks)
        }
        let sorted = model.side == .buy ? model.visible.keys.sorted(by: >) : model.visible.keys.sorted()
        if walked != sorted { Issue.record("\(book.side) book walks \(walked), not \(sorted), at step \(step)") }
    }

    @Test("a fresh side is empty and says so", arguments: Side.allCases)
    func fresh(side: Side) {
        var book = BookSide(side)
        let none = side == .buy ? 0 : Int64.max
        #expect(book.bestTicks == none)
        #expect(book.best == nil)
        #expect(book.isEmpty == true)
        #expect(book.set(100, lots: 0) == 0)
        #expect(book.levelCount == 0)
        #expect(book.nextTicks(after: 100) == none)
        #expect(book.nextTicks(after: none) == none)
    }

    @Test("a top of nothing at the last possible price hides every level", arguments: Side.allCases)
    func emptyTop(side: Side) {
        var book = BookSide(side)
        let none = side == .buy ? 0 : Int64.max
        book.set(100, lots: 5)
        book.set(200, lots: 5)
        book.setTop(none, lots: 0)
        #expect(book.isEmpty == true)
        #expect(book.lots(at: 100) == 0)
        #expect(book.nextTicks(after: none) == none)
        #expect(book.nextTicks(after: 150) == none)
        #expect(book.levelCount == 2)
        book.clearTop()
        #expect(book.bestTicks == (side == .buy ? 200 : 100))
    }

    @Test("levels go on changing under the top and show when it is laid aside")
    func changesUnderTop() {
        var bids = BookSide(.buy)
        bids.set(100, lots: 1)
        bids.setTop(98, lots: 7)
        bids.set(99, lots: 3)
        #expect(bids.bestTicks == 98)
        #expect(bids.lots(at: 98) == 7)
        #expect(bids.lots(at: 99) == 0)
        #expect(bids.storedLots(at: 99) == 3)
        #expect(bids.nextTicks(after: 98) == 0)
        bids.set(100, lots: 0)
        bids.clearTop()
        #expect(bids.bestTicks == 99)
        bids.removeAll()
        #expect(bids.isEmpty == true)
    }
}

@Suite("Book memory")
struct BookMemoryTests {
    @Test("pages are reused while the price drifts", arguments: Side.allCases, [Int64(1), -1])
    func drift(side: Side, direction: Int64) {
        var book = BookSide(side)
        let start: Int64 = 200_000
        // Ten live levels, 7 ticks apart: never on more than three pages.
        for step in 0..<20_000 as Range<Int64> {
            let ticks = start + direction * step * 7
            book.set(ticks, lots: step + 1)
            if step >= 10 { #expect(book.set(ticks - direction * 70, lots: 0) == step - 9) }
        }
        #expect(book.levelCount == 10)
        #expect(book.pages.slotCount <= 4)
        #expect(book.pages.slotCapacity == 16)
    }

    @Test("filling and emptying again and again takes no more memory than the first time", arguments: [true, false])
    func refill(byRemovingAll: Bool) {
        var book = BookSide(.sell)
        for round in 1...20 as ClosedRange<Int64> {
            for page in 0..<100 as Range<Int64> { book.set(1 + page * 640, lots: round) }
            #expect(book.levelCount == 100)
            #expect(book.lots(at: 1 + 640) == round)
            if byRemovingAll {
                book.removeAll()
            } else {
                for page in 0..<100 as Range<Int64> { #expect(book.set(1 + page * 640, lots: 0) == round) }
            }
            #expect(book.isEmpty == true)
            #expect(book.lots(at: 1) == 0)
        }
        #expect(book.pages.slotCount <= 100)
        #expect(book.pages.slotCapacity == 128)
    }

    @Test("a book spread over millions of ticks keeps one page per level and a small directory")
    func sparse() {
        var book = BookSide(.buy)
        for level in 1...50 as ClosedRange<Int64> { book.set(level * 1_000_000, lots: 1) }
        #expect(book.pages.slotCount == 50)
        #expect(book.pages.capacity <= 50_000_000 / 64 + 4_096)
    }

    @Test(
        "the directory covers whole blocks wherever growth begins",
        arguments: [1, 262_143, 262_144, 1 << 34] as [Int64])
    func blocks(ticks: Int64) {
        var book = BookSide(.sell)
        book.set(ticks, lots: 1)
        #expect(book.pages.firstPage.isMultiple(of: 4_096))
        #expect(book.pages.capacity == 4_096)
        #expect(book.bestTicks == ticks)
    }
}
