/// What one exchange allows our address and each of our keys, shared by everything that talks to it. Asks nobody for the
/// time: all moments are milliseconds of one clock that does not go back.
///
/// Ask before each request; report its answer, or that none came, with ``answered(_:usage:refusal:now:)``. Ordinary requests
/// leave each limit's reserve to cancels and to withdrawals that are sent. Limits of one connection are its stream's business and are not counted here. A
/// cost whose limit the exchange does not have is free.
public struct RateBudget: Sendable {
    public enum Purpose: Hashable, Sendable {
        case ordinary
        /// May use the reserve.
        case cancel
        /// Money that is to leave now. May use the reserve too, so that what only asks does not hold it back.
        case withdrawal
    }

    public enum Verdict: Hashable, Sendable {
        case go(Grant)
        /// Ask again then; no answer makes it earlier.
        case wait(until: Int64)
        /// Weighs more than the limit ever allows.
        case never(limit: String)
    }

    /// Leave for one request.
    public struct Grant: Hashable, Sendable {
        let id: Int
    }

    private struct Place: Hashable {
        var limit: String
        /// Nil for limits of the address.
        var key: String?
    }

    private struct Taken {
        var marks: [(place: Place, mark: RateWindow.Mark)]
    }

    private let limits: [String: RateLimit]
    private var windows: [Place: RateWindow] = [:]
    private var outstanding: [Int: Taken] = [:]
    private var lastGrant = 0
    private var stay = StayAway()

    /// - Parameter limits: the exchange's; of two with the same name the first counts.
    public init(_ limits: [RateLimit]) {
        self.limits = Dictionary(
            limits.filter { $0.scope != .connection }.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Until when the exchange wants to hear nothing from us; nil when it listens.
    public func awayUntil(_ now: Int64) -> Int64? { stay.until.flatMap { $0 > now ? $0 : nil } }

    /// When a request may go, without taking anything.
    /// - Parameter key: a name of the account whose key signs; public calls give none.
    public func opens(
        for costs: [RateCost], _ purpose: Purpose = .ordinary, key: String = "", now: Int64
    ) -> Int64? {
        var opens = awayUntil(now) ?? now
        for (place, weight) in places(of: costs, key: key) {
            guard let next = window(at: place).opens(for: weight, purpose, now: now) else { return nil }
            opens = max(opens, next)
        }
        return opens
    }

    /// Takes what the request costs, when it may go now.
    public mutating func ask(
        _ costs: [RateCost], _ purpose: Purpose = .ordinary, key: String = "", now: Int64
    ) -> Verdict {
        let places = places(of: costs, key: key)
        if let tooMuch = places.first(where: { $0.weight > window(at: $0.place).bound(for: purpose) }) {
            return .never(limit: tooMuch.place.limit)
        }
        let opens = opens(for: costs, purpose, key: key, now: now) ?? .max
        guard opens <= now else { return .wait(until: opens) }
        lastGrant += 1
        var taken = Taken(marks: [])
        // On limits that it does not weigh on it leaves a mark too: its answer may tell of them.
        for limit in limits.values {
            let place = place(of: limit, key: key)
            var window = window(at: place)
            taken.marks.append((place, window.take(places.first { $0.place == place }?.weight ?? 0, now: now)))
            windows[place] = window
        }
        outstanding[lastGrant] = taken
        return .go(Grant(id: lastGrant))
    }

    /// A request is over: answered, or given up. A second report of the same grant changes nothing.
    /// - Parameters:
    ///   - usage: what the answer's headers said.
    ///   - refusal: status and wait, when the exchange said that we ask too much.
    public mutating func answered(
        _ grant: Grant, usage: [RateUsage] = [], refusal: RateRefusal? = nil, now: Int64
    ) {
        guard let taken = outstanding.removeValue(forKey: grant.id) else { return }
        for (place, mark) in taken.marks { windows[place]?.settle(mark, now: now) }
        for usage in usage {
            guard let (place, mark) = taken.marks.first(where: { $0.place.limit == usage.limit }) else { continue }
            windows[place]?.learn(usage, mark, grant: grant.id, now: now)
        }
        if let refusal { stay.refused(refusal, now: now) } else { stay.welcomed(now: now) }
    }

    /// A request that was never sent.
    public mutating func unused(_ grant: Grant) {
        guard let taken = outstanding.removeValue(forKey: grant.id) else { return }
        for (place, mark) in taken.marks { windows[place]?.giveBack(mark) }
    }

    /// Weight that counts now on a limit, and what it allows.
    public func usage(of limit: String, key: String = "", now: Int64) -> (used: Int, capacity: Int)? {
        guard let limit = limits[limit] else { return nil }
        let window = window(at: place(of: limit, key: key))
        return (window.used(now), window.capacity)
    }

    private func place(of limit: RateLimit, key: String) -> Place {
        Place(limit: limit.name, key: limit.scope == .key ? key : nil)
    }

    private func window(at place: Place) -> RateWindow {
        windows[place]
            ?? RateWindow(
                limits[place.limit] ?? RateLimit(place.limit, capacity: .max, interval: 1, scope: .address))
    }

    /// The weights on each limit, summed where one is named twice.
    private func places(of costs: [RateCost], key: String) -> [(place: Place, weight: Int)] {
        var places: [(place: Place, weight: Int)] = []
        for cost in costs {
            guard let limit = limits[cost.limit] else { continue }
            let place = place(of: limit, key: key)
            let weight = min(max(0, cost.weight), 1_000_000_000)
            if let index = places.firstIndex(where: { $0.place == place }) {
                places[index].weight = min(places[index].weight + weight, 1_000_000_000)
            } else {
                places.append((place, weight))
            }
        }
        return places
    }
}
