import Scheduling
import Testing

@testable import TradingCore

@Suite("Client order table")
struct ClientOrderTableTests {
    @Test("equals a dictionary with the ids of many sessions", arguments: Seeds.all)
    func manySessions(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let ids = try (0..<600).map { _ in
            let raw = random.below(3) << 39 | random.below(40) << 26 | random.below(30)
            return try #require(ClientOrderID(rawValue: raw))
        }
        expectDictionary(of: ids, steps: 6_000, mostLive: 600, &random)
    }

    @Test("equals a dictionary with the consecutive ids of one session", arguments: Seeds.all)
    func oneSession(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let start = (1 << 26) - 400 as UInt64
        let ids = try (0..<400).map { try #require(ClientOrderID(rawValue: 5 << 39 | 77 << 26 | (start + $0))) }
        expectDictionary(of: ids, steps: 5_000, mostLive: 400, &random)
    }

    /// All homes within the last two and first two places: runs go around the end, and every removal closes a gap there.
    @Test("equals a dictionary when runs wrap around the end", arguments: Seeds.all)
    func wrappingRuns(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let table = ClientOrderTable()
        var ids: [ClientOrderID] = []
        while ids.count < 24 {
            guard let id = ClientOrderID(rawValue: random.next() >> 19) else { continue }
            if [14, 15, 0, 1].contains(table.home(id.rawValue)) { ids.append(id) }
        }
        // Eight live ids fill the first array of 16 as far as it goes without growing.
        expectDictionary(of: ids, steps: 8_000, mostLive: 8, &random)
    }

    @Test("grows and keeps every id")
    func grows() throws {
        var table = ClientOrderTable()
        for value in 0..<2_000 { table.insert(try #require(ClientOrderID(rawValue: UInt64(value) << 20)), value) }
        #expect(table.count == 2_000)
        #expect(table.keys.count == 4_096)
        for value in 0..<2_000 { #expect(table[try #require(ClientOrderID(rawValue: UInt64(value) << 20))] == value) }
    }

    @Test("finds nothing in an empty table, removes nothing from it")
    func empty() throws {
        var table = ClientOrderTable()
        let id = try #require(ClientOrderID(rawValue: 0))
        #expect(table[id] == nil)
        #expect(table.remove(id) == nil)
        #expect(table.count == 0)
        table.insert(id, Int(Int32.max))
        #expect(table[id] == Int(Int32.max))
        #expect(table.remove(id) == Int(Int32.max))
        #expect(table[id] == nil)
    }

    @Test("a copy is its own table")
    func copies() throws {
        let id = try #require(ClientOrderID(rawValue: 9))
        var table = ClientOrderTable()
        table.insert(id, 1)
        let copy = table
        table.remove(id)
        #expect(copy[id] == 1)
    }

    private func expectDictionary(
        of ids: [ClientOrderID], steps: Int, mostLive: Int, _ random: inout SplitMix64,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var table = ClientOrderTable()
        var model: [ClientOrderID: Int] = [:]
        for step in 0..<steps {
            let id = random.pick(ids)
            if table[id] != model[id] {
                Issue.record("\(id) is \(String(describing: table[id])) at \(step)", sourceLocation: sourceLocation)
            }
            if model[id] == nil, model.count < mostLive, random.chance(oneIn: 2) {
                table.insert(id, step)
                model[id] = step
            } else {
                let (removed, expected) = (table.remove(id), model.removeValue(forKey: id))
                if removed != expected { Issue.record("removed \(id) at \(step)", sourceLocation: sourceLocation) }
            }
            #expect(table.count == model.count, sourceLocation: sourceLocation)
            guard step.isMultiple(of: 100) else { continue }
            for id in ids where table[id] != model[id] {
                Issue.record("lost \(id) at \(step)", sourceLocation: sourceLocation)
            }
        }
    }
}
