#define _GNU_SOURCE
#include "cwait.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { READY_MAX = 128 };

static int control(int poller, int operation, int descriptor, uint64_t token, uint32_t interest) {
  struct epoll_event event = {.events = interest, .data.u64 = token};
  return epoll_ctl(poller, operation, descriptor, &event);
}

int cwait_open(void) { return epoll_create1(EPOLL_CLOEXEC); }

int cwait_add(int poller, int descriptor, uint64_t token) { return control(poller, EPOLL_CTL_ADD, descriptor, token, EPOLLIN); }

int cwait_change(int poller, int descriptor, uint64_t token, bool writable) {
  return control(poller, EPOLL_CTL_MOD, descriptor, token, EPOLLIN | (writable ? EPOLLOUT : 0));
}

int cwait_set(int poller, int descriptor, uint64_t token, bool readable, bool writable) {
  return control(poller, EPOLL_CTL_MOD, descriptor, token, (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0));
}

int cwait_remove(int poller, int descriptor) { return control(poller, EPOLL_CTL_DEL, descriptor, 0, 0); }

// Kernels before 5.11, and some sandboxes, know milliseconds only: rounded up, so that a deadline has passed when it wakes.
static int wait_for(int poller, struct epoll_event *events, int most, int64_t nanoseconds) {
  static atomic_bool is_coarse = false;
  if (!atomic_load_explicit(&is_coarse, memory_order_relaxed)) {
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    int count = (int)syscall(SYS_epoll_pwait2, poller, events, most, &time, NULL, 0);
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
    atomic_store_explicit(&is_coarse, true, memory_order_relaxed);
  }
  return epoll_wait(poller, events, most, (int)((nanoseconds + 999999) / 1000000));
}

int cwait_wait(int poller, cwait_ready *ready, int most, int64_t nanoseconds) {
  struct epoll_event events[READY_MAX];
  int count = wait_for(poller, events, most < READY_MAX ? most : READY_MAX, nanoseconds);
  for (int i = 0; i < count; i++) {
    ready[i].token = events[i].data.u64;
    ready[i].readable = (events[i].events & ~(uint32_t)EPOLLOUT) != 0;
    ready[i].writable = (events[i].events & EPOLLOUT) != 0;
  }
  return count;
}

int cwait_signal_open(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
