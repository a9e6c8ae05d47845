import Execution
import TestSupport
import Testing
import TradingCore

@Suite("Parity with hftbacktest 2.4.4")
struct HftBacktestParityTests {
    @Test("the generated events are those of the .mme file")
    func events() {
        var hash = FNV()
        var sequence: UInt64 = 0
        for record in PeerEvents(count: 200_000) {
            sequence += 1
            hash.add(UInt64(bitPattern: record.time.nanoseconds))
            hash.add(sequence)
            hash.add(UInt64(bitPattern: record.price.ticks))
            hash.add(UInt64(bitPattern: record.quantity.lots))
            hash.add(UInt64(record.kind.rawValue) | UInt64(record.side.rawValue) << 8 | (record.isLast ? 1 << 16 : 0))
        }
        #expect(sequence == 200_001)
        // FNV-1a over the file's 64-bit words after the header; its sha256 starts with b21d4887.
        #expect(hash.value == 3_548_135_662_968_689_028)
    }

    @Test("whole fills reproduce its 1,099 fills of the mm2 strategy: order, side, time and price of every one")
    func fills() throws {
        let run = try MM2Run(PeerEvents(count: 200_000))
        run.play()
        #expect(run.fillCount == 1_099)
        #expect(run.fillHash.value == 15_592_461_227_995_241_418)
        #expect(run.bookedFills == 1_099)
    }
}

/// FNV-1a, 64-bit words at a time.
struct FNV {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ word: UInt64) {
        value = (value ^ word) &* 0x100_0000_01B3
    }
}
