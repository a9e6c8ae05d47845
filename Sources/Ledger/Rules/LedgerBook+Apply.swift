internal import TradingCore

/// The rules of the ledger: pure, so that a test, a simulation and the store decide alike.
extension LedgerBook {
    /// Applies every step, or throws and leaves a book to be thrown away.
    /// - Parameter posting: its accounts are in the book.
    mutating func apply(_ posting: LedgerPosting, now: Timestamp) throws(LedgerError) -> [PlannedMovement] {
        var movements: [PlannedMovement] = []
        movements.reserveCapacity(posting.steps.count)
        for index in posting.steps.indices {
            let place = Place(posting: posting, step: index, now: now)
            movements.append(try apply(posting.steps[index], place))
        }
        return movements
    }

    /// Where a step stands: what its entries are stamped with.
    private struct Place {
        let posting: LedgerPosting
        let step: Int
        let now: Timestamp
    }

    private mutating func apply(_ step: LedgerStep, _ place: Place) throws(LedgerError) -> PlannedMovement {
        switch step {
        case .transfer(let from, let to, let amount):
            return try move(.transfer, from: index(loaded: from), to: index(loaded: to), amount, place)
        case .reserve(let from, let to, let amount, let expiresAt):
            var movement = try move(.reserve, from: index(loaded: from), to: index(loaded: to), amount, place)
            movement.expiresAt = expiresAt
            return movement
        case .post(let id, let amount):
            let index = try postable(id, place.now)
            let remaining = reservations[index].remaining
            guard amount <= remaining else { throw .overPost(id, asked: amount, remaining: remaining) }
            return try settle(index, .post, amount, released: .zero, then: .posted, place)
        case .postAndRelease(let id, let amount):
            let index = try postable(id, place.now)
            let remaining = reservations[index].remaining
            guard amount <= remaining else { throw .overPost(id, asked: amount, remaining: remaining) }
            let rest = FixedDecimal(raw: remaining.raw - amount.raw)
            return try settle(index, .postAndRelease, amount, released: rest, then: .posted, place)
        case .postWhole(let id):
            let index = try postable(id, place.now)
            return try settle(
                index, .postWhole, reservations[index].remaining, released: .zero, then: .posted, place)
        case .void(let id):
            let index = try open(id)
            return try settle(index, .void, reservations[index].remaining, released: .zero, then: .voided, place)
        case .expire(let id):
            let index = try due(id, place.now)
            return try settle(index, .expire, reservations[index].remaining, released: .zero, then: .expired, place)
        case .reverse(let id): return try reverse(id, place)
        }
    }

    // MARK: - Reservations

    private func open(_ id: LedgerStepID) throws(LedgerError) -> Int {
        guard let index = reservations.firstIndex(where: { $0.id == id }) else { throw .unknownReservation(id) }
        let status = reservations[index].status
        guard status == .open else { throw .reservationClosed(id, status) }
        return index
    }

    private func postable(_ id: LedgerStepID, _ now: Timestamp) throws(LedgerError) -> Int {
        let index = try open(id)
        if let expiresAt = reservations[index].expiresAt, expiresAt <= now {
            throw .reservationExpired(id, expiresAt: expiresAt, now: now)
        }
        return index
    }

    private func due(_ id: LedgerStepID, _ now: Timestamp) throws(LedgerError) -> Int {
        let index = try open(id)
        let expiresAt = reservations[index].expiresAt
        guard let expiresAt, expiresAt <= now else { throw .reservationNotDue(id, expiresAt: expiresAt, now: now) }
        return index
    }

    /// Takes `amount` and `released` off a reservation. One of which nothing remains is closed as `status`.
    private mutating func settle(
        _ index: Int, _ kind: LedgerStepKind, _ amount: FixedDecimal, released: FixedDecimal,
        then status: LedgerReservation.Status, _ place: Place
    ) throws(LedgerError) -> PlannedMovement {
        let reservation = reservations[index]
        var movement = try move(
            kind, from: reservation.from, to: reservation.to, amount, released: released, place)
        movement.reservation = index
        let remaining = FixedDecimal(raw: reservation.remaining.raw - amount.raw - released.raw)
        reservations[index].remaining = remaining
        reservations[index].isChanged = true
        if remaining.isZero { reservations[index].status = status }
        return movement
    }

    // MARK: - Corrections

    private mutating func reverse(_ id: LedgerStepID, _ place: Place) throws(LedgerError) -> PlannedMovement {
        guard let index = originals.firstIndex(where: { $0.id == id }) else { throw .unknownStep(id) }
        let original = originals[index]
        if let by = original.reversedBy { throw .alreadyReversed(id, by: by) }
        guard original.kind.isCredited, original.kind != .reversal else { throw .notReversible(id, original.kind) }
        originals[index].reversedBy = LedgerStepID(place.posting.key, step: place.step)
        var movement = try move(.reversal, from: original.to, to: original.from, original.amount, place)
        movement.original = index
        return movement
    }

    // MARK: - Entries

    private func index(loaded account: LedgerAccount) -> Int {
        guard let index = index(of: account) else { preconditionFailure("\(account) was not loaded") }
        return index
    }

    private mutating func move(
        _ kind: LedgerStepKind, from: Int, to: Int, _ amount: FixedDecimal, released: FixedDecimal = .zero,
        _ place: Place
    ) throws(LedgerError) -> PlannedMovement {
        let debit = try enter(kind.debit(amount: amount.raw, released: released.raw), at: from, place)
        var credit: PlannedMovement.Entry?
        if kind.isCredited { credit = try enter(BalanceChange(available: amount.raw, locked: 0), at: to, place) }
        return PlannedMovement(
            kind: kind, from: from, to: to, amount: amount, released: released, debit: debit, credit: credit)
    }

    /// Changes a balance, by the next entry of its account's chain.
    private mutating func enter(
        _ change: BalanceChange, at index: Int, _ place: Place
    ) throws(LedgerError) -> PlannedMovement.Entry {
        try accounts[index].balance.apply(change)
        let entry = LedgerChain.Entry(
            sequence: accounts[index].balance.entryCount + 1, contentHash: place.posting.contentHash, step: place.step,
            change: change, postedAt: place.now)
        let hash = entry.hash(after: accounts[index].balance.head)
        accounts[index].balance.entryCount = entry.sequence
        accounts[index].balance.head = hash
        return PlannedMovement.Entry(sequence: entry.sequence, hash: hash)
    }
}
