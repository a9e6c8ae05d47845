// The file system as SQLite sees it: https://www.sqlite.org/vfs.html
#include "internal.h"
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/// An open file: SQLite's own part, ours, and behind it the ordinary file system's.
typedef struct {
    sqlite3_file base;
    FvInode *inode;
    sqlite3_file *real;
} FvFile;

static sqlite3_vfs *ordinary;
static sqlite3_vfs faulty;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int64_t unsynced_commits;

static sqlite3_file *real_of(sqlite3_file *file) { return ((FvFile *)file)->real; }
static FvInode *inode_of(sqlite3_file *file) { return ((FvFile *)file)->inode; }
static int in_memory(void) { return fv_mode() == FV_POWER; }

/// The lock is never given back: nothing more is done by any thread.
static _Noreturn void die(void) {
    if (fv_mode() == FV_POWER) {
        fv_power_loss();
        _exit(137);
    }
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/// Counts an operation that has no half-way.
/// - Returns: the code it fails with; it may not return.
static int count(faultvfs_operation operation, faultvfs_file kind) {
    pthread_mutex_lock(&mutex);
    FvVerdict verdict = fv_verdict(operation, kind);
    if (verdict.dies_before || verdict.dies_after) die();
    pthread_mutex_unlock(&mutex);
    return verdict.code;
}

// MARK: - Files

static int file_close(sqlite3_file *file) {
    pthread_mutex_lock(&mutex);
    int code = real_of(file)->pMethods->xClose(real_of(file));
    fv_release(inode_of(file));
    pthread_mutex_unlock(&mutex);
    return code;
}

static int file_read(sqlite3_file *file, void *bytes, int length, sqlite3_int64 offset) {
    FvInode *inode = inode_of(file);
    pthread_mutex_lock(&mutex);
    FvVerdict verdict = fv_verdict(FAULTVFS_READ, inode->kind);
    if (verdict.dies_before || verdict.dies_after) die();
    int code = verdict.code != SQLITE_OK ? verdict.code
        : in_memory()                    ? fv_read(inode, bytes, length, offset)
                                         : real_of(file)->pMethods->xRead(real_of(file), bytes, length, offset);
    pthread_mutex_unlock(&mutex);
    return code;
}

static int put(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 offset) {
    inode_of(file)->is_dirty = 1;
    if (in_memory()) return fv_write(inode_of(file), bytes, length, offset);
    return length ? real_of(file)->pMethods->xWrite(real_of(file), bytes, length, offset) : SQLITE_OK;
}

static int file_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 offset) {
    pthread_mutex_lock(&mutex);
    FvVerdict verdict = fv_verdict(FAULTVFS_WRITE, inode_of(file)->kind);
    int code = verdict.code;
    if (verdict.dies_before || code != SQLITE_OK) {
        // A write that is killed or refused may have been done in part, or even whole; but never whole on a full disk.
        uint64_t sectors = (uint64_t)length / 512 + (code != SQLITE_FULL);
        put(file, bytes, sectors > 0 ? (int)fv_below(sectors) * 512 : 0, offset);
        if (verdict.dies_before) die();
    } else {
        code = put(file, bytes, length, offset);
    }
    if (verdict.dies_after) die();
    pthread_mutex_unlock(&mutex);
    return code;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
    pthread_mutex_lock(&mutex);
    FvVerdict verdict = fv_verdict(FAULTVFS_TRUNCATE, inode_of(file)->kind);
    if (verdict.dies_before) die();
    int code = verdict.code;
    if (code == SQLITE_OK) {
        inode_of(file)->is_dirty = 1;
        code = in_memory() ? fv_truncate(inode_of(file), size)
                           : real_of(file)->pMethods->xTruncate(real_of(file), size);
    }
    if (verdict.dies_after) die();
    pthread_mutex_unlock(&mutex);
    return code;
}

static int file_sync(sqlite3_file *file, int flags) {
    FvInode *inode = inode_of(file);
    pthread_mutex_lock(&mutex);
    FvVerdict verdict = fv_verdict(FAULTVFS_FSYNC, inode->kind);
    if (verdict.dies_before) die();
    int code = verdict.code;
    if (code != SQLITE_OK) {
        fv_forget_some(inode);
    } else if (!fv_lies()) {
        code = fv_flush(inode, real_of(file));
        if (code == SQLITE_OK && fv_syncs_really()) code = real_of(file)->pMethods->xSync(real_of(file), flags);
        if (code == SQLITE_OK) inode->is_dirty = 0;
        if (code == SQLITE_OK && inode->syncs_folder && inode->path) {
            fv_folder_synced(inode->path);
            inode->syncs_folder = 0;
        }
    }
    if (verdict.dies_after) die();
    pthread_mutex_unlock(&mutex);
    return code;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
    if (!in_memory()) return real_of(file)->pMethods->xFileSize(real_of(file), size);
    pthread_mutex_lock(&mutex);
    *size = inode_of(file)->size;
    pthread_mutex_unlock(&mutex);
    return SQLITE_OK;
}

// MARK: - Locks, pages shared, controls

static int file_lock(sqlite3_file *file, int level) {
    int code = count(FAULTVFS_LOCK, inode_of(file)->kind);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level) {
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_reserved(sqlite3_file *file, int *result) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), result);
}

/// Notes the moment of a commit, and whether its log had been synced.
static int note_commit(FvInode *database) {
    char path[4096];
    size_t length = database->path ? strlen(database->path) : 0;
    pthread_mutex_lock(&mutex);
    FvInode *log = NULL;
    if (length > 0 && length + 5 < sizeof path) {
        memcpy(path, database->path, length);
        memcpy(path + length, "-wal", 5);
        log = fv_find(path);
    }
    unsynced_commits += log && log->handles > 0 ? log->is_dirty : database->is_dirty;
    pthread_mutex_unlock(&mutex);
    return count(FAULTVFS_COMMIT, database->kind);
}

static int file_control(sqlite3_file *file, int control, void *argument) {
    if (control == SQLITE_FCNTL_COMMIT_PHASETWO) note_commit(inode_of(file));
    // Room made beforehand would be a change of the real file that no sync asked for.
    if (in_memory() && (control == SQLITE_FCNTL_SIZE_HINT || control == SQLITE_FCNTL_CHUNK_SIZE)) return SQLITE_OK;
    return real_of(file)->pMethods->xFileControl(real_of(file), control, argument);
}

static int file_sector_size(sqlite3_file *file) { return real_of(file)->pMethods->xSectorSize(real_of(file)); }

static int file_characteristics(sqlite3_file *file) {
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extends, void volatile **memory) {
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extends, memory);
}

static int file_shm_lock(sqlite3_file *file, int offset, int number, int flags) {
    int code = flags & SQLITE_SHM_LOCK ? count(FAULTVFS_SHMLOCK, inode_of(file)->kind) : SQLITE_OK;
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xShmLock(real_of(file), offset, number, flags);
}

static void file_shm_barrier(sqlite3_file *file) { real_of(file)->pMethods->xShmBarrier(real_of(file)); }

static int file_shm_unmap(sqlite3_file *file, int deletes) {
    return real_of(file)->pMethods->xShmUnmap(real_of(file), deletes);
}

/// Version 2: no memory mapping, so that every read and write comes by here.
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

// MARK: - The file system

static faultvfs_file kind_of(int flags) {
    if (flags & SQLITE_OPEN_MAIN_DB) return FAULTVFS_MAIN;
    if (flags & SQLITE_OPEN_WAL) return FAULTVFS_WAL;
    if (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) return FAULTVFS_JOURNAL;
    return FAULTVFS_ANY;
}

/// Opens a file under the lock.
static int open_known(const char *name, FvFile *file, int flags, int *out_flags, faultvfs_file kind) {
    int is_new = access(name, F_OK) != 0;
    int code = ordinary->xOpen(ordinary, name, file->real, flags, out_flags);
    if (code == SQLITE_OK) {
        file->inode = fv_inode(name, kind);
        if (!file->inode) code = SQLITE_NOMEM;
    }
    if (code == SQLITE_OK && in_memory() && file->inode->handles == 0) code = fv_load(file->inode, file->real);
    if (code != SQLITE_OK) {
        if (file->real->pMethods) file->real->pMethods->xClose(file->real);
        return code;
    }
    if (is_new) {
        file->inode->syncs_folder = kind == FAULTVFS_WAL || kind == FAULTVFS_JOURNAL;
        if (in_memory()) fv_note_created(name);
    }
    file->inode->handles++;
    file->base.pMethods = &methods;
    return SQLITE_OK;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out_flags) {
    (void)vfs;
    faultvfs_file kind = kind_of(flags);
    // Temporary files hold nothing that should survive: they are the ordinary file system's alone.
    if (!name || kind == FAULTVFS_ANY) return ordinary->xOpen(ordinary, name, base, flags, out_flags);
    FvFile *file = (FvFile *)base;
    memset(file, 0, sizeof *file);
    file->real = (sqlite3_file *)(file + 1);
    pthread_mutex_lock(&mutex);
    FvVerdict verdict = fv_verdict(FAULTVFS_OPEN, kind);
    if (verdict.dies_before) die();
    int code = verdict.code;
    if (code == SQLITE_OK) code = open_known(name, file, flags, out_flags, kind);
    if (verdict.dies_after) die();
    pthread_mutex_unlock(&mutex);
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int syncs_folder) {
    (void)vfs;
    pthread_mutex_lock(&mutex);
    FvInode *inode = fv_find(name);
    FvVerdict verdict = fv_verdict(FAULTVFS_DELETE, inode ? inode->kind : FAULTVFS_ANY);
    if (verdict.dies_before) die();
    int code = verdict.code;
    if (code == SQLITE_OK) {
        if (in_memory() && access(name, F_OK) == 0) fv_note_deleted(name);
        code = ordinary->xDelete(ordinary, name, syncs_folder && fv_syncs_really());
        if (code == SQLITE_OK && inode) fv_unlink(inode);
        if (code == SQLITE_OK && syncs_folder) fv_folder_synced(name);
    }
    if (verdict.dies_after) die();
    pthread_mutex_unlock(&mutex);
    return code;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *result) {
    (void)vfs;
    pthread_mutex_lock(&mutex);
    FvInode *inode = in_memory() && flags == SQLITE_ACCESS_EXISTS ? fv_find(name) : NULL;
    int code = SQLITE_OK;
    // An empty file is as good as none, in the ordinary file system too.
    if (inode && (inode->handles > 0 || inode->first)) *result = inode->size > 0;
    else code = ordinary->xAccess(ordinary, name, flags, result);
    pthread_mutex_unlock(&mutex);
    return code;
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *name, int size, char *result) {
    (void)vfs;
    return ordinary->xFullPathname(ordinary, name, size, result);
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *result) {
    (void)vfs;
    return ordinary->xRandomness(ordinary, size, result);
}

/// SQLite sleeps between two tries at a lock; a planned failure is not waited for.
static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
    (void)vfs;
    return ordinary->xSleep(ordinary, microseconds > 100 ? 100 : microseconds) > 0 ? microseconds : 0;
}

static int vfs_current_time(sqlite3_vfs *vfs, double *result) {
    (void)vfs;
    return ordinary->xCurrentTime(ordinary, result);
}

static int vfs_current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *result) {
    (void)vfs;
    return ordinary->xCurrentTimeInt64(ordinary, result);
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *text) {
    (void)vfs;
    return ordinary->xGetLastError ? ordinary->xGetLastError(ordinary, size, text) : 0;
}

// MARK: - From outside

int faultvfs_register(void) {
    if (ordinary) return SQLITE_OK;
    ordinary = sqlite3_vfs_find(NULL);
    if (!ordinary) return SQLITE_ERROR;
    fv_read_environment();
    faulty = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = (int)sizeof(FvFile) + ordinary->szOsFile,
        .mxPathname = ordinary->mxPathname,
        .zName = "faulty",
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_pathname,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_current_time,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = vfs_current_time_int64,
    };
    return sqlite3_vfs_register(&faulty, 1);
}

int64_t faultvfs_count(faultvfs_operation operation, faultvfs_file file) {
    pthread_mutex_lock(&mutex);
    int64_t counted = operation < FAULTVFS_OPERATIONS && file < FAULTVFS_FILES ? fv_counted(operation, file) : 0;
    pthread_mutex_unlock(&mutex);
    return counted;
}

int64_t faultvfs_unsynced_commits(void) {
    pthread_mutex_lock(&mutex);
    int64_t counted = unsynced_commits;
    pthread_mutex_unlock(&mutex);
    return counted;
}

void faultvfs_clear_failures(void) {
    pthread_mutex_lock(&mutex);
    fv_forget_failures();
    pthread_mutex_unlock(&mutex);
}

_Noreturn void faultvfs_crash(void) {
    pthread_mutex_lock(&mutex);
    die();
}
