import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import MarketData

@Suite("MME recordings")
struct MMERecordingTests {
    /// One record to be written.
    struct Event {
        var time: UInt64 = 1_000
        var sequence: UInt64 = 0
        var ticks: Int64 = 100
        var lots: Int64 = 5
        var kind: UInt8 = 1
        var side: UInt8 = 1
        var last: UInt8 = 1

        var bytes: [UInt8] {
            MMERecordingTests.little(time) + MMERecordingTests.little(sequence)
                + MMERecordingTests.little(UInt64(bitPattern: ticks))
                + MMERecordingTests.little(UInt64(bitPattern: lots)) + [kind, side, last, 0, 0, 0, 0, 0]
        }
    }

    static func little(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }

    static func header(count: Int, tick: UInt64 = 1_000_000, lot: UInt64 = 1_000) -> [UInt8] {
        Array("MME1\0\0\0\0".utf8) + little(UInt64(count)) + little(7) + little(tick) + little(lot) + little(1_000)
            + [UInt8](repeating: 0, count: 16)
    }

    /// A snapshot of two levels, a level, and a trade with the level it leaves.
    static let healthy = [
        Event(kind: 3, last: 0), Event(ticks: 101, kind: 3, side: 2), Event(time: 1_001, ticks: 99),
        Event(time: 1_002, ticks: 100, lots: 2, kind: 2, side: 2, last: 0), Event(time: 1_002, ticks: 100, lots: 3),
    ]

    static func file(_ events: [Event], count: Int? = nil) -> [UInt8] {
        header(count: count ?? events.count)
            + events.enumerated().flatMap { index, event in
                var event = event
                if event.sequence == 0 { event.sequence = UInt64(index + 1) }
                return event.bytes
            }
    }

    let folder: TemporaryFolder
    let unit: BookUnit

    init() throws {
        folder = try TemporaryFolder()
        unit = try BookUnit(price: "0.01", quantity: "0.00001")
    }

    func read(_ paths: [String]) throws(FeedError) -> ([MarketRecord], MMERecording) {
        let recording = try MMERecording(paths: paths, unit: unit)
        var records: [MarketRecord] = []
        while try recording.read(into: &records) {}
        return (records, recording)
    }

    @Test("reads records, with a reset before a snapshot, plain and packed")
    func reads() throws {
        for (name, bytes) in [("a.mme", Self.file(Self.healthy)), ("a.mme.gz", gzipped(Self.file(Self.healthy)))] {
            let path = try folder.write(bytes, to: name)
            let (records, recording) = try read([path])
            #expect(records.map(\.kind) == [.reset, .snapshot, .snapshot, .level, .trade, .level])
            #expect(records.map(\.isLast) == [false, false, true, true, false, true])
            #expect(records[4].side == .sell && records[4].quantity.lots == 2 && records[4].price.ticks == 100)
            #expect(recording.eventCount == 5 && recording.progress == 1)
            let header = try MMERecording.header(path: path)
            #expect(header.unit == unit && header.recordCount == 5 && header.seed == 7)
            #expect(header.start == Timestamp(nanoseconds: 1_000))
        }
    }

    @Test("a second file starts over with its own snapshot")
    func continuesFiles() throws {
        let later = Self.healthy.map { event in
            var event = event
            event.time += 100
            return event
        }
        let paths = [
            try folder.write(Self.file(Self.healthy), to: "1.mme"),
            try folder.write(gzipped(Self.file(later)), to: "2.mme.gz"),
        ]
        let (records, recording) = try read(paths)
        #expect(records.map(\.kind).filter { $0 == .reset }.count == 2)
        #expect(records.count == 12 && recording.eventCount == 10)
    }

    @Test("hands out whole messages in steps of about 4096 records")
    func readsInSteps() throws {
        var long: [Event] = []
        for index in 0..<9_000 {
            let isLast = index % 7 == 6 || index == 8_999
            long.append(Event(time: 2_000, ticks: Int64(index + 1), last: isLast ? 1 : 0))
        }
        let path = try folder.write(Self.file(Self.healthy + long), to: "long.mme")
        let recording = try MMERecording(paths: [path], unit: unit)
        var (records, total): ([MarketRecord], Int) = ([], 0)
        while try recording.read(into: &records) {
            #expect(records.count <= recordsPerRead + 7 && records.last?.isLast == true)
            total += records.count
            records.removeAll()
        }
        #expect(total == 9_006)
    }

    static func changed(_ index: Int, _ change: (inout Event) -> Void) -> [UInt8] {
        var events = healthy
        change(&events[index])
        return file(events)
    }

    static let broken: [([UInt8], FeedError.Place, String)] = [
        ([], .header, "64 bytes"), (Array("MME1".utf8), .header, "64 bytes"),
        (Array("MME2".utf8) + Array(file(healthy).dropFirst(4)), .header, "magic"),
        (header(count: 0, tick: 0), .header, "tick"), (header(count: 0, lot: 1 << 63), .header, "lot"),
        (header(count: 0, tick: 5), .header, "tick 0.01"),
        (header(count: .max), .header, "number of records"),
        (changed(2) { $0.kind = 5 }, .record(3), "kind"), (changed(2) { $0.kind = 0 }, .record(3), "kind"),
        (changed(2) { $0.side = 0 }, .record(3), "side"), (changed(2) { $0.last = 2 }, .record(3), "last"),
        (changed(2) { $0.ticks = 0 }, .record(3), "price"), (changed(2) { $0.ticks = -5 }, .record(3), "price"),
        (changed(2) { $0.ticks = BookSide.maximumTicks + 1 }, .record(3), "price"),
        (changed(2) { $0.lots = -1 }, .record(3), "quantity"), (changed(3) { $0.lots = 0 }, .record(4), "above 0"),
        (changed(2) { $0.time = 999 }, .record(3), "not before"),
        (changed(2) { $0.time = 1 << 63 }, .record(3), "2262"),
        (changed(2) { $0.sequence = 4 }, .record(3), "sequence number 3"),
        (changed(0) { $0.kind = 1 }, .record(1), "snapshot"), (changed(4) { $0.last = 0 }, .record(5), "last record"),
    ]

    @Test("names the record and what was expected", arguments: broken.indices)
    func namesRecords(index: Int) throws {
        let (bytes, place, word) = Self.broken[index]
        for packed in [false, true] {
            let path = try folder.write(packed ? gzipped(bytes) : bytes, to: "broken")
            let error = #expect(throws: FeedError.self) { try read([path]) }
            #expect(error?.place == place, "\(error?.description ?? "")")
            #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
        }
    }

    @Test("a file of another length than its header says is an error, packed or not")
    func comparesLength() throws {
        for (bytes, place) in [
            (Array(Self.file(Self.healthy).dropLast(3)), FeedError.Place.record(5)),
            (Self.file(Self.healthy) + [0], .record(6)), (Self.file(Self.healthy, count: 6), .record(6)),
            (Self.file(Self.healthy, count: 2), .record(3)),
        ] {
            let plain = #expect(throws: FeedError.self) { try read([try folder.write(bytes, to: "a")]) }
            #expect(plain?.place == .header)
            let packed = #expect(throws: FeedError.self) { try read([try folder.write(gzipped(bytes), to: "b")]) }
            #expect(packed?.place == place)
        }
    }

    @Test("mutated bytes end in an error or a clean end")
    func survivesMutations() throws {
        var random = SplitMix64(seed: 12)
        let plain = Self.file(Self.healthy)
        let packed = gzipped(plain)
        for _ in 0..<1_500 {
            var bytes = random.below(3) == 0 ? packed : plain
            for _ in 0...random.below(3) {
                let place = Int(random.below(UInt64(bytes.count)))
                if random.below(3) > 0 { bytes[place] = UInt8(random.below(256)) } else { bytes.remove(at: place) }
            }
            _ = try? read([try folder.write(bytes, to: "mutated")])
        }
    }
}
