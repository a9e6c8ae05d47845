/// What was taken from one limit, counted so that the exchange cannot count more, whenever within its way a request arrived.
///
/// An exchange counts a request at some moment between our sending and its answer. So a request weighs from when it is sent
/// until an interval after it was answered: in no window of that length, rolling or fixed, can more have arrived.
struct RateWindow: Sendable {
    private struct Slot {
        /// The last millisecond in which it weighs.
        var until: Int64
        var weight: Int
    }

    /// Weight that others took, as the exchange tells it: another process behind our address.
    private struct Foreign {
        var weight: Int
        var until: Int64
        /// The grant whose answer told it.
        var grant: Int
    }

    /// What a grant has to remember to read its answer's usage.
    struct Mark: Sendable {
        var weight: Int
        /// In flight when this was sent.
        var inFlight: Int
        /// Taken in all, this included.
        var taken: Int
    }

    let limit: RateLimit
    private(set) var capacity: Int
    private var inFlight = 0
    private var taken = 0
    private var slots: [Slot] = []
    private var foreign: Foreign?
    /// Answered weights are put together in so many milliseconds, so that a day's window stays small.
    private let slotWidth: Int64

    /// Absurd numbers from outside are held here, so that sums cannot overflow.
    private static let most = 1_000_000_000

    init(_ limit: RateLimit) {
        self.limit = limit
        capacity = min(max(0, limit.capacity), Self.most)
        slotWidth = max(1, limit.interval / 64)
    }

    /// What `purpose` may fill: all but the reserve, which is never more than half.
    func bound(for purpose: RateBudget.Purpose) -> Int {
        switch purpose {
        case .cancel, .withdrawal: capacity
        case .ordinary: capacity - min(max(0, limit.reserve), capacity / 2)
        }
    }

    /// Weight that counts now, in flight and others' included.
    func used(_ now: Int64) -> Int { ours(now) + others(now) }

    private func ours(_ now: Int64) -> Int {
        slots.reduce(inFlight) { now <= $1.until ? $0 + $1.weight : $0 }
    }

    private func others(_ now: Int64) -> Int {
        guard let foreign, now <= foreign.until else { return 0 }
        return foreign.weight
    }

    /// The first moment at which `weight` may go; nil: never. While it waits for requests in flight no answer can make it
    /// earlier, so nobody has to ask again before.
    func opens(for weight: Int, _ purpose: RateBudget.Purpose, now: Int64) -> Int64? {
        let bound = bound(for: purpose)
        guard weight <= bound else { return nil }
        var excess = used(now) + weight - bound
        if excess <= 0 { return now }
        var ends = slots.filter { now <= $0.until }
        if let foreign, now <= foreign.until { ends.append(Slot(until: foreign.until, weight: foreign.weight)) }
        if inFlight > 0 { ends.append(Slot(until: end(now), weight: inFlight)) }
        for slot in ends.sorted(by: { $0.until < $1.until }) {
            excess -= slot.weight
            if excess <= 0 { return slot.until &+ 1 }
        }
        return now
    }

    mutating func take(_ weight: Int, now: Int64) -> Mark {
        slots.removeAll { $0.until < now }
        let mark = Mark(weight: weight, inFlight: inFlight, taken: taken &+ weight)
        inFlight += weight
        taken &+= weight
        return mark
    }

    /// The answer has come, or will not.
    mutating func settle(_ mark: Mark, now: Int64) {
        guard mark.weight > 0 else { return }
        inFlight = max(0, inFlight - mark.weight)
        let until = end(now)
        if let index = slots.lastIndex(where: { $0.until == until }) {
            slots[index].weight += mark.weight
        } else {
            slots.append(Slot(until: until, weight: mark.weight))
        }
    }

    /// Never sent: it weighs nothing.
    mutating func giveBack(_ mark: Mark) { inFlight = max(0, inFlight - mark.weight) }

    /// What the answer to a grant said of this limit. What was in flight beside it may or may not be in the exchange's
    /// number, and is counted once more: rather too much than too little.
    mutating func learn(_ usage: RateUsage, _ mark: Mark, grant: Int, now: Int64) {
        if let told = usage.capacity, told > 0 { capacity = min(told, Self.most) }
        if let foreign, foreign.grant > grant, now <= foreign.until { return }
        let told = min(max(0, usage.used), Self.most)
        let mostUsed = told + mark.inFlight + max(0, taken &- mark.taken)
        let weight = max(0, mostUsed - ours(now))
        let resetsIn = min(max(0, usage.resetsIn ?? limit.interval), limit.interval)
        foreign = Foreign(weight: weight, until: now &+ resetsIn, grant: grant)
    }

    /// When what is answered now stops to weigh.
    private func end(_ now: Int64) -> Int64 {
        let end = now &+ max(1, limit.interval)
        let past = end % slotWidth
        return past == 0 ? end : end &+ (slotWidth - past)
    }
}
