import Ledger
import TradingCore

/// The same rules again, written down as plainly as can be: dictionaries, copied whole for each posting, no chain, no
/// rows.
struct NaiveLedger {
    struct Reservation {
        var from: LedgerAccount
        var to: LedgerAccount
        var remaining: Int128
        var status = "open"
        var expiresAt: Int64?
    }

    struct Booked {
        var content: String
        var moves: [Move]
    }

    struct Move {
        var kind: LedgerStepKind
        var from: LedgerAccount
        var to: LedgerAccount
        var amount: Int128
        var reversedBy: LedgerStepID?
    }

    enum Outcome: Equatable {
        case applied([Int128])
        case repeated([Int128])
        case refused(LedgerError)
    }

    var available: [LedgerAccount: Int128] = [:]
    var locked: [LedgerAccount: Int128] = [:]
    var entries: [LedgerAccount: Int64] = [:]
    var reservations: [LedgerStepID: Reservation] = [:]
    var booked: [String: Booked] = [:]

    mutating func apply(_ posting: LedgerPosting, now: Int64) -> Outcome {
        if let earlier = booked[posting.key] {
            if earlier.content == posting.content { return .repeated(earlier.moves.map(\.amount)) }
            return .refused(.keyReused(key: posting.key, stored: earlier.content, asked: posting.content))
        }
        var copy = self
        do {
            var moves: [Move] = []
            for (index, step) in posting.steps.enumerated() {
                moves.append(try copy.apply(step, LedgerStepID(posting.key, step: index), now))
            }
            for (index, move) in moves.enumerated() where move.kind == .reserve {
                guard case .reserve(_, _, _, let expiresAt) = posting.steps[index] else { continue }
                copy.reservations[LedgerStepID(posting.key, step: index)] = Reservation(
                    from: move.from, to: move.to, remaining: move.amount, expiresAt: expiresAt?.nanoseconds)
            }
            copy.booked[posting.key] = Booked(content: posting.content, moves: moves)
            self = copy
            return .applied(moves.map(\.amount))
        } catch let error as LedgerError { return .refused(error) } catch { fatalError("\(error)") }
    }

    /// What is due, the earliest first.
    func due(_ now: Int64) -> [LedgerStepID] {
        reservations.filter { $0.value.status == "open" && ($0.value.expiresAt ?? .max) <= now }.map(\.key)
    }

    private mutating func apply(_ step: LedgerStep, _ own: LedgerStepID, _ now: Int64) throws -> Move {
        switch step {
        case .transfer(let from, let to, let amount):
            try take(from, amount.raw)
            give(to, amount.raw)
            return Move(kind: .transfer, from: from, to: to, amount: amount.raw)
        case .reserve(let from, let to, let amount, _):
            try take(from, amount.raw)
            locked[from, default: 0] += amount.raw
            return Move(kind: .reserve, from: from, to: to, amount: amount.raw)
        case .post(let id, let amount): return try settle(id, post: amount, releases: false, ends: "posted", .post, now)
        case .postAndRelease(let id, let amount):
            return try settle(id, post: amount, releases: true, ends: "posted", .postAndRelease, now)
        case .postWhole(let id): return try settle(id, post: nil, releases: false, ends: "posted", .postWhole, now)
        case .void(let id): return try settle(id, post: .zero, releases: true, ends: "voided", .void, now)
        case .expire(let id): return try settle(id, post: .zero, releases: true, ends: "expired", .expire, now)
        case .reverse(let id):
            guard var earlier = booked[id.key], earlier.moves.indices.contains(id.step) else {
                throw LedgerError.unknownStep(id)
            }
            let move = earlier.moves[id.step]
            if let by = move.reversedBy { throw LedgerError.alreadyReversed(id, by: by) }
            guard [.transfer, .post, .postAndRelease, .postWhole].contains(move.kind) else {
                throw LedgerError.notReversible(id, move.kind)
            }
            earlier.moves[id.step].reversedBy = own
            booked[id.key] = earlier
            try take(move.to, move.amount)
            give(move.from, move.amount)
            return Move(kind: .reversal, from: move.to, to: move.from, amount: move.amount)
        }
    }

    private mutating func settle(
        _ id: LedgerStepID, post: FixedDecimal?, releases: Bool, ends: String, _ kind: LedgerStepKind, _ now: Int64
    ) throws -> Move {
        guard var reservation = reservations[id] else { throw LedgerError.unknownReservation(id) }
        if reservation.status != "open" {
            throw LedgerError.reservationClosed(id, LedgerReservation.Status(rawValue: reservation.status) ?? .open)
        }
        let isDue = reservation.expiresAt.map { $0 <= now } ?? false
        if kind == .expire, !isDue {
            throw LedgerError.reservationNotDue(
                id, expiresAt: reservation.expiresAt.map(Timestamp.init(nanoseconds:)), now: Timestamp(nanoseconds: now)
            )
        }
        if isDue, kind != .expire, kind != .void {
            throw LedgerError.reservationExpired(
                id, expiresAt: Timestamp(nanoseconds: reservation.expiresAt ?? 0), now: Timestamp(nanoseconds: now))
        }
        let remaining = reservation.remaining
        let posted = post?.raw ?? remaining
        if posted > remaining {
            throw LedgerError.overPost(
                id, asked: FixedDecimal(raw: posted), remaining: FixedDecimal(raw: remaining))
        }
        let off = releases ? remaining : posted
        locked[reservation.from, default: 0] -= off
        available[reservation.from, default: 0] += off - posted
        entries[reservation.from, default: 0] += 1
        if kind != .void, kind != .expire { give(reservation.to, posted) }
        reservation.remaining -= off
        if reservation.remaining == 0 { reservation.status = ends }
        reservations[id] = reservation
        let amount = kind == .void || kind == .expire ? off : posted
        return Move(kind: kind, from: reservation.from, to: reservation.to, amount: amount)
    }

    private mutating func take(_ account: LedgerAccount, _ amount: Int128) throws {
        let has = available[account] ?? 0
        if !account.mayOverdraw, has < amount {
            throw LedgerError.overdraw(
                account: account, asked: FixedDecimal(raw: amount), available: FixedDecimal(raw: has))
        }
        available[account] = has - amount
        entries[account, default: 0] += 1
    }

    private mutating func give(_ account: LedgerAccount, _ amount: Int128) {
        available[account, default: 0] += amount
        entries[account, default: 0] += 1
    }
}
