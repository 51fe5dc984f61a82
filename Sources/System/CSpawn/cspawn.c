#define _GNU_SOURCE
#include "cspawn.h"

#include "cseccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

typedef struct {
  const cspawn_request *request;
  pid_t parent;
  // Written by the child, which shares our memory until it execs.
  volatile int error;
  volatile bool is_folder;
} start_arguments;

enum { STACK_BYTES = 64 * 1024, FIRST_SPARE = 16 };

static int limit(int resource, int64_t value) {
  if (value < 0) return 0;
  struct rlimit both = {(rlim_t)value, (rlim_t)value};
  return setrlimit(resource, &both);
}

// Moves a descriptor out of the way of 0 to 4, so that no dup2 below overwrites one that is still needed.
static int aside(int descriptor) { return fcntl(descriptor, F_DUPFD_CLOEXEC, FIRST_SPARE); }

// Raw system calls: glibc's setuid() and setgroups() signal every thread to follow, and these threads are our parent's.
static int become(uint32_t user) {
  if (syscall(SYS_setgroups, 0, NULL) != 0) return -1;
  if (syscall(SYS_setresgid, user, user, user) != 0) return -1;
  return (int)syscall(SYS_setresuid, user, user, user);
}

// The namespace is the child's alone: nobody else sees the folder there, and it goes with the last process in it.
static int show(const char *folder, const char *place) {
  if (unshare(CLONE_NEWNS) != 0) return -1;
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return -1;
  return mount(folder, place, NULL, MS_BIND, NULL);
}

static int prepare(start_arguments *arguments) {
  const cspawn_request *request = arguments->request;

  // What the server ignores or blocks (SIGPIPE) must not be ignored in the child.
  struct sigaction standard = {.sa_handler = SIG_DFL};
  for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL);

  if (setsid() < 0) return -1;
  int socket = aside(request->socket);
  int errors = aside(request->errors);
  int info = request->info < 0 ? -1 : aside(request->info);
  int filter = request->filter < 0 ? -1 : aside(request->filter);
  if (socket < 0 || errors < 0 || (request->info >= 0 && info < 0) || (request->filter >= 0 && filter < 0)) return -1;
  if (dup2(socket, 0) < 0 || dup2(socket, 1) < 0 || dup2(errors, 2) < 0) return -1;
  if (info >= 0 && dup2(info, 3) < 0) return -1;
  if (filter >= 0 && dup2(filter, 4) < 0) return -1;
  // Descriptors that some library opened without close-on-exec.
  syscall(SYS_close_range, info < 0 ? 3U : filter < 0 ? 4U : 5U, ~0U, 0);

  if (chdir("/") != 0) return -1;
  if (request->folder && show(request->folder, request->place) != 0) {
    arguments->is_folder = true;
    return -1;
  }
  // What it installs is read by others.
  umask(022);
  if (limit(RLIMIT_CORE, 0) != 0) return -1;
  if (limit(RLIMIT_NOFILE, request->limits.open_files) != 0) return -1;
  if (limit(RLIMIT_FSIZE, request->limits.file_bytes) != 0) return -1;
  if (limit(RLIMIT_DATA, request->limits.data_bytes) != 0) return -1;
  if (limit(RLIMIT_NPROC, request->limits.tasks) != 0) return -1;
  // Else /dev/stderr could not be opened.
  if (request->user != 0 && fchown(2, request->user, request->user) != 0) return -1;
  if (request->user != 0 && become(request->user) != 0) return -1;
  if (request->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;

  // Last, because changing the user clears it. The parent may have ended before it was set.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return -1;
  if (getppid() != arguments->parent) {
    errno = ESRCH;
    return -1;
  }
  sigset_t none;
  sigemptyset(&none);
  if (sigprocmask(SIG_SETMASK, &none, NULL) != 0) return -1;
  return request->calls ? cseccomp_install(request->calls, request->calls_bytes) : 0;
}

static int child(void *argument) {
  start_arguments *arguments = argument;
  if (prepare(arguments) == 0) execve(arguments->request->path, arguments->request->argv, arguments->request->envp);
  arguments->error = errno;
  _exit(127);
}

int cspawn_start(const cspawn_request *request, pid_t *pid, int *pidfd) {
  char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return errno;
  start_arguments arguments = {request, getpid(), 0, false};

  // The child shares our memory: no handler of ours may run in it.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // CLONE_VFORK: we stand still until the child has started its program or ended, so its stack and arguments stay valid.
  int descriptor = -1;
  pid_t started = clone(child, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &arguments, &descriptor);
  int error = started < 0 ? errno : arguments.error;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  munmap(stack, STACK_BYTES);

  if (started > 0 && error != 0) {
    waitpid(started, NULL, 0);
    close(descriptor);
  }
  if (error != 0) return arguments.is_folder ? -error : error;
  *pid = started;
  *pidfd = descriptor;
  return 0;
}

int cspawn_socketpair(int *ours, int *theirs) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return errno;
  if (fcntl(pair[0], F_SETFL, O_NONBLOCK) != 0) {
    int error = errno;
    close(pair[0]);
    close(pair[1]);
    return error;
  }
  *ours = pair[0];
  *theirs = pair[1];
  return 0;
}

int cspawn_pipe(int *reading, int *writing) {
  int pair[2];
  if (pipe2(pair, O_CLOEXEC) != 0) return errno;
  if (fcntl(pair[0], F_SETFL, O_NONBLOCK) != 0) {
    int error = errno;
    close(pair[0]);
    close(pair[1]);
    return error;
  }
  *reading = pair[0];
  *writing = pair[1];
  return 0;
}

static int64_t nanoseconds(struct timeval time) { return (int64_t)time.tv_sec * 1000000000 + (int64_t)time.tv_usec * 1000; }

int cspawn_reap(int pidfd, int *outcome, cspawn_usage *usage) {
  siginfo_t info = {0};
  struct rusage used = {0};
  // glibc's waitid has no place for what the kernel's tells of resources.
  if (syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED | WNOHANG, &used) != 0) return -1;
  if (info.si_pid == 0) return 0;
  usage->cpu_nanoseconds = nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime);
  usage->memory_bytes = (int64_t)used.ru_maxrss * 1024;
  *outcome = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
  return 1;
}

int cspawn_open_pid(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int cspawn_signal(int pidfd, int signal) {
  return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0 ? 0 : errno;
}

int cspawn_cpu_clock(pid_t pid, clockid_t *clock) { return clock_getcpuclockid(pid, clock); }

int64_t cspawn_cpu_nanoseconds(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time) != 0) return -1;
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}
