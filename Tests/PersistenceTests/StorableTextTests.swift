import Persistence
import TestSupport
import Testing

@Suite struct StorableTextTests {
    @Test(arguments: DatabaseEngine.available)
    func `a text with U+0000 is stored, with a mark for it, and found again by the same text`(
        _ engine: DatabaseEngine
    ) async throws {
        let table = Migration("t") { try $0.execute("CREATE TABLE t (k TEXT PRIMARY KEY) STRICT") }
        try await withTemporaryDatabase(engine, [table]) { database in
            for key in ["a\0b", "\0", "plain"] {
                _ = try await database.write { try $0.execute("INSERT INTO t (k) VALUES (\(key))") }
                let found = try await database.read { transaction in
                    try transaction.row("SELECT k FROM t WHERE k = \(key)")?.get(0, as: String.self)
                }
                #expect(found == key.replacing("\0", with: "\u{FFFD}"))
            }
        }
    }
}
