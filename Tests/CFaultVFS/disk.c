// What the disk has and what it has not got yet: unsynced writes, creations and deletions, and what a power cut makes of them.
#include "internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/// What a path held when its folder was last synced, of a path that was made or deleted since.
typedef struct FvName {
    char *path;
    int existed;
    unsigned char *bytes;
    size_t size;
    struct FvName *next;
} FvName;

static FvInode *inodes;
static FvName *names;

// MARK: - Files

FvInode *fv_find(const char *path) {
    for (FvInode *inode = inodes; inode; inode = inode->next)
        if (inode->path && !strcmp(inode->path, path)) return inode;
    return NULL;
}

FvInode *fv_inode(const char *path, faultvfs_file kind) {
    FvInode *inode = fv_find(path);
    if (inode) return inode;
    inode = calloc(1, sizeof *inode);
    if (!inode || !(inode->path = strdup(path))) {
        free(inode);
        return NULL;
    }
    inode->kind = kind;
    inode->next = inodes;
    inodes = inode;
    return inode;
}

static void drop_pending(FvInode *inode) {
    while (inode->first) {
        FvPending *next = inode->first->next;
        free(inode->first);
        inode->first = next;
    }
    inode->last = NULL;
}

void fv_release(FvInode *inode) {
    inode->handles--;
    // One that still has a name is kept: its unsynced writes outlive its handles, as they do in a kernel.
    if (inode->path || inode->handles > 0) return;
    for (FvInode **link = &inodes; *link; link = &(*link)->next)
        if (*link == inode) {
            *link = inode->next;
            break;
        }
    drop_pending(inode);
    free(inode->image);
    free(inode);
}

void fv_unlink(FvInode *inode) {
    free(inode->path);
    inode->path = NULL;
    inode->handles++;
    fv_release(inode);
}

// MARK: - The image

static int reserve(FvInode *inode, sqlite3_int64 size) {
    if (size <= inode->capacity) return SQLITE_OK;
    sqlite3_int64 capacity = inode->capacity ? inode->capacity : 65536;
    while (capacity < size) capacity *= 2;
    unsigned char *larger = realloc(inode->image, (size_t)capacity);
    if (!larger) return SQLITE_NOMEM;
    inode->image = larger;
    inode->capacity = capacity;
    return SQLITE_OK;
}

/// Changes the size; what is new is zero.
static int resize(FvInode *inode, sqlite3_int64 size) {
    if (reserve(inode, size) != SQLITE_OK) return SQLITE_NOMEM;
    if (size > inode->size) memset(inode->image + inode->size, 0, (size_t)(size - inode->size));
    inode->size = size;
    return SQLITE_OK;
}

int fv_load(FvInode *inode, sqlite3_file *real) {
    if (inode->first) return SQLITE_OK;
    sqlite3_int64 size = 0;
    int code = real->pMethods->xFileSize(real, &size);
    if (code == SQLITE_OK) code = resize(inode, size);
    if (code == SQLITE_OK && size > 0) code = real->pMethods->xRead(real, inode->image, (int)size, 0);
    return code;
}

int fv_read(FvInode *inode, void *bytes, int length, sqlite3_int64 offset) {
    sqlite3_int64 available = inode->size - offset;
    if (available >= length) {
        memcpy(bytes, inode->image + offset, (size_t)length);
        return SQLITE_OK;
    }
    memset(bytes, 0, (size_t)length);
    if (available > 0) memcpy(bytes, inode->image + offset, (size_t)available);
    return SQLITE_IOERR_SHORT_READ;
}

static int append(FvInode *inode, const void *bytes, int length, sqlite3_int64 offset) {
    FvPending *pending = malloc(sizeof *pending + (length > 0 ? (size_t)length : 0));
    if (!pending) return SQLITE_NOMEM;
    *pending = (FvPending){.offset = offset, .length = length, .next = NULL};
    if (length > 0) memcpy(pending->bytes, bytes, (size_t)length);
    if (inode->last) inode->last->next = pending;
    else inode->first = pending;
    inode->last = pending;
    return SQLITE_OK;
}

int fv_write(FvInode *inode, const void *bytes, int length, sqlite3_int64 offset) {
    if (length == 0) return SQLITE_OK;
    if (offset + length > inode->size && resize(inode, offset + length) != SQLITE_OK) return SQLITE_NOMEM;
    memcpy(inode->image + offset, bytes, (size_t)length);
    return append(inode, bytes, length, offset);
}

int fv_truncate(FvInode *inode, sqlite3_int64 size) {
    if (resize(inode, size) != SQLITE_OK) return SQLITE_NOMEM;
    return append(inode, NULL, -1, size);
}

int fv_flush(FvInode *inode, sqlite3_file *real) {
    int code = SQLITE_OK;
    for (FvPending *pending = inode->first; pending && code == SQLITE_OK; pending = pending->next)
        code = pending->length < 0
            ? real->pMethods->xTruncate(real, pending->offset)
            : real->pMethods->xWrite(real, pending->bytes, pending->length, pending->offset);
    if (code == SQLITE_OK) drop_pending(inode);
    return code;
}

void fv_forget_some(FvInode *inode) {
    FvPending **link = &inode->first;
    inode->last = NULL;
    while (*link) {
        FvPending *pending = *link;
        if (fv_below(2)) {
            *link = pending->next;
            free(pending);
        } else {
            inode->last = pending;
            link = &pending->next;
        }
    }
}

// MARK: - Folders

static FvName **find_name(const char *path) {
    FvName **link = &names;
    while (*link && strcmp((*link)->path, path)) link = &(*link)->next;
    return link;
}

/// The first note of a path says what a power cut may bring back; later ones change nothing about that.
static FvName *note(const char *path, int existed) {
    FvName **link = find_name(path);
    if (*link) return NULL;
    FvName *name = calloc(1, sizeof *name);
    if (!name || !(name->path = strdup(path))) abort();
    name->existed = existed;
    *link = name;
    return name;
}

void fv_note_created(const char *path) { note(path, 0); }

void fv_note_deleted(const char *path) {
    FvName *name = note(path, 1);
    if (!name) return;
    // The real file holds just what was synced. No lock is lost by closing it: journals and logs are not locked.
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) abort();
    name->size = (size_t)status.st_size;
    name->bytes = malloc(name->size + 1);
    if (!name->bytes || read(file, name->bytes, name->size) != status.st_size) abort();
    close(file);
}

static size_t folder_length(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) : 0;
}

void fv_folder_synced(const char *path) {
    size_t length = folder_length(path);
    FvName **link = &names;
    while (*link) {
        FvName *name = *link;
        if (folder_length(name->path) == length && !strncmp(name->path, path, length)) {
            *link = name->next;
            free(name->path);
            free(name->bytes);
            free(name);
        } else {
            link = &name->next;
        }
    }
}

// MARK: - The power cut

/// How a disk treats what it was not told to sync. Every version of a sector that was written since the last sync can be the
/// one that is found: the newest written is one, and losing it leaves an older one.
typedef enum { LOSES_ALL, KEEPS_A_PREFIX, KEEPS_SOME, SHREDS, FATES } Fate;

static void put(int file, const unsigned char *bytes, sqlite3_int64 length, sqlite3_int64 offset) {
    while (length > 0) {
        ssize_t written = pwrite(file, bytes, (size_t)length, offset);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            // A harness that cannot do its work must not look like a database that did not do its own.
            perror("faultvfs: power loss");
            abort();
        }
        bytes += written;
        offset += written;
        length -= written;
    }
}

static void put_truncation(int file, sqlite3_int64 size) {
    if (ftruncate(file, size) != 0) abort();
}

/// Up to a border of sectors within it.
static void put_torn(int file, const FvPending *pending) {
    sqlite3_int64 sector = fv_sector(), first = pending->offset / sector;
    sqlite3_int64 last = (pending->offset + pending->length - 1) / sector;
    sqlite3_int64 border = (first + (sqlite3_int64)fv_below((uint64_t)(last - first + 1))) * sector;
    if (border > pending->offset) put(file, pending->bytes, border - pending->offset, pending->offset);
}

/// Each sector on its own: kept, lost, or filled with noise. Only bytes of this write: neighbours in its sectors stay, which is
/// what SQLite calls powersafe overwrite and takes for granted.
static void put_shredded(int file, const FvPending *pending) {
    sqlite3_int64 sector = fv_sector(), end = pending->offset + pending->length;
    for (sqlite3_int64 start = pending->offset; start < end;) {
        sqlite3_int64 stop = (start / sector + 1) * sector;
        if (stop > end) stop = end;
        uint64_t fate = fv_below(8);
        if (fate < 4) {
            put(file, pending->bytes + (start - pending->offset), stop - start, start);
        } else if (fate == 4) {
            unsigned char noise[4096];
            for (sqlite3_int64 i = 0; i < stop - start; i++) noise[i] = (unsigned char)fv_below(256);
            put(file, noise, stop - start, start);
        }
        start = stop;
    }
}

static void settle(const FvInode *inode) {
    if (!inode->first) return;
    int file = open(inode->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) abort();
    Fate fate = (Fate)fv_below(FATES);
    uint64_t count = 0, index = 0;
    for (const FvPending *pending = inode->first; pending; pending = pending->next) count++;
    uint64_t kept = fate == KEEPS_A_PREFIX ? fv_below(count + 1) : 0;
    for (const FvPending *pending = inode->first; pending; pending = pending->next, index++) {
        int is_whole = 0, is_torn = 0;
        switch (fate) {
        case KEEPS_A_PREFIX:
            is_whole = index < kept;
            is_torn = index == kept;
            break;
        case KEEPS_SOME: {
            uint64_t lot = fv_below(4);
            is_whole = lot < 2;
            is_torn = lot == 2;
            break;
        }
        case SHREDS: is_whole = pending->length < 0 && fv_below(2); break;
        case LOSES_ALL: case FATES: break;
        }
        if (pending->length < 0) {
            if (is_whole) put_truncation(file, pending->offset);
        } else if (fate == SHREDS) {
            put_shredded(file, pending);
        } else if (is_whole) {
            put(file, pending->bytes, pending->length, pending->offset);
        } else if (is_torn) {
            put_torn(file, pending);
        }
    }
    close(file);
}

/// Puts a path back to what the folder said when it was last synced.
static void revert(const FvName *name) {
    unlink(name->path);
    if (!name->existed) return;
    int file = open(name->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) abort();
    put(file, name->bytes, (sqlite3_int64)name->size, 0);
    close(file);
}

void fv_power_loss(void) {
    for (const FvInode *inode = inodes; inode; inode = inode->next) {
        if (!inode->path) continue;
        settle(inode);
        if (inode->kind != FAULTVFS_MAIN) continue;
        // The WAL-index is shared memory: nothing of it survives.
        char index[4096];
        if (snprintf(index, sizeof index, "%s-shm", inode->path) < (int)sizeof index) unlink(index);
    }
    for (const FvName *name = names; name; name = name->next)
        if (fv_below(2)) revert(name);
}
