import Jobs
import Scheduling
import TradingCore

/// A payment network that does what real ones do: it carries a request id out once, loses answers, acts late, drops
/// requests, refuses for a while, and tells of a deposit more than once. It checks what it is sent.
final class FakePaymentNetwork {
    struct Payment: Hashable {
        let requestID: String
        let recipient: String
        let amount: Int64
    }

    enum Answer: Error, Hashable {
        case done
        /// It never happened and will not: the destination is refused.
        case refused
        /// It did not happen now; the same request may be sent again.
        case insufficientBalance
        /// Nobody knows.
        case timeout
    }

    struct Snapshot: Hashable {
        let position: Int
        let deposit: Deposit
        /// Which order it is for, as its payer wrote it.
        let memo: String
    }

    /// How likely each fault is, in percent.
    struct Faults {
        var lostAnswer: UInt64 = 0
        var late: UInt64 = 0
        var dropped: UInt64 = 0
        var insufficient: UInt64 = 0
        var lookupTimeout: UInt64 = 0
    }

    var faults = Faults()
    /// The exchange's address is refused for good.
    var refusesWithdrawals = false
    var random: SplitMix64
    private(set) var snapshots: [Snapshot] = []
    /// In the order in which they were carried out.
    private(set) var executed: [Payment] = []
    private(set) var late: [Payment] = []
    /// Every id that was ever sent, with what it was sent with.
    private var known: [String: Payment] = [:]
    private(set) var sendCount = 0
    /// What a careful network would call us about.
    private(set) var complaints: [String] = []

    init(seed: UInt64 = 0) { random = SplitMix64(seed: seed) }

    var balance: Int64 {
        snapshots.reduce(0) { $0 + $1.deposit.amount } - executed.reduce(0) { $0 + $1.amount }
    }

    func executions(to recipient: String) -> [Payment] { executed.filter { $0.recipient == recipient } }

    // MARK: - What customers do

    @discardableResult
    func deposit(_ amount: Int64, by payer: String = "alice", memo: String) -> Deposit {
        let deposit = Deposit(snapshotID: "s\(snapshots.count)", payer: payer, amount: amount)
        snapshots.append(Snapshot(position: snapshots.count, deposit: deposit, memo: memo))
        return deposit
    }

    // MARK: - What we ask

    /// A page from a position on.
    func page(from position: Int, limit: Int) -> [Snapshot] {
        Array(snapshots.dropFirst(position).prefix(limit))
    }

    func send(_ payment: Payment) -> Answer {
        sendCount += 1
        if let before = known[payment.requestID], before != payment {
            complaints.append("request \(payment.requestID) was \(before) and is \(payment) now")
        }
        known[payment.requestID] = payment
        if isDone(payment.requestID) { return chance(faults.lostAnswer) ? .timeout : .done }
        if refusesWithdrawals, payment.recipient == "exchange" { return .refused }
        if chance(faults.dropped) { return .timeout }
        if chance(faults.insufficient) { return .insufficientBalance }
        if chance(faults.late) {
            late.append(payment)
            return .timeout
        }
        execute(payment)
        return chance(faults.lostAnswer) ? .timeout : .done
    }

    /// - Returns: whether the request was carried out; nil when there is no answer. "Not yet" says nothing about later.
    func lookUp(_ requestID: String) -> Bool? {
        if chance(faults.lookupTimeout) { return nil }
        return isDone(requestID)
    }

    // MARK: - What it does by itself

    /// Carries out what it held back.
    func actLate() {
        let due = late
        late = []
        for payment in due where !isDone(payment.requestID) { execute(payment) }
    }

    private func execute(_ payment: Payment) {
        if payment.amount > balance { complaints.append("\(payment) is more than there is: \(balance)") }
        executed.append(payment)
    }

    private func isDone(_ requestID: String) -> Bool { executed.contains { $0.requestID == requestID } }

    private func chance(_ percent: UInt64) -> Bool { percent > 0 && random.below(100) < percent }
}
