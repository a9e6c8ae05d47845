internal import CFileStatus

/// Which file stands under a name, by one call that asks for nothing more.
///
/// Not `stat`, which always asks for the times: whoever has been told a file's time must see a later write by it, so the kernel gives
/// that write a time of its own (multigrain timestamps, Linux 6.13 and later,
/// https://docs.kernel.org/filesystems/multigrain-ts.html). On the log that made every commit's sync write the file's inode as well:
/// jobs one at a time took a quarter longer.
struct FileStatus {
    struct Identity: Hashable {
        var major: UInt32
        var minor: UInt32
        var number: UInt64
    }

    /// When a file was written last, and how long it is, in bytes.
    struct Stamp: Hashable {
        var seconds: Int64
        var nanoseconds: UInt32
        var length: UInt64
    }

    var identity: Identity
    /// Nil where it was not asked for.
    var stamp: Stamp?
    /// In bytes.
    var length: UInt64

    /// - Parameter withTime: only for a file that is written to seldom.
    /// - Returns: nil when there is no file, or it cannot be looked at.
    init?(_ path: String, withTime: Bool = false) {
        var found = statx()
        let wanted = UInt32(STATX_INO) | UInt32(STATX_SIZE) | (withTime ? UInt32(STATX_MTIME) : 0)
        guard file_status(path, wanted, &found) == 0 else { return nil }
        identity = Identity(major: found.stx_dev_major, minor: found.stx_dev_minor, number: found.stx_ino)
        length = found.stx_size
        guard withTime else { return }
        stamp = Stamp(
            seconds: found.stx_mtime.tv_sec, nanoseconds: found.stx_mtime.tv_nsec, length: found.stx_size)
    }
}
