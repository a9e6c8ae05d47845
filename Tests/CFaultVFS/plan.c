// What fails and when the process dies: the plan, the counters and the seed.
#include "internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAXIMUM_FAILURES 16

/// "The n-th operation on such a file."
typedef struct {
    faultvfs_operation operation;
    faultvfs_file file;
    int64_t nth;
} Point;

typedef struct {
    Point point;
    int code;
    int is_permanent;
} Failure;

static FvMode mode = FV_PASS;
static int syncs_really, lies;
static int sector;
static uint64_t seed_state;
static Point crash;
static int has_crash, crashes_after;
static Failure failures[MAXIMUM_FAILURES];
static int failure_count;
static int64_t counts[FAULTVFS_OPERATIONS][FAULTVFS_FILES];

static const char *const operation_names[FAULTVFS_OPERATIONS] = {
    "open", "read", "write", "truncate", "fsync", "delete", "lock", "shmlock", "commit",
};
static const char *const file_names[FAULTVFS_FILES] = {"any", "main", "wal", "journal"};
static const struct {
    const char *name;
    int code;
} codes[] = {
    {"full", SQLITE_FULL},
    {"busy", SQLITE_BUSY},
    {"cantopen", SQLITE_CANTOPEN},
    {"ioerr", SQLITE_IOERR},
    {"ioerr_read", SQLITE_IOERR_READ},
    {"ioerr_write", SQLITE_IOERR_WRITE},
    {"ioerr_fsync", SQLITE_IOERR_FSYNC},
    {"ioerr_truncate", SQLITE_IOERR_TRUNCATE},
    {"ioerr_delete", SQLITE_IOERR_DELETE},
    {"ioerr_lock", SQLITE_IOERR_LOCK},
};

// MARK: - Reading the environment

static _Noreturn void refuse(const char *variable, const char *text) {
    fprintf(stderr, "%s=%s: not understood\n", variable, text);
    exit(64);
}

static int64_t number(const char *variable, const char *text) {
    char *end = NULL;
    long long value = text ? strtoll(text, &end, 10) : -1;
    if (!end || *end || value < 0) refuse(variable, text ? text : "");
    return value;
}

/// Reads `write` or `write.wal` and a number.
static Point point(const char *variable, char *what, const char *nth) {
    Point result = {FAULTVFS_OPERATIONS, FAULTVFS_FILES, number(variable, nth)};
    char *kind = strchr(what, '.');
    if (kind) *kind++ = '\0';
    for (int i = 0; i < FAULTVFS_OPERATIONS; i++)
        if (!strcmp(what, operation_names[i])) result.operation = (faultvfs_operation)i;
    for (int i = 0; i < FAULTVFS_FILES; i++)
        if (!strcmp(kind ? kind : "any", file_names[i])) result.file = (faultvfs_file)i;
    if (result.operation == FAULTVFS_OPERATIONS || result.file == FAULTVFS_FILES || result.nth < 1)
        refuse(variable, what);
    return result;
}

static void read_crash(const char *variable, char *text) {
    char *rest = NULL;
    char *what = strtok_r(text, ":", &rest), *nth = strtok_r(NULL, ":", &rest), *when = strtok_r(NULL, ":", &rest);
    if (!what || (when && strcmp(when, "after"))) refuse(variable, text);
    crash = point(variable, what, nth);
    crashes_after = when != NULL;
    has_crash = 1;
}

static void read_failure(const char *variable, char *text) {
    char *rest = NULL;
    char *what = strtok_r(text, ":", &rest), *nth = strtok_r(NULL, ":", &rest);
    char *code = strtok_r(NULL, ":", &rest), *often = strtok_r(NULL, ":", &rest);
    if (!what || !code || !often || failure_count == MAXIMUM_FAILURES) refuse(variable, text);
    Failure failure = {point(variable, what, nth), SQLITE_OK, !strcmp(often, "always")};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (!strcmp(code, codes[i].name)) failure.code = codes[i].code;
    if (failure.code == SQLITE_OK || (!failure.is_permanent && strcmp(often, "once"))) refuse(variable, code);
    failures[failure_count++] = failure;
}

/// A copy that may be cut into pieces; a plan is read once in a process's life.
static char *variable_copy(const char *name) {
    const char *value = getenv(name);
    return value && *value ? strdup(value) : NULL;
}

void fv_read_environment(void) {
    const char *value = getenv("FAULTVFS_MODE");
    if (value && !strcmp(value, "kill")) mode = FV_KILL;
    else if (value && !strcmp(value, "power")) mode = FV_POWER;
    else if (value && strcmp(value, "pass")) refuse("FAULTVFS_MODE", value);
    if ((value = getenv("FAULTVFS_SEED"))) seed_state = (uint64_t)number("FAULTVFS_SEED", value);
    if ((value = getenv("FAULTVFS_REALSYNC"))) syncs_really = number("FAULTVFS_REALSYNC", value) != 0;
    if ((value = getenv("FAULTVFS_LIES"))) lies = number("FAULTVFS_LIES", value) != 0;
    if ((value = getenv("FAULTVFS_SECTOR"))) {
        sector = (int)number("FAULTVFS_SECTOR", value);
        if (sector != 512 && sector != 4096) refuse("FAULTVFS_SECTOR", value);
    } else {
        sector = fv_below(2) ? 512 : 4096;
    }
    char *text = variable_copy("FAULTVFS_CRASH_AT");
    if (text) read_crash("FAULTVFS_CRASH_AT", text);
    free(text);
    char *list = variable_copy("FAULTVFS_FAIL"), *rest = NULL;
    if (list)
        for (char *item = strtok_r(list, ",", &rest); item; item = strtok_r(NULL, ",", &rest))
            read_failure("FAULTVFS_FAIL", item);
    free(list);
}

// MARK: - Deciding

static int is_due(const Point *point, faultvfs_operation operation, faultvfs_file file, int or_later) {
    if (point->operation != operation || (point->file != FAULTVFS_ANY && point->file != file)) return 0;
    int64_t count = counts[operation][point->file];
    return count == point->nth || (or_later && count > point->nth);
}

FvVerdict fv_verdict(faultvfs_operation operation, faultvfs_file file) {
    FvVerdict verdict = {SQLITE_OK, 0, 0};
    counts[operation][FAULTVFS_ANY]++;
    if (file != FAULTVFS_ANY) counts[operation][file]++;
    if (has_crash && is_due(&crash, operation, file, 0)) {
        verdict.dies_before = !crashes_after;
        verdict.dies_after = crashes_after;
    }
    for (int i = 0; i < failure_count; i++)
        if (is_due(&failures[i].point, operation, file, failures[i].is_permanent)) verdict.code = failures[i].code;
    return verdict;
}

int64_t fv_counted(faultvfs_operation operation, faultvfs_file file) { return counts[operation][file]; }

void fv_forget_failures(void) { failure_count = 0; }

FvMode fv_mode(void) { return mode; }
int fv_syncs_really(void) { return syncs_really; }
int fv_lies(void) { return lies; }
int fv_sector(void) { return sector; }

/// SplitMix64, as in the module Scheduling.
uint64_t fv_below(uint64_t bound) {
    uint64_t mixed = (seed_state += 0x9E3779B97F4A7C15u);
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return (mixed ^ (mixed >> 31)) % bound;
}
