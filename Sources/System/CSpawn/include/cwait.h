// epoll and eventfd, which Swift's Glibc module does not show.
#ifndef CWAIT_H
#define CWAIT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  uint64_t token;
  // Also when the other end is gone: reading shows it.
  bool readable;
  bool writable;
} cwait_ready;

// A new epoll descriptor, or -1.
int cwait_open(void);
// 0, or -1.
int cwait_add(int poller, int descriptor, uint64_t token);
int cwait_change(int poller, int descriptor, uint64_t token, bool writable);
int cwait_set(int poller, int descriptor, uint64_t token, bool readable, bool writable);
int cwait_remove(int poller, int descriptor);
// How many descriptors are ready, at most `most` and at most 128; 0 when the time is over.
int cwait_wait(int poller, cwait_ready *ready, int most, int64_t nanoseconds);

// A new eventfd that does not block, or -1.
int cwait_signal_open(void);

#endif
