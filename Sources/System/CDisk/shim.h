#ifndef ROOST_CDISK_SHIM_H
#define ROOST_CDISK_SHIM_H

#include <sys/syscall.h>
#include <unistd.h>

// glibc declares syncfs only for GNU's own dialect, which Swift's import of it does not ask for.

/// Flushes the file system that a descriptor lies on: a folder of many files in one go (syncfs(2)). 0, or -1 with errno.
static inline int roost_flush_file_system(int descriptor) {
  return (int)syscall(SYS_syncfs, descriptor);
}

#endif
