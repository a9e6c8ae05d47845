/// How a ``PostgresDatabase`` behaves.
public struct PostgresOptions: Sendable {
    /// `postgres://user:password@host:port/database?sslmode=…`, as libpq reads it.
    public var url: String
    /// For so long a caller waits while the server cannot be reached, a lost commit's fate not be learned, or other nodes'
    /// transactions are always faster.
    public var patience = Duration.seconds(10)
    /// Connections that read.
    public var readers = 4
    /// Beyond so many waiting reads further ones are refused: ``SQLError/overloaded``.
    public var maximumWaitingReads = 10_000
    /// A read that waited so long for a connection is refused.
    public var readPatience = Duration.seconds(10)

    public init(url: String) { self.url = url }
}
