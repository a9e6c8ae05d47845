/// Does what follows at once from others' commits within their transactions: who enqueues a job has it claimed by the commit
/// that stores it, which saves a transaction and two hand-overs.
///
/// A rider sees every transaction that names its channel, and its word of them is surer than a listener's: none is lost, none is
/// late. All of it is called on the writer's thread, which everybody waits for.
public protocol CommitRider: AnyObject, Sendable {
    /// Rides in transactions that notify this.
    var channel: String { get }

    /// After the callers of a transaction, before its commit. May be called again before ``arrived(isCommitted:)``, in another
    /// transaction: then nothing of the first one stands.
    /// - Throws: when its statements failed: the transaction is then run again without riders, and nobody else notices.
    func ride(_ transaction: any SQLTransaction) throws

    /// The transaction has ended. Not every one has been ridden in: for some there was no seat. Told once more where a rider, itself
    /// perhaps, has named the channel: that was done after its own ride.
    func arrived(isCommitted: Bool)
}
