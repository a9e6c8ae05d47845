#ifndef CEARLYSIGNALS_H
#define CEARLYSIGNALS_H

/// From now on Ctrl-C and SIGTERM end a `serve` in one line; of any other command nothing is changed.
void mrmarket_answer_early_signals(int count, char **arguments);

/// Says that nothing was placed or cancelled, and ends the process with 0. Allowed in a signal handler.
__attribute__((noreturn)) void mrmarket_end_early(void);

#endif
