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
        let end = Int64(status.st_size)
        guard hasRoom(file, for: length - end) else { return }
        var offset = end
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        while offset < length {
            let written = zeros.withUnsafeBytes {
                pwrite(file, $0.baseAddress, Int(min(Int64($0.count), length - offset)), off_t(offset))
            }
            guard written > 0 else {
                if written < 0, errno == EINTR { continue }
                guard errno == ENOSPC else { throw failure("pwrite") }
                // A disk that has no room for this has room for commits, perhaps, and says so itself if not: what was taken is
                // theirs. Behind the end there are zeros alone.
                guard ftruncate(file, off_t(end)) == 0 else { throw failure("ftruncate") }
                return
            }
            offset += Int64(written)
        }
        guard fsync(file) == 0 else { throw failure("fsync") }
    }

    /// Whether the disk stays mostly free: on one that is nearly full the room is worth more than the time it saves.
    private func hasRoom(_ file: Int32, for bytes: Int64) -> Bool {
        var disk = statvfs()
        guard fstatvfs(file, &disk) == 0 else { return true }
        return UInt64(disk.f_bavail) * UInt64(disk.f_frsize) / 4 > UInt64(max(0, bytes))
    }

    private func failure(_ call: String) -> SQLError {
        .inputOutput("\(path): \(call): \(String(cString: strerror(errno)))")
    }
}
