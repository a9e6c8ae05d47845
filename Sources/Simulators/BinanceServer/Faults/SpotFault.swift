import Scheduling
import TradingCore

/// One way in which the exchange misbehaves on demand, and when.
struct SpotFault: Sendable, Hashable {
    enum Kind: String, CaseIterable, Sendable {
        /// Acts at once and answers late.
        case delay
        /// Acts late: the request waits before it is looked at, whether or not its sender still does.
        case late
        /// Acts, and hangs up without an answer.
        case drop
        /// Hangs up without having acted; of a stream, in the middle of it.
        case disconnect
        /// Answers with a status of 5xx, having acted or not.
        case status
        /// Answers 429.
        case limit
        /// Bans the address: 418 for as long as it lasts.
        case ban
        /// A stream says nothing any more, though its connection lives; what it would have said is lost.
        case silent
        /// A stream leaves a message out.
        case gap
        /// A stream's messages come late.
        case stale
        /// A message comes twice.
        case duplicate
        /// A message comes after the one that follows it.
        case reorder
        /// A part of an order fills as soon as it rests.
        case partialFill
        /// An order fills while its cancel is on the way.
        case fillDuringCancel
        /// Balances are told as they were some time ago.
        case balanceLag
        /// A symbol's rules change, at once.
        case ruleChange

        var isOfStreams: Bool {
            switch self {
            case .silent, .gap, .stale, .duplicate, .reorder, .disconnect, .balanceLag: true
            default: false
            }
        }

        /// What it can concern at all: a fill has nothing to do with a look at the book.
        func fits(_ name: String) -> Bool {
            let isStream = name.hasPrefix("stream.")
            switch self {
            case .partialFill: return name == "order.place" || name == "order.cancelReplace"
            case .fillDuringCancel: return name == "order.cancel" || name == "order.cancelReplace"
            case .balanceLag: return name == "account.status" || name == SpotFault.userStream
            case .silent, .gap, .stale, .duplicate, .reorder: return isStream
            case .delay, .late, .drop, .status, .limit, .ban: return !isStream
            case .disconnect: return true
            case .ruleChange: return false
            }
        }

        var isOfRequests: Bool {
            switch self {
            case .silent, .gap, .stale, .duplicate, .reorder, .ruleChange: false
            default: true
            }
        }
    }

    var kind: Kind
    /// Names of requests (`order.place`) or streams (`stream.depth`, `stream.user`); `*` at the end stands for any rest. Empty: all
    /// that the kind can concern.
    var on: [String] = []
    /// Only one account's; nil: anybody's.
    var account: String?
    /// Of each chance that it strikes, from 0 to 1.
    var probability: Double = 1
    /// How often it strikes at most; nil: without end.
    var count: Int?
    /// How many chances it lets pass first.
    var skip = 0
    var milliseconds: Int64 = 0
    /// Of ``Kind/status``: the status to answer with, and whether what was asked is done.
    var status = 503
    var acts = true
    /// Of a fill: the share of what remains.
    var percent: Int64 = 50
    var symbol: String?
    var rules: RuleChange?

    /// New values of a symbol's rules; nil leaves one as it is.
    struct RuleChange: Sendable, Hashable {
        var tickSize: FixedDecimal?
        var stepSize: FixedDecimal?
        var minNotional: FixedDecimal?
        var maxNumOrders: Int64?
        var status: SymbolStatus?
    }

    /// - Parameter name: a request's or a stream's.
    func concerns(_ name: String, _ account: String?) -> Bool {
        if let mine = self.account, mine != account { return false }
        return kind.fits(name) && (on.isEmpty || on.contains { SpotFault.matches($0, name) })
    }
}

/// Which faults are set, and what strikes when. Seeded: the same requests in the same order meet the same faults.
struct FaultDesk: Sendable {
    struct Entry: Sendable {
        let number: Int
        var fault: SpotFault
        var passed = 0
        var struck = 0

        var isSpent: Bool { fault.count.map { struck >= $0 } ?? false }
    }

    private(set) var entries: [Entry] = []
    private var generator: SplitMix64
    private var nextNumber = 1

    init(seed: UInt64 = 1) { generator = SplitMix64(seed: seed) }

    mutating func seed(_ seed: UInt64) { generator = SplitMix64(seed: seed) }

    mutating func add(_ fault: SpotFault) {
        entries.append(Entry(number: nextNumber, fault: fault))
        nextNumber += 1
    }

    mutating func clear() { entries.removeAll() }

    var concernsStreams: Bool { entries.contains { $0.fault.kind.isOfStreams && !$0.isSpent } }

    /// The faults that strike a request or a message now, in the order they were set.
    mutating func strike(
        on name: String, account: String?, where isWanted: (SpotFault.Kind) -> Bool
    ) -> [SpotFault] {
        var struck: [SpotFault] = []
        for index in entries.indices where isWanted(entries[index].fault.kind) && !entries[index].isSpent {
            let fault = entries[index].fault
            guard fault.concerns(name, account) else { continue }
            if entries[index].passed < fault.skip {
                entries[index].passed += 1
                continue
            }
            if fault.probability < 1, generator.unit() >= fault.probability { continue }
            entries[index].struck += 1
            struck.append(fault)
        }
        return struck
    }

    var json: JSON {
        .list(
            entries.map { entry in
                [
                    "number": .number(Int64(entry.number)), "kind": .text(entry.fault.kind.rawValue),
                    "on": .list(entry.fault.on.map { .text($0) }),
                    "account": entry.fault.account.map { .text($0) } ?? .null,
                    "probability": .raw("\(entry.fault.probability)"),
                    "count": entry.fault.count.map { .number(Int64($0)) } ?? .null,
                    "milliseconds": .number(entry.fault.milliseconds), "struck": .number(Int64(entry.struck)),
                ]
            })
    }
}
