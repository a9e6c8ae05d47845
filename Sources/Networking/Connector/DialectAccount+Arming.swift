import Exchanges
import Logging
import Scheduling
import Synchronization
import TradingCore

/// The dead man's switch: as long as it is said again in time that we are here, nothing happens; else the exchange cancels all
/// that rests on the account, other people's orders too.
///
/// *Armed* while somebody listens or an order of ours rests; *disarmed* when neither is so any more, and at a clean end. A
/// process that dies says nothing, and it fires.
extension DialectAccount {
    /// Where the account wants it and the exchange has it.
    func startArming() {
        state.withLock { state in
            guard state.client != nil, state.arming == nil, state.settings?.deadMansSwitchSeconds != nil,
                venue.abilities.deadMansSwitch != nil
            else { return }
            state.arming = Task { await self.keepArmed() }
        }
    }

    /// Three times within the time.
    private func keepArmed() async {
        let schedule = venue.schedule("/\(label): dead man's switch")
        defer { schedule.end() }
        schedule.began(at: venue.time.now(), dueAt: venue.time.now())
        while !Task.isCancelled {
            let (seconds, isNeeded) = state.withLock { state in
                (
                    state.client == nil ? nil : state.settings?.deadMansSwitchSeconds,
                    !state.sinks.isEmpty || state.tracker.hasLive
                )
            }
            guard let seconds, isNeeded else {
                if await endArming() { return }
                continue
            }
            let milliseconds = Int64(seconds) &* 1_000
            let isArmed = await arm(milliseconds)
            let failure = isArmed ? nil : state.withLock { $0.armingFault }
            do {
                try await venue.wait(
                    max(1_000, isArmed ? milliseconds / 3 : milliseconds / 10), schedule, failure: failure)
            } catch { return }
        }
    }

    /// Nobody trades here any more.
    /// - Returns: false when somebody began to meanwhile, who is to be protected at once.
    private func endArming() async -> Bool {
        await disarm()
        return state.withLock { state in
            if Task.isCancelled { return true }
            let isNeeded = state.client != nil && state.settings?.deadMansSwitchSeconds != nil && !state.sinks.isEmpty
            if !isNeeded { state.arming = nil }
            return !isNeeded
        }
    }

    private func arm(_ milliseconds: Int64) async -> Bool {
        guard let client = state.withLock({ $0.client }) else { return false }
        // It may be even where the answer is lost.
        state.withLock { $0.isArmed = true }
        do {
            _ = try await client.perform(
                dialect.cancelAllAfter(milliseconds, []), within: min(venue.pace.request, milliseconds / 3))
            state.withLock { $0.armingFault = nil }
            return true
        } catch {
            venue.logger.warning("\(venue.id)/\(label): the dead man's switch was not armed: \(error)")
            state.withLock { $0.armingFault = "the dead man's switch was not armed: \(error)" }
            return false
        }
    }

    /// Two attempts: one that stays armed cancels other people's orders.
    private func disarm() async {
        for _ in 0..<2 {
            guard let client = state.withLock({ $0.isArmed ? $0.client : nil }) else { return }
            do {
                _ = try await client.perform(dialect.cancelAllAfter(0, []), within: venue.pace.request / 2)
                return state.withLock { state in
                    state.isArmed = false
                    state.armingFault = nil
                }
            } catch {
                venue.logger.error("\(venue.id)/\(label): the dead man's switch stays armed, and will fire: \(error)")
            }
        }
    }

    /// Where the exchange watches our connection instead of our word: how long it may be gone. Said with every connection.
    func protectConnection() async {
        let (seconds, client) = state.withLock { ($0.settings?.deadMansSwitchSeconds, $0.client) }
        guard let seconds, let client, venue.abilities.disconnectionWindow != nil else { return }
        do {
            _ = try await client.perform(
                dialect.cancelAllAfter(Int64(seconds) &* 1_000, []), within: venue.pace.request)
            state.withLock { state in
                state.isProtected = true
                state.armingFault = nil
            }
        } catch {
            venue.logger.warning("\(venue.id)/\(label): orders would outlive the connection: \(error)")
            state.withLock { state in
                state.isProtected = false
                state.armingFault = "orders would outlive the connection: \(error)"
            }
        }
    }

    /// A clean end: what should be cancelled is.
    func standDown() async {
        let task = state.withLock { state in
            defer { state.arming = nil }
            return state.arming
        }
        task?.cancel()
        await task?.value
        await disarm()
    }
}
