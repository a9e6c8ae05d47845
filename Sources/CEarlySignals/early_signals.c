#include "CEarlySignals.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

__attribute__((noreturn)) void mrmarket_end_early(void) {
    static const char line[] = "Stopped before trading began: nothing was placed or cancelled.\n";
    ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
    (void)written;
    _exit(0);
}

static void end(int number) {
    (void)number;
    mrmarket_end_early();
}

void mrmarket_answer_early_signals(int count, char **arguments) {
    if (count < 2 || strcmp(arguments[1], "serve") != 0) { return; }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = end;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

#ifdef __ELF__
// Before the initializers of the libraries, which take tens of milliseconds: a program's first statement comes after them.
static void before_everything(int count, char **arguments, char **environment) {
    (void)environment;
    mrmarket_answer_early_signals(count, arguments);
}

__attribute__((section(".preinit_array"), used)) static void (*const hook)(int, char **, char **) = before_everything;
#endif
