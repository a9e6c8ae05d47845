import Synchronization
import Testing
import TradingCore

@testable import Simulators

@Suite("Misbehaviour on demand")
struct SpotFaultTests {
    @Test(
        "What cannot be used is refused by field, value and rule",
        arguments: [
            ("", "faults:"), ("7", "faults: must be a list"), ("[{}]", "faults[0].kind: must be one of delay"),
            (#"{"kind":"sulk"}"#, "faults[0].kind"), (#"{"kind":"delay","milliseconds":-1}"#, "faults[0].milliseconds"),
            (#"{"kind":"delay","milliseconds":1.5}"#, "faults[0].milliseconds"),
            (#"{"kind":"delay","probability":2}"#, "faults[0].probability: must be a number from 0 to 1"),
            (#"{"kind":"delay","color":1}"#, "faults[0].color: no such field"),
            (#"{"kind":"status","status":404}"#, "faults[0].status: must be a whole number from 500 to 599"),
            (#"{"kind":"ruleChange"}"#, "a ruleChange needs symbol and rules"),
            (#"{"kind":"ruleChange","symbol":"X","rules":{"tickSize":"a"}}"#, "faults[0].rules.tickSize"),
            (#"{"seed":-1,"faults":[]}"#, "seed"), (#"[{"kind":"gap"},{"kind":"gap","on":7}]"#, "faults[1].on"),
        ])
    func refused(text: String, words: String) {
        do throws(SpotFaultError) {
            _ = try SpotFault.list(text)
            Issue.record("was taken")
        } catch { #expect(error.description.contains(words), "\(error)") }
    }

    private func strikes(_ text: String, on names: [String], account: String? = nil) throws -> [Bool] {
        var desk = FaultDesk()
        let (faults, seed) = try SpotFault.list(text)
        if let seed { desk.seed(seed) }
        for fault in faults { desk.add(fault) }
        return names.map { !desk.strike(on: $0, account: account) { _ in true }.isEmpty }
    }

    @Test(
        "By kind of request, account, count and turn",
        arguments: [
            (#"{"kind":"drop"}"#, nil, [true, true, true]),
            (#"{"kind":"drop","on":"order.place"}"#, nil, [true, false, false]),
            (#"{"kind":"drop","on":["order.*"]}"#, nil, [true, false, true]),
            (#"{"kind":"drop","on":"order.*","count":1}"#, nil, [true, false, false]),
            (#"{"kind":"drop","on":"order.*","skip":1}"#, nil, [false, false, true]),
            (#"{"kind":"drop","account":"bob"}"#, "alice", [false, false, false]),
            (#"{"kind":"drop","account":"bob"}"#, "bob", [true, true, true]),
            (#"{"kind":"drop","probability":0}"#, nil, [false, false, false]),
        ] as [(String, String?, [Bool])])
    func chosen(text: String, account: String?, expected: [Bool]) throws {
        #expect(try strikes(text, on: ["order.place", "depth", "order.cancel"], account: account) == expected)
    }

    @Test("By chance, the same for the same seed")
    func chance() throws {
        let names = Array(repeating: "depth", count: 1_000)
        let first = try strikes(#"{"seed":5,"faults":[{"kind":"drop","probability":0.3}]}"#, on: names)
        let again = try strikes(#"{"seed":5,"faults":[{"kind":"drop","probability":0.3}]}"#, on: names)
        let other = try strikes(#"{"seed":6,"faults":[{"kind":"drop","probability":0.3}]}"#, on: names)
        #expect(first == again && first != other)
        #expect((240...360).contains(first.count { $0 }))
    }

    private final class Sent: Sendable {
        private let all = Mutex<[String]>([])

        var texts: [String] { all.withLock { $0 } }
        func add(_ text: String) { all.withLock { $0.append(text) } }
    }

    /// What a listener of trades gets of five messages, the clock a second on after each.
    private func sent(_ text: String, end: Bool = false) throws -> [String] {
        var (hub, desk) = (StreamHub(), FaultDesk())
        for fault in try SpotFault.list(text).faults { desk.add(fault) }
        let sent = Sent()
        hub.add(1, .init(send: { sent.add($0) }, close: { sent.add("closed") }, unit: .milliseconds))
        _ = hub.subscribe(1, [("btcusdt@trade", .trade("BTCUSDT"))])
        for number in 1...5 {
            let now = Timestamp(nanoseconds: Int64(number) * 1_000_000_000)
            hub.release(at: now)
            hub.publish(.trade("BTCUSDT"), &desk, at: now) { _ in .number(Int64(number)) }
        }
        if end { hub.heal() }
        return sent.texts
    }

    @Test(
        "Streams leave out, repeat, swap, hold back and fall silent",
        arguments: [
            ("[]", ["1", "2", "3", "4", "5"]), (#"{"kind":"gap","count":1,"skip":1}"#, ["1", "3", "4", "5"]),
            (#"{"kind":"duplicate","count":1}"#, ["1", "1", "2", "3", "4", "5"]),
            (#"{"kind":"reorder","count":1}"#, ["1", "2", "3", "4", "5"]),
            (#"{"kind":"stale","milliseconds":1500,"count":1}"#, ["2", "1", "3", "4", "5"]),
            (#"{"kind":"silent","milliseconds":2500,"count":1}"#, ["4", "5"]),
            (#"{"kind":"silent","count":1}"#, []),
            (#"{"kind":"disconnect","count":1,"skip":4}"#, ["1", "2", "3", "4", "closed"]),
            (#"{"kind":"gap","on":"stream.depth"}"#, ["1", "2", "3", "4", "5"]),
        ])
    func streams(text: String, expected: [String]) throws {
        #expect(try sent(text) == expected)
    }

    @Test("A message that is to come after the next does, within one moment")
    func reordered() throws {
        var (hub, desk) = (StreamHub(), FaultDesk())
        for fault in try SpotFault.list(#"{"kind":"reorder","count":1}"#).faults { desk.add(fault) }
        let sent = Sent()
        hub.add(1, .init(send: { sent.add($0) }, close: {}, unit: .milliseconds))
        _ = hub.subscribe(1, [("btcusdt@trade", .trade("BTCUSDT"))])
        for number in 1...3 {
            hub.publish(.trade("BTCUSDT"), &desk, at: Timestamp(nanoseconds: 1)) { _ in .number(Int64(number)) }
        }
        #expect(sent.texts == ["2", "1", "3"])
    }
}
