// The processes of one sandbox, seen from outside.
#ifndef CPROCESSES_H
#define CPROCESSES_H

#include <stdint.h>
#include <sys/types.h>

// How many processes there are from `root` downwards, at most 1024, their threads, and the memory that is their own: resident, without mapped
// files, with the tables of pages of those that map much. Those that lost their parents are below `root` as well if it is the first of a process
// namespace.
int cprocesses_below(pid_t root, int64_t *bytes, int64_t *threads);

// How many sockets there are in a process's network namespace. -1 if unknown.
int64_t cprocesses_sockets(pid_t pid);

// How many files and folders there are in the file system that a process sees at that absolute path. -1 if unknown.
int64_t cprocesses_files(pid_t pid, const char *path);

// Bounds the processes and threads of the user of a running process (RLIMIT_NPROC). Returns 0, or -1.
int cprocesses_limit(pid_t pid, int64_t most);

#endif
