import TestSupport
import Testing
import TradingCore

@testable import Jobs

@Suite struct WorkerWatchTests {
    private let lease = Nanoseconds.seconds(5)
    private let worker = JobWorkerID(rawValue: 7)

    private func at(_ seconds: Double) -> Timestamp { Timestamp(nanoseconds: Int64(seconds * 1_000_000_000)) }

    private func sighting(_ mark: Int64) -> WorkerSighting { WorkerSighting(worker: worker, mark: at(Double(mark))) }

    @Test func `who stands still for more than a lease is dead, whatever its mark says`() {
        for mark: Int64 in [1, 1_000, 1_000_000] {
            var watch = WorkerWatch()
            for second in 100...105 {
                let now = at(Double(second))
                #expect(watch.still([sighting(mark)], lease: lease, began: now, ended: now) == [])
            }
            #expect(watch.still([sighting(mark)], lease: lease, began: at(105.1), ended: at(105.1)) == [sighting(mark)])
        }
    }

    @Test func `who moves lives, and so does who is seen for the first time`() {
        var watch = WorkerWatch()
        for second in 100...200 {
            let now = at(Double(second))
            #expect(watch.still([sighting(Int64(second / 4))], lease: lease, began: now, ended: now) == [])
        }
    }

    @Test(arguments: [true, false])
    func `time in which nobody could look is no stillness`(_ isFailure: Bool) {
        var watch = WorkerWatch()
        #expect(watch.still([sighting(1)], lease: lease, began: at(100), ended: at(100)) == [])
        // The database is away for six seconds: a look fails, or waits for it.
        if isFailure {
            watch.forget()
        } else {
            #expect(watch.still([sighting(1)], lease: lease, began: at(101), ended: at(107)) == [])
        }
        for second in [107.0, 108, 111, 112] {
            #expect(watch.still([sighting(1)], lease: lease, began: at(second), ended: at(second)) == [])
        }
        #expect(watch.still([sighting(1)], lease: lease, began: at(112.5), ended: at(112.5)) == [sighting(1)])
    }

    /// Whenever it died, and however its last heartbeat, the kill and the looks lie to each other.
    @Test func `what a killed worker held is given up before its lease is over, and who only is late is not`() {
        let (beat, interval) = (1.25, 0.5)
        for offset in stride(from: 0.0, to: interval, by: 0.05) {
            // It lives for ten seconds, its last mark is of the tenth.
            var watch = WorkerWatch()
            var givenUp: Double?
            for look in 0..<60 where givenUp == nil {
                let now = offset + Double(look) * interval
                let mark = sighting(Int64(min(now, 10) / beat))
                let dead = watch.still(
                    [mark], lease: lease, lookedAtEvery: Int64(interval * 1e9), began: at(now), ended: at(now))
                if !dead.isEmpty { givenUp = now }
            }
            let died = givenUp ?? .infinity
            #expect(died > 10 + 2 * beat, "a worker that misses one heartbeat is not dead")
            #expect(died <= 10 + 5 - interval, "\(died) with looks at \(offset)")
        }
    }
}
