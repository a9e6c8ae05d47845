import Scheduling
import Synchronization
import Testing

@testable import Networking

@Suite struct RequestLaneTests {
    private final class Log: Sendable {
        let names = Mutex<[String]>([])
        func add(_ name: String) { names.withLock { $0.append(name) } }
        var all: [String] { names.withLock { $0 } }
    }

    private func wait(_ isSo: () -> Bool) async throws {
        for _ in 0..<2_000 where !isSo() { try await Task.sleep(for: .milliseconds(1)) }
        #expect(isSo())
    }

    @Test func `a placement that waits for its limit keeps no cancel waiting, only another placement`() async throws {
        let (lane, log, limit) = (RequestLane(width: 1), Log(), Signal())
        lane.add(isCancel: false) {
            log.add("place 1")
            await limit.wait()
        }
        try await wait { log.all == ["place 1"] }
        lane.add(isCancel: false) { log.add("place 2") }
        lane.add(isCancel: true) { log.add("cancel 1") }
        lane.add(isCancel: true) { log.add("cancel 2") }
        try await wait { log.all == ["place 1", "cancel 1", "cancel 2"] }
        limit.raise()
        try await wait { log.all == ["place 1", "cancel 1", "cancel 2", "place 2"] }
    }

    @Test func `where there is room cancels are not counted, and what is closed begins nothing`() async throws {
        let (lane, log, end) = (RequestLane(width: 2), Log(), Signal())
        for number in 1...5 {
            lane.add(isCancel: true) {
                log.add("\(number)")
                if number == 5 { await end.wait() }
            }
        }
        try await wait { Set(log.all) == ["1", "2", "3", "4", "5"] }
        lane.close()
        #expect(!lane.add(isCancel: true) { log.add("late") })
        end.raise()
        #expect(log.all.count == 5)
    }
}
