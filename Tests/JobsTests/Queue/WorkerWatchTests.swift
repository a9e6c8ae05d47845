import TestSupport
import Testing
import TradingCore

@testable import Jobs

@Suite struct WorkerWatchTests {
    /// Looks every second; who stands still for 3.75 s is dead.
    private let fresh = WorkerWatch(lease: Nanoseconds.seconds(5), rescueInterval: Nanoseconds.seconds(1))
    private let worker = JobWorkerID(rawValue: 7)

    private func at(_ seconds: Double) -> Timestamp { Timestamp(nanoseconds: Int64(seconds * 1_000_000_000)) }

    private func sighting(_ mark: Int64) -> WorkerSighting { WorkerSighting(worker: worker, mark: at(Double(mark))) }

    @Test func `who stands still for long is dead, whatever its mark says`() {
        for mark: Int64 in [1, 1_000, 1_000_000] {
            var watch = fresh
            for second in 100...103 {
                let now = at(Double(second))
                #expect(watch.still([sighting(mark)], began: now, ended: now) == [])
            }
            #expect(watch.nextLook(after: at(102)) == at(103))
            #expect(watch.nextLook(after: at(103)) == at(103.75), "looked at when it may be dead, not a second later")
            #expect(watch.still([sighting(mark)], began: at(103.74), ended: at(103.74)) == [])
            #expect(watch.still([sighting(mark)], began: at(103.75), ended: at(103.75)) == [sighting(mark)])
        }
    }

    /// Beats and looks are a quarter and a fifth of a lease apart; the worker dies at any moment between.
    @Test(arguments: [(5_000, 1_000), (1_000, 200), (1_000, 1_000), (3_600_000, 1_000)])
    func `who dies is given up within its lease, and who lives is not, were two of its beats lost`(
        lease: Int64, rescueInterval: Int64
    ) {
        let nanoseconds = lease * Nanoseconds.perMillisecond
        let rescue = rescueInterval * Nanoseconds.perMillisecond
        let beat = WorkerWatch.longestBeat(lease: nanoseconds)
        let interval = WorkerWatch(lease: nanoseconds, rescueInterval: rescue).interval
        for step: Int64 in 0..<50 {
            for late: Int64 in 0..<10 {
                let death = 4 * beat + beat * late / 10
                let found = givenUp(
                    WorkerWatch(lease: nanoseconds, rescueInterval: rescue), firstLook: interval * step / 50,
                    // Of a living worker two beats in a row were lost; the third came.
                    beats: [0, beat, 4 * beat], until: death + 2 * nanoseconds)
                #expect(found.nanoseconds - death <= nanoseconds * 19 / 20)
                #expect(found.nanoseconds > 4 * beat)
            }
        }
    }

    /// When a worker that beats at these moments, in nanoseconds, is found dead.
    private func givenUp(_ watch: WorkerWatch, firstLook: Int64, beats: [Int64], until end: Int64) -> Timestamp {
        var (watch, now) = (watch, Timestamp(nanoseconds: firstLook))
        while now.nanoseconds < end {
            let mark = beats.last { $0 <= now.nanoseconds } ?? 0
            let seen = WorkerSighting(worker: worker, mark: Timestamp(nanoseconds: 1 + mark))
            if !watch.still([seen], began: now, ended: now).isEmpty { return now }
            now = watch.nextLook(after: now)
        }
        return .distantFuture
    }

    @Test func `who moves lives, and so does who is seen for the first time`() {
        var watch = fresh
        for second in 100...200 {
            let now = at(Double(second))
            #expect(watch.still([sighting(Int64(second / 3))], began: now, ended: now) == [])
        }
    }

    @Test(arguments: [true, false])
    func `time in which nobody could look is no stillness`(_ isFailure: Bool) {
        var watch = fresh
        #expect(watch.still([sighting(1)], began: at(100), ended: at(100)) == [])
        // The database is away for six seconds: a look fails, or waits for it.
        if isFailure {
            watch.forget()
        } else {
            #expect(watch.still([sighting(1)], began: at(101), ended: at(107)) == [])
        }
        for second in [107.0, 108, 110, 110.7] {
            #expect(watch.still([sighting(1)], began: at(second), ended: at(second)) == [])
        }
        #expect(watch.still([sighting(1)], began: at(110.75), ended: at(110.75)) == [sighting(1)])
    }
}
