/// What the parent asks of one life.
struct LifeOptions: Sendable {
    var workload = ""
    /// The path of the file, or a PostgreSQL server's URL.
    var database = ""
    var url: String? { database.contains("://") ? database : nil }
    /// Lives on one database are numbered from 0.
    var life = 0
    /// Steps of each lane, one after another.
    var steps = 10
    /// Lanes work at once.
    var lanes = 1
    /// A file with what earlier lives were told.
    var history = ""
    /// Commits between two checkpoints.
    var checkpoint = 500
    /// Callers that share a commit.
    var batch = 256
    /// For ``RawLife``: what `PRAGMA synchronous` is set to.
    var synchronous = ""

    /// - Returns: nil when an argument is not one of `name=value`.
    init?(_ arguments: some Sequence<String>) {
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { return nil }
            let (name, value) = (parts[0], parts[1])
            switch (name, Int(value)) {
            case ("workload", _): workload = value
            case ("database", _): database = value
            case ("history", _): history = value
            case ("synchronous", _): synchronous = value
            case ("life", let number?): life = number
            case ("steps", let number?): steps = number
            case ("lanes", let number?): lanes = number
            case ("checkpoint", let number?): checkpoint = number
            case ("batch", let number?): batch = number
            default: return nil
            }
        }
    }
}
