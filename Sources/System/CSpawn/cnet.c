#define _GNU_SOURCE
#include "cnet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_BYTES = 64 * 1024 };

typedef struct {
  int pidfd;
  uint16_t port;
  int backlog;
  // Written by the child, which shares our memory.
  volatile int descriptor;
  volatile uint16_t bound;
  volatile int error;
} listen_arguments;

bool cnet_is_apart(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
  struct stat theirs, ours;
  if (stat(path, &theirs) != 0 || stat("/proc/self/ns/net", &ours) != 0) return false;
  return theirs.st_ino != ours.st_ino || theirs.st_dev != ours.st_dev;
}

typedef struct {
  pid_t pid;
  int bytes;
  // Written by the child, which shares our memory.
  volatile int error;
} bound_arguments;

static int bound_here(const bound_arguments *arguments, const char *path, int standard) {
  char text[64];
  int length = snprintf(text, sizeof text, "4096 %d %d", standard, arguments->bytes);
  int file = open(path, O_WRONLY | O_CLOEXEC);
  return file >= 0 && write(file, text, (size_t)length) == length ? 0 : errno;
}

static int bounding_child(void *argument) {
  bound_arguments *arguments = argument;
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/net", (int)arguments->pid);
  int network = open(path, O_RDONLY | O_CLOEXEC);
  // The user namespace that the network namespace belongs to, in which whoever started the sandbox may do everything; the process itself may be
  // in one below it.
  int owner = network < 0 ? -1 : ioctl(network, NS_GET_USERNS);
  if (owner < 0 || setns(owner, CLONE_NEWUSER) != 0 || setns(network, CLONE_NEWNET) != 0) {
    arguments->error = errno;
  } else {
    // What is below /proc/sys/net is that of the namespace of whoever opens it.
    int receiving = bound_here(arguments, "/proc/sys/net/ipv4/tcp_rmem", arguments->bytes / 2);
    int sending = bound_here(arguments, "/proc/sys/net/ipv4/tcp_wmem", 16384);
    arguments->error = receiving != 0 ? receiving : sending;
  }
  _exit(0);
}

int cnet_bound_buffers(pid_t pid, int bytes) {
  if (!cnet_is_apart(pid)) return 0;
  char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return errno;
  bound_arguments arguments = {.pid = pid, .bytes = bytes};
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // As for cnet_listen; its descriptors are its own and go with it.
  pid_t started = clone(bounding_child, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK, &arguments);
  if (started < 0) arguments.error = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (started > 0) waitpid(started, NULL, __WCLONE);
  munmap(stack, STACK_BYTES);
  return arguments.error;
}

static int listen_here(listen_arguments *arguments) {
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return errno;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(arguments->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (bind(descriptor, (struct sockaddr *)&address, length) != 0 || listen(descriptor, arguments->backlog) != 0 ||
      getsockname(descriptor, (struct sockaddr *)&address, &length) != 0) {
    int error = errno;
    close(descriptor);
    return error;
  }
  arguments->descriptor = descriptor;
  arguments->bound = ntohs(address.sin_port);
  return 0;
}

static int child(void *argument) {
  listen_arguments *arguments = argument;
  // Both at once: the network namespace may belong to a parent of the process's user namespace, and entering the one gives the right to the
  // other only while we are still who started the sandbox.
  arguments->error = setns(arguments->pidfd, CLONE_NEWUSER | CLONE_NEWNET) != 0 ? errno : listen_here(arguments);
  _exit(0);
}

int cnet_listen(int pidfd, uint16_t port, int backlog, int *descriptor, uint16_t *bound) {
  listen_arguments arguments = {.pidfd = pidfd, .port = port, .backlog = backlog, .descriptor = -1};
  if (pidfd < 0) {
    arguments.error = listen_here(&arguments);
  } else {
    char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return errno;
    // The child shares our memory: no handler of ours may run in it.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    // Only a process with one thread may enter a user namespace: so a child, which shares our descriptors (CLONE_FILES), so that the socket is
    // ours too. CLONE_VFORK: we stand still until it has ended. No signal at its end, so __WCLONE.
    pid_t started = clone(child, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | CLONE_FILES, &arguments);
    if (started < 0) arguments.error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started > 0) waitpid(started, NULL, __WCLONE);
    munmap(stack, STACK_BYTES);
  }
  if (arguments.error != 0) return arguments.error;
  *descriptor = arguments.descriptor;
  *bound = arguments.bound;
  return 0;
}

int cnet_accept(int listener) {
  int descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (descriptor < 0) return -1;
  int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

int cnet_connect(const uint8_t *address, int length, uint16_t port) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  if (length == 4) memcpy(&v4.sin_addr, address, 4);
  else if (length == 16) memcpy(&v6.sin6_addr, address, 16);
  else return -EAFNOSUPPORT;
  int descriptor = socket(length == 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -errno;
  int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  int result = length == 4 ? connect(descriptor, (struct sockaddr *)&v4, sizeof v4) : connect(descriptor, (struct sockaddr *)&v6, sizeof v6);
  if (result != 0 && errno != EINPROGRESS) {
    int error = errno;
    close(descriptor);
    return -error;
  }
  return descriptor;
}

int cnet_error(int descriptor) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) != 0 ? errno : error;
}
