/// How often a database has been put back from a backup: whoever hands out numbers that others have seen must not hand out those
/// again that it gave between the backup and the loss.
///
/// `mrmarket restore` counts; who restores PostgreSQL by its own tools says so himself:
/// `INSERT INTO mrmarket_restores DEFAULT VALUES`.
public enum Restores {
    static let table = "mrmarket_restores"
    static let sqliteTable = "CREATE TABLE IF NOT EXISTS \(table) (number INTEGER PRIMARY KEY) STRICT"
    static let sqliteNote = "INSERT INTO \(table) DEFAULT VALUES"

    public static func count(_ transaction: any SQLTransaction) throws(SQLError) -> Int64 {
        try transaction.row("SELECT COUNT(*) FROM \(raw: table)")?.get(0) ?? 0
    }
}
