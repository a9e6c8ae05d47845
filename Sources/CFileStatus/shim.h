#include <fcntl.h>
#include <linux/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Glibc's Swift module leaves statx out, and syscall takes a varying number of arguments.
// wanted: STATX_...; returns 0, or -1 with errno.
static inline int file_status(const char *path, unsigned wanted, struct statx *status) {
    return (int)syscall(SYS_statx, AT_FDCWD, path, 0, wanted, status);
}
