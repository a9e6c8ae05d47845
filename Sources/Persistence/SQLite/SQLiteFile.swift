import Foundation

/// What lies at a path, judged by reading alone, before SQLite opens anything: a file that is not ours stays as it is.
enum SQLiteFile {
    /// `PRAGMA application_id` of our databases: "MrMk".
    static let applicationID: Int32 = 0x4D72_4D6B

    /// What a file is that SQLite would not open.
    static let noDatabase = "no SQLite database at all"

    /// Refuses what is there and no file, or a link to nothing: SQLite, our lock and new files would write through it, or
    /// replace it.
    /// - Throws: ``SQLError/notOurDatabase(path:found:)``.
    static func requireFile(_ path: String) throws(SQLError) {
        var (entry, target) = (stat(), stat())
        guard lstat(path, &entry) == 0 else { return }
        guard stat(path, &target) == 0 else { throw .notOurDatabase(path: path, found: "a link to nothing") }
        switch target.st_mode & S_IFMT {
        case S_IFREG: return
        case S_IFDIR: throw .notOurDatabase(path: path, found: "a folder")
        default: throw .notOurDatabase(path: path, found: "a device, socket or pipe")
        }
    }

    /// - Returns: whether there is a database of ours; false where there is nothing or an empty file.
    /// - Throws: ``SQLError/notOurDatabase(path:found:)``; ``SQLError/corrupt(_:)`` where a log is left without its file.
    static func isOurs(_ path: String) throws(SQLError) -> Bool {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            if FileManager.default.fileExists(atPath: path) { throw .inputOutput("\(path): cannot be read") }
            try refuseLoneLog(path, "is not there")
            return false
        }
        defer { try? handle.close() }
        let header = (try? handle.read(upToCount: 100)) ?? Data()
        if header.isEmpty {
            try refuseLoneLog(path, "is empty")
            return false
        }
        if let id = application(header) {
            guard id == applicationID else { throw .notOurDatabase(path: path, found: owner(path)) }
            return true
        }
        // A power cut while it was being written over: then the log has it.
        guard let page = LogPages(path + "-wal")?.firstPage, application(page) == applicationID else {
            throw .notOurDatabase(path: path, found: noDatabase)
        }
        return true
    }

    /// SQLite deletes a log whose file it does not find, and with it what may be all that is left of what was acknowledged.
    private static func refuseLoneLog(_ path: String, _ state: String) throws(SQLError) {
        var status = stat()
        guard stat(path + "-wal", &status) == 0, status.st_size > 0 else { return }
        throw .corrupt(
            "\(path): the file \(state), and its log \(path)-wal holds commits; put the file back, or restore a backup of it"
        )
    }

    /// A start on a path where a server has run before makes no new database of a file that has become empty.
    /// - Throws: ``SQLError/corrupt(_:)``.
    static func refuseEmptied(_ path: String) throws(SQLError) {
        guard DurableFile.exists(path) else { return }
        throw .corrupt(
            "\(path): the file is empty, but a server has run on it; restore a backup of it, or remove it to begin anew"
        )
    }

    /// Whose database a first page says it is; nil when it is none of SQLite's.
    private static func application(_ page: Data) -> Int32? {
        guard page.count >= 100, page.starts(with: Array("SQLite format 3\0".utf8)) else { return nil }
        // Big-endian, at offset 68: https://www.sqlite.org/fileformat2.html#application_id
        return page.dropFirst(68).prefix(4).reduce(Int32(0)) { $0 << 8 | Int32($1) }
    }

    /// A file that a full disk or a broken transfer has cut off says in its header how long it was. Of one without a log, as a backup is.
    /// - Throws: ``SQLError/corrupt(_:)``.
    static func requireWhole(_ path: String) throws(SQLError) {
        guard let handle = FileHandle(forReadingAtPath: path) else { throw .inputOutput("\(path): cannot be read") }
        defer { try? handle.close() }
        let header = (try? handle.read(upToCount: 100)) ?? Data()
        guard header.count == 100, let size = try? handle.seekToEnd() else {
            throw .corrupt("\(path): the file is cut off within its first 100 bytes")
        }
        // Page size at offset 16, 1 standing for 65,536; number of pages at 28: https://www.sqlite.org/fileformat2.html
        let page = header[16..<18].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let expected = header[28..<32].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } * (page == 1 ? 65_536 : page)
        guard size >= expected else {
            throw .corrupt("\(path): the file is cut off, \(size) of \(expected) bytes are there")
        }
    }

    /// Whose it is, for the message. The schema's text lies in the first page.
    private static func owner(_ path: String) -> String {
        guard let handle = FileHandle(forReadingAtPath: path) else { return "another program's" }
        defer { try? handle.close() }
        let start = (try? handle.read(upToCount: 1 << 20)) ?? Data()
        let tables = ["strategy_instances", "migrations_typeorm", "growdata_exchanges", "mixin_user"]
        let isOriginal = tables.contains { start.range(of: Data($0.utf8)) != nil }
        return isOriginal ? "the database of the original Mr.Market server" : "another program's database"
    }
}
