import Dispatch
import Synchronization

/// The one writer of a process: whoever waits shares the next commit, and so its fsync.
///
/// Callers queue up; the writer's own thread takes all that wait, at most ``maximumBatch``, into one transaction and
/// answers each only after it is durable. Each fails alone:
/// - A caller that throws before it wrote anything is passed over.
/// - When one throws later, the batch is rolled back and run once more with a savepoint around each caller. There are no
///   savepoints on the good path.
/// - When the engine gave the whole transaction up with one caller's statement, as SQLite does when the disk is full, each
///   runs in a transaction of its own.
/// - One whose row another session has locked is set aside and tried again between the others' commits (``SetAside``).
final class GroupCommit: Sendable {
    /// Bounds how long the first of a batch waits for the others.
    static let maximumBatch = 512
    /// Beyond this many waiting writes further ones are refused: ``SQLError/overloaded``.
    static let maximumWaiting = 20_000

    /// One caller: runs its body, then is told how it ended.
    struct Request: Sendable {
        /// Whether its caller waits for the disk. One who does makes the whole batch wait.
        var isDurable = true
        /// When the patience of one ends that was set aside; nil for one that was not.
        var until: ContinuousClock.Instant?
        let run: @Sendable (any SQLTransaction) throws -> Void
        let finish: @Sendable (Answer) -> Void
    }

    enum Answer {
        case committed
        /// The body's own error, or the statement's that it passed over.
        case threw(any Error)
        case failed(SQLError)
        /// Another session is in its way: nothing of it stays, and it is not over.
        case heldUp(SQLError)
    }

    /// For so long a batch may hold the writer before those that wait are refused instead: ``SQLError/locked(_:)``. A body that
    /// never returns cannot be stopped from outside, but nobody has to wait for it for ever.
    static let patience = Duration.seconds(30)
    /// For so long a caller is tried again whose row another session has locked. Then it is refused with what it failed for.
    static let lockPatience = Duration.seconds(10)

    private struct State: Sendable {
        var waiting: [Request] = []
        /// When the batch at work was taken; nil between two.
        var began: ContinuousClock.Instant?
        var isDraining = false
        var isClosed = false
        var aside = SetAside()
        /// Somebody brings the thread back to those that were set aside.
        var isRoundAwaited = false
    }

    private let committer: any Committer
    private let state = Mutex(State())
    private let maximumBatch: Int
    private let patience: Duration
    private let lockPatience: Duration
    private let thread: WriterThread
    let riders = CommitRiders()

    init(
        _ committer: any Committer, label: String, maximumBatch: Int = GroupCommit.maximumBatch,
        patience: Duration = GroupCommit.patience, lockPatience: Duration = GroupCommit.lockPatience
    ) {
        self.committer = committer
        self.patience = patience
        self.lockPatience = lockPatience
        self.maximumBatch = maximumBatch
        thread = WriterThread(label: label)
    }

    func write<Value: Sendable>(
        isDurable: Bool = true, _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        // Unchecked, for that costs less: `answer` and the refusals below tell each request once.
        try await withUnsafeThrowingContinuation { continuation in
            write(isDurable: isDurable, body) { continuation.resume(with: $0) }
        }
    }

    /// - Parameter completion: called once, on the writer's thread.
    func write<Value: Sendable>(
        isDurable: Bool = true, _ body: @escaping @Sendable (any SQLTransaction) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        let value = Mutex<Value?>(nil)
        submit(
            Request(
                isDurable: isDurable,
                run: { transaction in
                    let new = try body(transaction)
                    value.withLock { $0 = new }
                },
                finish: { answer in
                    switch (answer, value.withLock { $0 }) {
                    case (.committed, let value?): completion(.success(value))
                    case (.committed, nil): completion(.failure(SQLError.other("the transaction was not run")))
                    case (.threw(let error), _): completion(.failure(error))
                    case (.failed(let error), _), (.heldUp(let error), _): completion(.failure(error))
                    }
                }))
    }

    /// Runs short work that follows from commits on the writer's thread, which is awake then. It must not wait, or compute much.
    var executor: any TaskExecutor { WriterExecutor(thread: thread) }

    func submit(_ request: Request) {
        enum Fate { case refused(SQLError, [Request] = []), queued, drains }
        let fate = state.withLock { state -> Fate in
            if state.isClosed { return .refused(.closed) }
            if let held = heldFor(state) {
                defer { state.waiting = [] }
                return .refused(Self.isHeld(held), state.waiting)
            }
            if state.waiting.count >= Self.maximumWaiting { return .refused(.overloaded) }
            state.waiting.append(request)
            if state.isDraining { return .queued }
            state.isDraining = true
            return .drains
        }
        switch fate {
        case .refused(let error, let others): for refused in others + [request] { refused.finish(.failed(error)) }
        case .queued: break
        case .drains: thread.async { self.drain() }
        }
    }

    private static func isHeld(_ duration: Duration) -> SQLError {
        .locked("the writer has been held by one transaction for \(duration)")
    }

    /// What whoever comes now would be refused with, because one transaction has held the writer for too long.
    var hold: SQLError? { state.withLock { heldFor($0).map(Self.isHeld) } }

    /// - Returns: how long the batch at work has held the writer, where that is longer than anybody shall wait.
    private func heldFor(_ state: borrowing State) -> Duration? {
        guard let began = state.began else { return nil }
        let held = ContinuousClock.now - began
        return held > patience ? held : nil
    }

    /// Waits for everything submitted, and refuses what comes later.
    /// - Returns: false when a body did not return in time: the writer is still its own. Whoever waited behind it was refused.
    @discardableResult
    func close() async -> Bool {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        let isOver = Mutex(false)
        return await withCheckedContinuation { continuation in
            @Sendable func end(_ isDrained: Bool) {
                let isFirst = isOver.withLock { isOver in
                    defer { isOver = true }
                    return !isOver
                }
                if isFirst { continuation.resume(returning: isDrained) }
            }
            thread.async {
                self.drain()
                for (request, error) in self.state.withLock({ $0.aside.takeAll() }) { request.finish(.failed(error)) }
                if isFirst { self.committer.close() }
                end(true)
            }
            awaitDrain({ isOver.withLock { $0 } }, { end(false) })
        }
    }

    /// At a close nobody waits longer than this for a body that does not return.
    private static let closingPatience = Duration.seconds(10)

    /// Looks again and again whether one body has held the writer for too long, and if so refuses those behind it.
    private func awaitDrain(_ isOver: @escaping @Sendable () -> Bool, _ giveUp: @escaping @Sendable () -> Void) {
        let limit = min(patience, Self.closingPatience)
        let (seconds, attoseconds) = limit.components
        let wait = Double(seconds) + Double(attoseconds) * 1e-18 + 0.05
        DispatchQueue.global().asyncAfter(deadline: .now() + wait) { [weak self] in
            guard let self, !isOver() else { return }
            let behind = state.withLock { state -> [Request]? in
                guard let began = state.began, ContinuousClock.now - began > limit else { return nil }
                defer { state.waiting = [] }
                return state.waiting
            }
            guard let behind else { return awaitDrain(isOver, giveUp) }
            for request in behind { request.finish(.failed(.closed)) }
            giveUp()
        }
    }

    private func drain() {
        while true {
            tryAgain()
            let batch = takeBatch(ends: false)
            if batch.isEmpty {
                committer.rest(isQuiet: true)
                let late = takeBatch(ends: true)
                if late.isEmpty { return awaitRound() }
                commit(late[...])
            } else {
                commit(batch[...])
                committer.rest(isQuiet: false)
            }
        }
    }

    private func takeBatch(ends: Bool) -> [Request] {
        state.withLock { state in
            let batch = Array(state.waiting.prefix(maximumBatch))
            state.waiting.removeFirst(batch.count)
            state.began = batch.isEmpty ? nil : .now
            if batch.isEmpty, ends { state.isDraining = false }
            return batch
        }
    }

    // MARK: - Those whose row is locked

    private func setAside(_ request: Request, _ error: SQLError) {
        var request = request
        let now = ContinuousClock.now
        let until = request.until ?? now + lockPatience
        request.until = until
        let isKept = now < until && state.withLock { $0.aside.add(request, error, now: now) }
        if !isKept { request.finish(.failed(error)) }
    }

    /// Those of them whose turn it is.
    private func tryAgain() {
        let round = state.withLock { state in
            let round = state.aside.round(.now)
            if !round.requests.isEmpty { state.began = .now }
            return round
        }
        if round.requests.isEmpty { return }
        let patient = round.isPatient ? 1 : 0
        for batch in [round.requests[..<patient], round.requests[patient...]] where !batch.isEmpty {
            let (outcome, answers) = attempt(batch, isBrief: batch.startIndex >= patient, Self.runWithSavepoint)
            conclude(batch, outcome, answers)
        }
        state.withLock { $0.aside.roundEnded(.now) }
    }

    /// Comes back for them when nobody else calls.
    private func awaitRound() {
        let next = state.withLock { state -> ContinuousClock.Instant? in
            guard !state.isRoundAwaited, let next = state.aside.nextRound else { return nil }
            state.isRoundAwaited = true
            return next
        }
        guard let next else { return }
        let (seconds, attoseconds) = ContinuousClock.now.duration(to: next).components
        let wait = max(0, Double(seconds) + Double(attoseconds) * 1e-18)
        DispatchQueue.global().asyncAfter(deadline: .now() + wait) {
            let isClosed = self.state.withLock { state in
                state.isRoundAwaited = false
                return state.isClosed
            }
            if !isClosed { self.thread.async { self.drain() } }
        }
    }

    // MARK: - A batch

    private func commit(_ batch: ArraySlice<Request>) {
        // While some wait for a lock, most likely others want the same one: no commit waits for it anew.
        let isBrief = state.withLock { !$0.aside.isEmpty }
        var (outcome, answers) = ridden(batch, isBrief)
        if outcome == .bodyFailed, batch.count > 1 {
            // Each of them may have to wait for a lock: for a moment at most.
            (outcome, answers) = attempt(batch, isBrief: true, Self.runWithSavepoint)
        }
        conclude(batch, outcome, answers)
    }

    private func conclude(_ batch: ArraySlice<Request>, _ outcome: CommitOutcome, _ answers: [Answer]) {
        switch outcome {
        case .committed: answer(batch, answers)
        case .failed(let error): for request in batch { request.finish(.failed(error)) }
        case .bodyFailed where batch.count == 1: answer(batch, answers)
        case .contended(let error) where batch.count == 1: for request in batch { setAside(request, error) }
        case .bodyFailed: for index in batch.indices { commit(batch[index...index]) }
        case .contended:
            let middle = batch.startIndex + batch.count / 2
            commit(batch[..<middle])
            commit(batch[middle...])
        }
    }

    private func answer(_ batch: ArraySlice<Request>, _ answers: [Answer]) {
        for (request, answer) in zip(batch, answers) {
            if case .heldUp(let error) = answer { setAside(request, error) } else { request.finish(answer) }
        }
    }

    /// What becomes of a caller whose transaction cannot go on.
    private static func answer(_ error: any Error, _ transaction: any BatchTransaction) -> Answer {
        if case .rowLocked? = transaction.failure { return transaction.failure.map(Answer.heldUp) ?? .threw(error) }
        return .threw(error)
    }

    /// An attempt with those who ride along; where they cannot, one without.
    private func ridden(_ batch: ArraySlice<Request>, _ isBrief: Bool) -> (CommitOutcome, [Answer]) {
        var isRidersFault = false
        let first = attempt(batch, isBrief: isBrief, Self.runPlainly) { transaction in
            isRidersFault = true
            for rider in riders.concerned(by: transaction.channels) { try rider.ride(transaction) }
            if let failure = transaction.failure { throw failure }
            isRidersFault = false
        }
        return first.0 == .bodyFailed && isRidersFault
            ? attempt(batch, isBrief: isBrief, Self.runPlainly) : first
    }

    /// - Parameters:
    ///   - isBrief: hardly waits for what other sessions have locked.
    ///   - run: runs one caller and gives its answer, should the transaction be committed; throws when the transaction cannot go
    ///     on.
    ///   - ride: what is done after the last caller.
    private func attempt(
        _ batch: ArraySlice<Request>, isBrief: Bool, _ run: (Request, any BatchTransaction) throws -> Answer,
        _ ride: (any BatchTransaction) throws -> Void = { _ in }
    ) -> (CommitOutcome, [Answer]) {
        var answers: [Answer] = []
        var (concerned, boarded): ([any CommitRider], [any CommitRider]) = ([], [])
        var called: [any CommitRider] = []
        answers.reserveCapacity(batch.count)
        let outcome = committer.transact(
            isShared: batch.count > 1, isDurable: batch.contains(where: \.isDurable), isBrief: isBrief
        ) { transaction in
            answers.removeAll(keepingCapacity: true)
            for request in batch {
                transaction.beginCaller()
                do { answers.append(try run(request, transaction)) } catch {
                    answers.append(Self.answer(error, transaction))
                    throw error
                }
            }
            do { try transaction.settle() } catch {
                // Whose it was the run with savepoints finds out; alone, there is no question.
                answers = [Self.answer(error, transaction)]
                throw error
            }
            // Riders hear how it ended before they can be asked to ride again.
            concerned = riders.concerned(by: transaction.channels)
            // Also those of an earlier try whom this one does not concern any more.
            boarded += concerned.filter { rider in !boarded.contains { $0 === rider } }
            transaction.ridesBegin()
            try ride(transaction)
            called = riders.concerned(by: transaction.riddenChannels)
        }
        for rider in boarded {
            rider.arrived(isCommitted: outcome == .committed && concerned.contains { $0 === rider })
        }
        if outcome == .committed { for rider in called { rider.arrived(isCommitted: true) } }
        return (outcome, answers)
    }

    private static func runPlainly(_ request: Request, _ transaction: any BatchTransaction) throws -> Answer {
        do {
            try request.run(transaction)
        } catch {
            guard transaction.failure == nil, !transaction.hasWritten else { throw error }
            // It has read and refused: there is nothing to take back but its words.
            transaction.forgetWords()
            return .threw(error)
        }
        if let failure = transaction.failure { throw failure }
        return .committed
    }

    private static func runWithSavepoint(_ request: Request, _ transaction: any BatchTransaction) throws -> Answer {
        try transaction.setSavepoint()
        let error: any Error
        do {
            try request.run(transaction)
            if let failure = transaction.failure { throw failure }
            try transaction.releaseSavepoint()
            return .committed
        } catch let thrown { error = thrown }
        if transaction.isLost { throw error }
        let answer = answer(error, transaction)
        try transaction.rollBackToSavepoint()
        transaction.forgetWords()
        return answer
    }
}
