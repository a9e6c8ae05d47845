import Foundation

/// A mark beside a database: while a server ran on it another file came under its name, or another program wrote into it. The log belongs to
/// what was there before, and the next start would play it into what is there now.
///
/// Which of the two is wanted only people know: the file may merely have been touched. So a start refuses, and says what to do.
enum DoubtfulLog {
    private static func mark(_ path: String) -> String { path + ".doubtful-log" }

    /// As durable as can be had at once: a server that is killed the next moment has said it.
    static func set(_ path: String) {
        guard !DurableFile.exists(mark(path)) else { return }
        try? DurableFile.make(mark(path))
        try? DurableFile.sync(DurableFile.folder(of: path))
    }

    static func remove(_ path: String) { DurableFile.remove(mark(path)) }

    /// - Throws: ``SQLError/corrupt(_:)`` while the mark and a log with commits are there. Without such a log there is nothing to doubt.
    static func refuse(_ path: String) throws(SQLError) {
        guard DurableFile.exists(mark(path)) else { return }
        guard let log = LogPages(path + "-wal"), log.hasCommits else { return remove(path) }
        throw .corrupt(
            "\(path): it was exchanged or written to while a server ran on it, and its log \(path)-wal is of what was there before. "
                + "If a copy was put there, move the log away; if it is the same file, remove \(mark(path)). Then start again"
        )
    }
}
