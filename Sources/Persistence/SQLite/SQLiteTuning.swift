/// How the writer works. The defaults are for a server; tests make rare paths common.
public struct SQLiteTuning: Sendable {
    /// After so many commits, from 1, the log is moved into the database file, at the next quiet moment.
    public var commitsPerCheckpoint: Int
    /// A log longer than this is moved also when there is no quiet moment. At twice this length, which only readers that overlap
    /// without a gap bring about, the writer waits for them for up to a second and begins the log anew.
    public var maximumLogBytes: Int64
    /// The log gets this length when the database is opened, so that it does not grow while somebody waits: on a journalling file
    /// system a sync that moves a file's end takes several times as long. What lies in it beyond its last frame SQLite never reads.
    public var initialLogBytes: Int64
    /// So many callers, from 1, share a commit at most: bounds how long the first of a batch waits for the others.
    public var maximumBatch: Int
    /// For so long one transaction may hold the writer before others are refused instead of waiting.
    public var patience: Duration
    /// For so long, in milliseconds, a statement waits for locks that another process has.
    public var busyTimeout: Int
    /// For so long, in milliseconds, commits wait for readers when the log has to be begun anew.
    public var restartPatience: Int
    /// Up to this size in bytes every page of the file is looked at when it is opened: some seconds from a cold disk at most.
    public var checkedAtStart: Int

    public init(
        commitsPerCheckpoint: Int = 500, maximumLogBytes: Int64 = SQLiteTuning.defaultLogBytes,
        initialLogBytes: Int64 = 0,
        maximumBatch: Int = 512, patience: Duration = .seconds(30), busyTimeout: Int = 5_000,
        restartPatience: Int = 1_000, checkedAtStart: Int = 256 << 20
    ) {
        precondition(commitsPerCheckpoint > 0 && maximumBatch > 0)
        self.commitsPerCheckpoint = commitsPerCheckpoint
        self.maximumLogBytes = maximumLogBytes
        self.initialLogBytes = initialLogBytes
        self.maximumBatch = maximumBatch
        self.patience = patience
        self.busyTimeout = busyTimeout
        self.restartPatience = restartPatience
        self.checkedAtStart = checkedAtStart
    }

    /// For a server: the log of some hundred commits, which is what gathers until a quiet moment.
    public static let server = SQLiteTuning(initialLogBytes: 32 << 20)

    /// 64 MiB.
    public static let defaultLogBytes: Int64 = 64 << 20
}
