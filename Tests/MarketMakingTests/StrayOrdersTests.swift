import Scheduling
import Testing
import TradingCore

@testable import MarketMaking

@Suite struct StrayOrdersTests {
    private static func id(_ number: UInt64) throws -> ClientOrderID { try #require(ClientOrderID(rawValue: number)) }

    private static func at(_ milliseconds: Int64) -> Timestamp {
        Timestamp(nanoseconds: milliseconds * Nanoseconds.perMillisecond)
    }

    @Test func `one that stays is cancelled again after a wait that doubles up to about a minute`() throws {
        var strays = StrayOrders()
        let id = try Self.id(7)
        strays.add(id, now: Self.at(0))
        var waits: [Int64] = []
        var now = Self.at(0)
        for _ in 0..<10 {
            let (due, again) = (strays.takeDue(now), strays.takeDue(now))
            #expect(due == [id] && again.isEmpty)
            waits.append(strays.nextDue.nanoseconds(since: now) / Nanoseconds.perMillisecond)
            now = strays.nextDue
        }
        #expect(waits == [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 64_000, 64_000])
        strays.hurry(now)
        let hurried = strays.takeDue(now)
        #expect(hurried == [id])
        #expect(strays.nextDue == now.advanced(byNanoseconds: 500 * Nanoseconds.perMillisecond))
    }

    @Test func `one is gone when the exchange says that it ended, or lists what is open without it`() throws {
        var strays = StrayOrders()
        let ids = try (1...3).map { try Self.id($0) }
        for id in ids { strays.add(id, now: Self.at(0)) }
        let due = strays.takeDue(Self.at(0))
        #expect(due == ids)
        let isNews = [strays.ended(ids[0]), strays.ended(ids[0])]
        #expect(isNews == [true, false])
        let gone = strays.listed([ids[1]])
        #expect(gone == [ids[2]])
        #expect(strays.contains(ids[1]) && strays.count == 1)
        let rest = strays.listed([])
        #expect(rest == [ids[1]])
        #expect(strays.isEmpty && strays.nextDue == .distantFuture)
    }

    @Test func `finding one again does not begin its waits anew`() throws {
        var strays = StrayOrders()
        let id = try Self.id(7)
        strays.add(id, now: Self.at(0))
        let first = strays.takeDue(Self.at(0))
        strays.add(id, now: Self.at(1))
        let second = strays.takeDue(Self.at(1))
        #expect(first == [id] && second.isEmpty)
    }
}
