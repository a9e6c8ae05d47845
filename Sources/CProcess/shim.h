#include <sys/prctl.h>

// prctl takes a varying number of arguments, which Swift does not import.
static inline int process_deny_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
static inline int process_allows_dumps(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }
