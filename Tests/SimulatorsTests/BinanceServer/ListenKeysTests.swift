import Synchronization
import Testing
import TradingCore

@testable import Simulators

@Suite("Listen keys")
struct ListenKeysTests {
    private static func at(minutes: Int64) -> Timestamp { Timestamp(nanoseconds: minutes * 60_000_000_000) }

    @Test("A key lives an hour from when it was made or last extended, and is gone then")
    func validity() {
        var keys = ListenKeys()
        let key = keys.start("alice", at: Self.at(minutes: 0)) { "k" }
        #expect(keys.account(key, at: Self.at(minutes: 59)) == "alice")
        let early = keys.takeExpired(at: Self.at(minutes: 59))
        let isExtended = keys.extend(key, of: "alice", at: Self.at(minutes: 59))
        let later = keys.takeExpired(at: Self.at(minutes: 118))
        let over = keys.takeExpired(at: Self.at(minutes: 119))
        #expect(early == [] && isExtended && later == [] && over == ["k"])
        let isStillThere = keys.extend(key, of: "alice", at: Self.at(minutes: 119)) || keys.close(key, of: "alice")
        let next = keys.start("alice", at: Self.at(minutes: 120)) { "other" }
        #expect(!isStillThere && next == "other")
    }

    @Test("The stream of a key that is no more says so last, to those who listened to it alone")
    func farewell() {
        final class Sent: Sendable {
            let all = Mutex<[String]>([])
        }
        var (hub, desk) = (StreamHub(), FaultDesk())
        let sent = Sent()
        for number in 1...2 {
            hub.add(
                number,
                .init(
                    send: { text in sent.all.withLock { $0.append("\(number) \(text)") } }, close: {},
                    unit: .milliseconds))
        }
        _ = hub.subscribe(1, [("k", .account("alice"))])
        _ = hub.subscribe(2, [("other", .account("alice"))])
        hub.end("k") { _ in .text("over") }
        hub.publish(.account("alice"), &desk, at: Self.at(minutes: 0)) { _ in .number(7) }
        #expect(sent.all.withLock { $0 } == [#"1 "over""#, "2 7"])
    }
}
