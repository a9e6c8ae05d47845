import Execution
import Scheduling
import TradingCore

/// Who works here, and in which state.
extension InstrumentExecutor {
    func add(_ start: SessionStart) {
        core.add(start, now: time.now())
        finishTurn()
    }

    /// Orders a session to stop. ``waitUntilStopped(_:)`` tells when it has.
    func stop(_ instanceID: Int64) {
        guard let session = session(of: instanceID) else { return }
        core.stop(session, now: time.now())
        finishTurn()
    }

    /// - Parameter reason: nil where it is an operator's command.
    /// - Parameter commandedAt: see ``ExecutionEngine/setState(_:of:reason:commandedAt:now:)``.
    func setState(
        _ state: TradingState, of instanceID: Int64, reason: HaltReason? = nil, commandedAt: Timestamp?
    ) {
        guard let session = session(of: instanceID) else { return }
        core.setState(
            state, of: session, reason: reason ?? .operatorCommand, commandedAt: commandedAt, now: time.now())
        finishTurn()
    }

    func setState(_ state: TradingState, ofKey key: String, reason: HaltReason? = nil, commandedAt: Timestamp?) {
        // lint: ordered because one seat at most is a key's
        guard let session = core.seats.first(where: { "\($0.value.key)" == key })?.key else { return }
        core.setState(
            state, of: session, reason: reason ?? .operatorCommand, commandedAt: commandedAt, now: time.now())
        finishTurn()
    }

    func setState(server: TradingState? = nil, account: TradingState? = nil) {
        core.setState(server: server, account: account, now: time.now())
        finishTurn()
    }

    /// Whether a strategy is at work here.
    func hosts(_ instanceID: Int64) -> Bool { session(of: instanceID) != nil }

    func hosts(key: String) -> Bool { core.seats.values.contains { "\($0.key)" == key } }

    /// As whom a strategy is at work here; nil when it is not.
    func session(of instanceID: Int64) -> SessionID? {
        // lint: ordered because one seat at most is an instance's
        core.seats.first { $0.value.instanceID == instanceID }?.key
    }
}
