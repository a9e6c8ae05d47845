import Glibc

/// SQLite's log beside the database file, as a file.
struct LogFile {
    let path: String

    /// Fills it with zeros behind its end up to a length, and syncs that. It is never made here: SQLite does that.
    ///
    /// Zeros are no frame of SQLite's, whose checksums begin with the log's own numbers
    /// (https://www.sqlite.org/fileformat2.html#the_write_ahead_log): they are passed over like what is left of an earlier round.
    func extend(to length: Int64) throws(SQLError) {
        guard length > 0 else { return }
        let file = Glibc.open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { Glibc.close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure("fstat") }
        var offset = Int64(status.st_size)
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        while offset < length {
            let written = zeros.withUnsafeBytes {
                pwrite(file, $0.baseAddress, Int(min(Int64($0.count), length - offset)), off_t(offset))
            }
            guard written > 0 else {
                if written < 0, errno == EINTR { continue }
                // A disk that has no room for this has room for commits, perhaps, and says so itself if not.
                if errno == ENOSPC { return }
                throw failure("pwrite")
            }
            offset += Int64(written)
        }
        guard fsync(file) == 0 else { throw failure("fsync") }
    }

    private func failure(_ call: String) -> SQLError {
        .inputOutput("\(path): \(call): \(String(cString: strerror(errno)))")
    }
}
