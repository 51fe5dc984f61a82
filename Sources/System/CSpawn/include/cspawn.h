// Starts a child process the way a sandboxed worker needs it, which posix_spawn cannot: in a session of its own, bound to die with
// the thread that started it, under rlimits, with a pidfd and with nothing inherited but what is named here.
#ifndef CSPAWN_H
#define CSPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// A limit below zero is left as it is.
typedef struct {
  int64_t open_files;
  int64_t file_bytes;
  int64_t data_bytes;
  // Processes and threads of the user that the child becomes.
  int64_t tasks;
} cspawn_limits;

typedef struct {
  // An absolute path; argv and envp end with NULL.
  const char *path;
  char *const *argv;
  char *const *envp;
  // Becomes both 0 and 1 of the child.
  int socket;
  // Becomes 2 of the child.
  int errors;
  // Becomes 3 of the child, unless it is -1.
  int info;
  // Becomes 4 of the child, unless it is -1; `info` is there, too, then.
  int filter;
  // A program of cseccomp.h that the child is bound to before it starts, or NULL. Needs no_new_privileges.
  const void *calls;
  long calls_bytes;
  // For a child that is not started through a sandbox that does this itself.
  bool no_new_privileges;
  // Changes to this user and group, without supplementary groups, unless it is 0.
  uint32_t user;
  // A folder that the child finds at `place`, too, in a mount namespace of its own, or NULL: for a user who could not reach it where it is.
  const char *folder;
  const char *place;
  cspawn_limits limits;
} cspawn_request;

// Returns 0, or an errno, negated if it was `folder` that could not be shown. On success, pid and pidfd are the child's; the caller closes pidfd and reaps with cspawn_reap.
// The child gets SIGKILL when the calling thread ends.
int cspawn_start(const cspawn_request *request, pid_t *pid, int *pidfd);

// Makes a connected pair of stream sockets, both close-on-exec; `ours` does not block, `theirs` does. Returns 0, or an errno.
int cspawn_socketpair(int *ours, int *theirs);

// Makes a pipe, both ends close-on-exec; the reading end does not block. Returns 0, or an errno.
int cspawn_pipe(int *reading, int *writing);

typedef struct {
  int64_t cpu_nanoseconds;
  // The most that any one process had in memory.
  int64_t memory_bytes;
} cspawn_usage;

// Returns 1 when the child has ended, with its exit status or the negated signal in `outcome`, and what it and those of its children that it
// waited for used; 0 while it runs; -1 on error.
int cspawn_reap(int pidfd, int *outcome, cspawn_usage *usage);

// A descriptor of a process that is not our child, -1 if there is none.
int cspawn_open_pid(pid_t pid);

// Returns 0, or an errno. ESRCH when the process is gone.
int cspawn_signal(int pidfd, int signal);

// The clock of a whole process's CPU time, which cspawn_cpu_nanoseconds reads. Returns 0, or an errno.
int cspawn_cpu_clock(pid_t pid, clockid_t *clock);

// CPU time in nanoseconds, -1 if the process is gone.
int64_t cspawn_cpu_nanoseconds(clockid_t clock);

#endif
