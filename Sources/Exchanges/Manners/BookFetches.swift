import TradingCore

/// The books that a stream's session has asked for. One fetch for a market at a time: a newer one makes the older void. One that
/// fails in passing is tried again a few times before the session hears of it, later and later; the wait goes on growing over the
/// session's own attempts until a book comes.
struct BookFetches: Sendable {
    private struct Plan {
        var call: EndpointCall<ExchangeBook>?
        /// The fetch on its way or due next.
        var number: Int
        var dueAt: Int64?
        /// In a row.
        var failures = 0
        /// When the last book came.
        var gotAt: Int64?
        /// Books in a row that were of no use.
        var useless = 0
    }

    private var plans: [Symbol: Plan] = [:]
    private var lastNumber = 0

    /// Failures after which the session is told each time.
    static let quietRetries = 3
    static let shortestWait: Int64 = 250
    static let longestWait: Int64 = 30_000
    /// A book that was of no use for so long counts as one that did not come: whatever spoils it would have them fetched without end.
    static let usefulAfter: Int64 = 10_000

    init() {}

    /// For a new connection: nothing is wanted, and no old answer is mistaken for a new one.
    init(after old: BookFetches) { lastNumber = old.lastNumber }

    var nextDue: Int64? {
        var next: Int64?
        // lint: ordered because the least of all is the same in any order
        for plan in plans.values {
            if let dueAt = plan.dueAt { next = min(next ?? dueAt, dueAt) }
        }
        return next
    }

    /// - Returns: the fetch to begin now; nil when it has to wait, as the ones before it failed.
    mutating func wanted(_ symbol: Symbol, _ call: EndpointCall<ExchangeBook>, now: Int64) -> StreamKeeper.Fetch? {
        lastNumber += 1
        var plan = plans[symbol] ?? Plan(number: lastNumber)
        plan.call = call
        plan.number = lastNumber
        if let gotAt = plan.gotAt {
            // The first is followed at once.
            plan.failures = now &- gotAt < Self.usefulAfter ? plan.useless : 0
            plan.useless = now &- gotAt < Self.usefulAfter ? plan.useless + 1 : 0
        }
        plan.gotAt = nil
        plan.dueAt = plan.failures == 0 ? nil : now &+ wait(plan.failures)
        plans[symbol] = plan
        return plan.dueAt == nil ? StreamKeeper.Fetch(symbol: symbol, number: lastNumber) : nil
    }

    /// What is to begin now.
    mutating func due(_ now: Int64) -> [(StreamKeeper.Fetch, EndpointCall<ExchangeBook>)] {
        var begun: [(StreamKeeper.Fetch, EndpointCall<ExchangeBook>)] = []
        for (symbol, plan) in plans {
            guard let dueAt = plan.dueAt, dueAt <= now, let call = plan.call else { continue }
            plans[symbol]?.dueAt = nil
            begun.append((StreamKeeper.Fetch(symbol: symbol, number: plan.number), call))
        }
        return begun.sorted { $0.0.number < $1.0.number }
    }

    /// - Returns: whether the session has to be told.
    mutating func ended(
        _ fetch: StreamKeeper.Fetch, _ book: Result<ExchangeBook, ExchangeFailure>, now: Int64
    ) -> Bool {
        guard var plan = plans[fetch.symbol], plan.number == fetch.number, plan.dueAt == nil, plan.call != nil
        else { return false }
        guard case .failure(let failure) = book else {
            plan.call = nil
            plan.gotAt = now
            plans[fetch.symbol] = plan
            return true
        }
        plan.failures += 1
        if failure.isOutcomeUnknown, plan.failures <= Self.quietRetries {
            lastNumber += 1
            plan.number = lastNumber
            let asked = min(max(0, failure.retryAfter ?? 0), RateRefusal.longest)
            plan.dueAt = now &+ max(wait(plan.failures), asked)
            plans[fetch.symbol] = plan
            return false
        }
        plan.call = nil
        plans[fetch.symbol] = plan
        return true
    }

    private func wait(_ failures: Int) -> Int64 {
        min(Self.longestWait, Self.shortestWait << Int64(min(max(0, failures - 1), 10)))
    }
}
