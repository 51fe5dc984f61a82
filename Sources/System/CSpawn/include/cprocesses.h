// The processes of one sandbox, seen from outside.
#ifndef CPROCESSES_H
#define CPROCESSES_H

#include <stdint.h>
#include <sys/types.h>

// How many processes there are from `root` downwards, at most 1024, and the memory that is their own: resident, without mapped files.
// Those that lost their parents are below `root` as well if it is the first of a process namespace.
int cprocesses_below(pid_t root, int64_t *bytes);

// Bounds the processes and threads of the user of a running process (RLIMIT_NPROC). Returns 0, or -1.
int cprocesses_limit(pid_t pid, int64_t most);

#endif
