import Exchanges
import Execution
import Persistence
import TradingCore

/// What an exchange told, judged.
struct JudgedFills {
    /// To be booked, in this order.
    var new: [Fill] = []
    /// What is to be taken over just before the fill of each is booked.
    var amendments: [OrderAmendment] = []
    /// The exchange has to be asked about their orders.
    var doubts: [FillRefusal] = []
    var refusals: [FillRefusal] = []
    /// Were in doubt and are booked all the same.
    var settled: [Fill] = []

    func amendment(shownBy fill: Fill) -> OrderAmendment? { amendments.first { $0.fill == fill } }

    /// For fills that no session at work books.
    func steps(_ now: Timestamp) -> [JournalStep] {
        new.flatMap { fill -> [JournalStep] in
            let booking = JournalStep.fill(fill, books: nil, now)
            return amendment(shownBy: fill).map { [.amended($0, now), booking] } ?? [booking]
        }
    }
}

/// Whether a fill can be of the order whose id it bears.
extension FillStore {
    enum Judgement: Equatable {
        case new
        /// Booked before, or of an order that is not stored here: another label's whose key is of the same account, or one from
        /// after the backup that the database was restored from. Nobody need wait for it.
        case known
        case refused(FillRefusal)
        /// It may be the order's if that was changed at the exchange, which has not been asked.
        case doubted(FillRefusal)
    }

    /// What fills that are about to be booked make of an order.
    private struct Prospect {
        /// What the exchange says of it, where that is to be taken over.
        var terms: OrderReport?
        /// Lots that trade.
        var more: Int64 = 0
    }

    private var refused: RefusedFillStore { RefusedFillStore(transaction: transaction) }
    private var doubted: DoubtedFillStore {
        DoubtedFillStore(transaction: transaction, place: place, instrument: instrument)
    }

    func judge(_ fill: Fill) throws -> (StoredOrder?, Judgement) { try judge(fill, Prospect()) }

    private func judge(_ fill: Fill, _ prospect: Prospect) throws -> (StoredOrder?, Judgement) {
        guard var order = try orders.order(fill.orderID) else {
            guard let (symbol, instanceID) = try orders.elsewhere(fill.orderID) else { return (nil, .known) }
            let cause = FillRefusal.Cause.instrument(ordered: symbol)
            return (nil, .refused(FillRefusal(fill: fill, place: place, cause: cause, instanceID: instanceID)))
        }
        // We never change an order once it is placed, and those at the market are sent as limits of a sure quantity.
        if let terms = prospect.terms { order = order.amended(by: terms) }
        order.filled.lots += prospect.more
        let left = max(0, order.quantity.lots - order.filled.lots)
        let bounds = FillBounds(side: order.side, limit: order.price, left: Quantity(lots: left))
        let mismatch = bounds.mismatch(fill, instrument.unit)
        // A fill told again is no other for the order's being filled by it. One of the other side is never the booked one.
        if mismatch != .side(ordered: order.side), try isBooked(fill) { return (order, .known) }
        guard let mismatch else { return (order, .new) }
        let refusal = FillRefusal(
            fill: fill, place: place, cause: .mismatch(mismatch), instanceID: order.instanceID)
        // What was refused once stays so: an operator may have looked into it since.
        let isOpen = try mismatch.mayBeOfChangedTerms && !refused.contains(fill, at: place)
        return (order, isOpen ? .doubted(refusal) : .refused(refusal))
    }

    // MARK: - Many

    /// Which of the fills that an exchange tells, and of those in doubt, are to be booked, and which cannot be of the orders whose ids
    /// they bear.
    /// - Parameter reports: what the exchange says of the orders that were in doubt; nil: it knows none of that id.
    func judge(_ told: [Fill], reports: [ClientOrderID: OrderReport?] = [:]) throws -> JudgedFills {
        var judged = JudgedFills()
        var prospects: [ClientOrderID: Prospect] = [:]
        let inDoubt = try doubted.all()
        let isTold = Set(told.map { RefusedFill($0) })
        for fill in inDoubt.filter({ !isTold.contains(RefusedFill($0)) }) + told {
            let id = fill.orderID
            let (order, judgement) = try judge(fill, prospects[id] ?? Prospect())
            switch judgement {
            case .known: continue
            case .refused(let refusal): judged.refusals.append(refusal)
            case .new:
                judged.new.append(fill)
                prospects[id, default: Prospect()].more += fill.quantity.lots
            case .doubted(let refusal):
                guard let answer = reports[id], let order else {
                    judged.doubts.append(refusal)
                    continue
                }
                guard let report = answer, report.covers(fill, traded: order.filled.lots, instrument.unit) else {
                    judged.refusals.append(refusal)
                    continue
                }
                judged.new.append(fill)
                judged.amendments.append(OrderAmendment(report: report, fill: fill))
                prospects[id, default: Prospect()].terms = report
                prospects[id, default: Prospect()].more += fill.quantity.lots
            }
        }
        judged.settled = try inDoubt.filter(isBooked)
        return judged
    }

    // MARK: - What comes of it

    func doubt(_ refusal: FillRefusal, _ now: Timestamp) throws {
        try doubted.insert(refusal.fill, now: now)
        orders.refusals?.doubts.append(refusal)
    }

    /// - Parameter isInBooks: a session at work has booked it: what it thinks it holds is wrong.
    func refuse(_ refusal: FillRefusal, isInBooks: Bool, _ now: Timestamp) throws {
        var refusal = refusal
        try doubted.remove(refusal.fill)
        let isFirst = try RefusedFillStore(transaction: transaction).insert(refusal, now: now)
        if isInBooks || isFirst && refusal.leavesDoubt {
            refusal.isHalted = try orders.halt(refusal.instanceID, .mismatchedFill, now)
        }
        orders.refusals?.all.append(refusal)
    }
}
