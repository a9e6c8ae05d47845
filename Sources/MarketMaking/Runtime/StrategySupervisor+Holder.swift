import Scheduling
import TradingCore

/// Commands where another server may be the one that trades: what is commanded here must be carried out here.
extension StrategySupervisor {
    func checkTrades() throws(DeskError) {
        guard let lease = runtime.lease, lease.otherHolder != nil else { return }
        try refuseBeside(lease)
        throw .notReady(lease.standing ?? "another server may trade on this database")
    }

    /// A halt that is taken here while another server trades stops nothing: for a moment it is waited for whether one does. But only
    /// one that lives is there to be commanded: a holder that is not heard of, this server's former self for instance, or a database
    /// that cannot be read, keeps nobody from halting what this process might begin. The answer then says what it does not reach.
    func requireNoLivingHolder() async throws(DeskError) {
        guard let lease = runtime.lease else { return }
        let began = runtime.time.now()
        while !lease.isHeld, lease.livingHolder == nil {
            let patience = lease.otherHolder == nil ? Nanoseconds.seconds(1) : lease.doubtNanoseconds
            guard runtime.time.now().nanoseconds(since: began) < patience else { break }
            let next = runtime.time.now().advanced(byNanoseconds: 10 * Nanoseconds.perMillisecond)
            guard (try? await runtime.time.sleep(until: next)) != nil else { break }
        }
        try refuseBeside(lease)
    }

    private func refuseBeside(_ lease: TradingLease) throws(DeskError) {
        guard let holder = lease.livingHolder else { return }
        throw .notReady("server \(holder) trades on this database: command it there")
    }
}
