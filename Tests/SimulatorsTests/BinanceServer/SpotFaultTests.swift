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

    @Test(
        "What can never strike is refused, with field, value and rule",
        arguments: [
            (#"{"kind":"drop","on":"order.plaec"}"#, "faults[0].on order.plaec: must be a request such as"),
            (#"{"kind":"drop","on":"stream.tape"}"#, "faults[0].on stream.tape: must be"),
            (#"{"kind":"drop","on":["order.place","nothing.*"]}"#, "faults[0].on nothing.*: must be"),
            (#"{"kind":"drop","on":""}"#, "faults[0].on"),
            (
                #"[{"kind":"gap"},{"kind":"partialFill","on":"stream.depth"}]"#,
                "faults[1].on stream.depth: must be something that partialFill can strike: order.place, order.cancelReplace"
            ),
            (#"{"kind":"partialFill","on":"order.cancel"}"#, "faults[0].on order.cancel: must be something"),
            (#"{"kind":"gap","on":"order.*"}"#, "can strike: stream.depth"),
            (#"{"kind":"late","milliseconds":5,"on":"stream.user"}"#, "can strike: requests"),
            (#"{"kind":"balanceLag","milliseconds":5,"on":"depth"}"#, "can strike: account.status, stream.user"),
            (#"{"kind":"drop","account":"eve"}"#, "faults[0].account eve: must be one of alice, bob"),
            (
                #"{"kind":"gap","on":"stream.depth","account":"bob"}"#,
                "faults[0].account bob: must be left out of market"
            ),
            (#"{"kind":"drop","probability":0}"#, "faults[0].probability 0: must be above 0"),
            (#"{"kind":"drop","count":0}"#, "faults[0].count 0: must be above 0"),
            (#"{"kind":"delay"}"#, "faults[0].milliseconds 0: must be above 0 for delay"),
            (#"{"kind":"stale","milliseconds":0}"#, "faults[0].milliseconds 0: must be above 0 for stale"),
            (#"{"kind":"drop","percent":5}"#, "faults[0].percent 5: must be left out of drop, which has on, account"),
            (#"{"kind":"gap","symbol":"BTCUSDT"}"#, #"faults[0].symbol "BTCUSDT": must be left out of gap"#),
            (#"{"kind":"limit","status":503}"#, "faults[0].status 503: must be left out of limit"),
            (
                #"{"kind":"ruleChange","symbol":"BTCUSDT","rules":{"tickSize":1},"count":1}"#,
                "faults[0].count 1: must be left out of ruleChange, which has symbol, rules"
            ),
            (
                #"{"kind":"ruleChange","symbol":"XUSDT","rules":{"tickSize":1}}"#,
                "faults[0].symbol XUSDT: must be one of BTCUSDT"
            ),
        ])
    func senseless(text: String, words: String) {
        do throws(SpotFaultError) {
            for (index, fault) in try SpotFault.list(text).faults.enumerated() {
                try fault.check("faults[\(index)]", accounts: ["alice", "bob"], symbols: ["BTCUSDT"])
            }
            Issue.record("was taken")
        } catch { #expect(error.description.contains(words), "\(error)") }
    }

    /// Every kind, on everything that it is said to fit: taken, and it strikes there.
    @Test("What can strike is taken and strikes", arguments: SpotFault.Kind.allCases)
    func sensible(kind: SpotFault.Kind) throws {
        let names = SpotOperation.allCases.map(\.rawValue) + SpotFault.streamNames
        let length = kind.needsMilliseconds ? #","milliseconds":5"# : ""
        for name in names where kind.fits(name) {
            let text = #"{"kind":"\#(kind.rawValue)","on":"\#(name)"\#(length)}"#
            let fault = try #require(try SpotFault.list(text).faults.first)
            try fault.check("", accounts: [], symbols: [])
            #expect(fault.concerns(name, nil))
        }
        #expect(names.contains { kind.fits($0) } == (kind != .ruleChange))
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
            (#"{"kind":"partialFill"}"#, nil, [true, false, false]),
            (#"{"kind":"fillDuringCancel","on":"*"}"#, nil, [false, false, true]),
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
