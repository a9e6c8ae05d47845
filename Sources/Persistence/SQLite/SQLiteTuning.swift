/// How the writer works. The defaults are for a server; tests make rare paths common.
public struct SQLiteTuning: Sendable {
    /// After so many commits, from 1, the log is moved into the database file, at the next quiet moment, or at the latest
    /// after twenty times as many.
    public var commitsPerCheckpoint: Int
    /// So many callers, from 1, share a commit at most: bounds how long the first of a batch waits for the others.
    public var maximumBatch: Int

    public init(commitsPerCheckpoint: Int = 500, maximumBatch: Int = 512) {
        precondition(commitsPerCheckpoint > 0 && maximumBatch > 0)
        self.commitsPerCheckpoint = commitsPerCheckpoint
        self.maximumBatch = maximumBatch
    }
}
