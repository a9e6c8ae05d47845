/// A SQLite file system that breaks: it lies over the ordinary one and counts, fails, kills, or cuts the power.
///
/// SIGKILL alone proves nothing about fsync, since what was written stays in the kernel's memory. In the mode `power` every
/// write therefore stays in this process's memory until its file is synced; when the power goes, what was not synced is
/// lost, torn, reordered or kept in part, by a seeded choice, and so are creations and deletions of files whose folder was
/// not synced. A killed process (by anybody) leaves just what it had synced.
///
/// Registered as the default file system before the first database is opened. Controlled by the environment, for a child
/// process, or by the functions below:
///
///     FAULTVFS_MODE=pass|kill|power      default pass
///     FAULTVFS_SEED=7                    of every choice
///     FAULTVFS_SECTOR=512|4096           what the disk writes whole; default drawn from the seed
///     FAULTVFS_CRASH_AT=fsync.wal:17:after          die at the 17th fsync of a WAL, once it is done
///     FAULTVFS_FAIL=write:12:full:once,lock:1:busy:always
///     FAULTVFS_REALSYNC=1                also let the disk sync; by default it is not troubled
///     FAULTVFS_LIES=1                    a disk that says it has synced and has not
///
/// An operation is one of open, read, write, truncate, fsync, delete, lock, shmlock, commit; a file kind (main, wal, journal)
/// may follow after a point. A crash comes before its operation (a write may then be half done) or, with `after`, behind it.
/// What cannot be read as a plan ends the process with status 64.
///
/// Thread safe: one lock is held over every operation but locking. Files are held whole in memory in the mode `power`, so it
/// is meant for databases of some ten megabytes. Nobody else may change the files while they are open.
#ifndef CFAULTVFS_H
#define CFAULTVFS_H

#include <stdint.h>

typedef enum {
    FAULTVFS_OPEN, FAULTVFS_READ, FAULTVFS_WRITE, FAULTVFS_TRUNCATE, FAULTVFS_FSYNC, FAULTVFS_DELETE,
    /// A lock on a database file; in WAL mode the one that every connection takes for its life.
    FAULTVFS_LOCK,
    /// A lock in the WAL-index: readers, the writer, the checkpointer. Letting go is not counted.
    FAULTVFS_SHMLOCK,
    /// The moment in which SQLite holds a transaction for durable and has not told anybody yet.
    FAULTVFS_COMMIT,
    FAULTVFS_OPERATIONS
} faultvfs_operation;

typedef enum {
    FAULTVFS_ANY, FAULTVFS_MAIN, FAULTVFS_WAL, FAULTVFS_JOURNAL,
    FAULTVFS_FILES
} faultvfs_file;

/// Registers the file system as the default one and reads the plan from the environment. Before the first database is opened.
/// - Returns: SQLite's code.
int faultvfs_register(void);

/// How often an operation has been asked for, failed ones included.
int64_t faultvfs_count(faultvfs_operation operation, faultvfs_file file);

/// Transactions that SQLite held for durable while their log (or, without a log, their database) had writes that were not
/// synced. With `synchronous=FULL` there is none, ever.
int64_t faultvfs_unsynced_commits(void);

/// Ends all planned failures, as when somebody made room on the disk.
void faultvfs_clear_failures(void);

/// Dies at once in the way of the mode: SIGKILL, or a power cut and status 137.
_Noreturn void faultvfs_crash(void);

#endif
