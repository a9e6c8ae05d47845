// What the three parts of the file system know of each other: plan.c decides, disk.c remembers, vfs.c does.
#ifndef FAULTVFS_INTERNAL_H
#define FAULTVFS_INTERNAL_H

#include "CFaultVFS.h"
#include <sqlite3.h>

typedef enum { FV_PASS, FV_KILL, FV_POWER } FvMode;

// MARK: - plan.c

/// What shall become of one operation.
typedef struct {
    /// SQLite's code for a planned failure, else SQLITE_OK.
    int code;
    /// Whether the process dies before it, or behind it.
    int dies_before, dies_after;
} FvVerdict;

void fv_read_environment(void);
FvMode fv_mode(void);
int fv_syncs_really(void);
/// Whether the disk says that it has synced and has not.
int fv_lies(void);
/// Counts an operation and looks into the plan. Under the lock.
FvVerdict fv_verdict(faultvfs_operation operation, faultvfs_file file);
int64_t fv_counted(faultvfs_operation operation, faultvfs_file file);
void fv_forget_failures(void);
/// A number below `bound` from the seed. Under the lock.
uint64_t fv_below(uint64_t bound);
/// What the disk writes whole, in bytes.
int fv_sector(void);

// MARK: - disk.c

/// A write or truncation that has not been synced.
typedef struct FvPending {
    sqlite3_int64 offset;  // of a truncation: the new size
    int length;            // of a truncation: -1
    struct FvPending *next;
    unsigned char bytes[];
} FvPending;

/// A file, whoever has it open.
typedef struct FvInode {
    char *path;  // NULL once it is deleted
    faultvfs_file kind;
    int handles;
    /// Whether something was written since the last sync; kept in every mode.
    int is_dirty;
    /// Whether the next sync of the file syncs its folder as well: SQLite's for a new journal or log.
    int syncs_folder;
    // In the mode `power`: the file as this process sees it, and what of that the disk has not got.
    unsigned char *image;
    sqlite3_int64 size, capacity;
    FvPending *first, *last;
    struct FvInode *next;
} FvInode;

FvInode *fv_find(const char *path);
/// The file at a path, made known where it is not. NULL without memory.
FvInode *fv_inode(const char *path, faultvfs_file kind);
void fv_release(FvInode *inode);
/// Reads the file into its image, unless there are pending writes.
int fv_load(FvInode *inode, sqlite3_file *real);
int fv_read(FvInode *inode, void *bytes, int length, sqlite3_int64 offset);
int fv_write(FvInode *inode, const void *bytes, int length, sqlite3_int64 offset);
int fv_truncate(FvInode *inode, sqlite3_int64 size);
/// Hands what is pending to the real file, in order.
int fv_flush(FvInode *inode, sqlite3_file *real);
/// After a failed fsync the kernel holds pages for clean that it never wrote: some of what is pending will never get there.
void fv_forget_some(FvInode *inode);

/// Notes that a file was made, or is about to be deleted, until its folder is synced.
void fv_note_created(const char *path);
void fv_note_deleted(const char *path);
void fv_folder_synced(const char *path);
/// Takes the file out of the folder, whoever still has it open.
void fv_unlink(FvInode *inode);

/// Leaves on the real disk what a power cut would.
void fv_power_loss(void);

#endif
