#define _GNU_SOURCE
#include "cprocesses.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PROCESSES_SEEN_MAX = 1024, TEXT_MAX = 8192 };

// Mapped and neither data nor program: below it, the tables for it are at most half a megabyte.
static const int64_t MAPPED_BYTES_USUAL = 256 << 20;

static long read_text(const char *path, char *text, long size) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  long count = read(file, text, (size_t)size - 1);
  close(file);
  if (count >= 0) text[count] = 0;
  return count;
}

// Appends the children of one process: each of its threads has its own (proc(5), /proc/pid/task/tid/children).
static int add_children(pid_t parent, pid_t *all, int count, int64_t *threads) {
  char path[64], text[TEXT_MAX];
  snprintf(path, sizeof path, "/proc/%d/task", parent);
  DIR *folder = opendir(path);
  if (!folder) return count;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    *threads += 1;
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", parent, entry->d_name);
    if (read_text(path, text, sizeof text) <= 0) continue;
    for (char *at = text, *end; count < PROCESSES_SEEN_MAX; at = end) {
      long child = strtol(at, &end, 10);
      if (end == at || child <= 0) break;
      all[count++] = (pid_t)child;
    }
  }
  closedir(folder);
  return count;
}

// The tables of a process's pages, which a mapping of nothing but zeros fills as well (proc(5), VmPTE).
static int64_t table_bytes(pid_t pid) {
  char path[64], text[TEXT_MAX];
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  if (read_text(path, text, sizeof text) <= 0) return 0;
  const char *line = strstr(text, "\nVmPTE:");
  return line ? strtoll(line + 7, NULL, 10) * 1024 : 0;
}

int cprocesses_below(pid_t root, int64_t *bytes, int64_t *threads) {
  pid_t all[PROCESSES_SEEN_MAX];
  int count = 1;
  long page = sysconf(_SC_PAGESIZE);
  all[0] = root;
  *bytes = 0;
  *threads = 0;
  for (int at = 0; at < count; at++) {
    char path[64], text[256];
    long size, resident, shared, program, data;
    snprintf(path, sizeof path, "/proc/%d/statm", all[at]);
    if (read_text(path, text, sizeof text) > 0 && sscanf(text, "%ld %ld %ld %ld %*d %ld", &size, &resident, &shared, &program, &data) == 5) {
      *bytes += (resident - shared) * page;
      if ((size - program - data) * page > MAPPED_BYTES_USUAL) *bytes += table_bytes(all[at]);
    }
    count = add_children(all[at], all, count, threads);
  }
  return count;
}

int64_t cprocesses_sockets(pid_t pid) {
  char path[64], text[TEXT_MAX];
  long long count;
  snprintf(path, sizeof path, "/proc/%d/net/sockstat", pid);
  return read_text(path, text, sizeof text) > 0 && sscanf(text, "sockets: used %lld", &count) == 1 ? count : -1;
}

int64_t cprocesses_files(pid_t pid, const char *path) {
  char whole[256];
  struct statvfs system;
  if (snprintf(whole, sizeof whole, "/proc/%d/root%s", pid, path) >= (int)sizeof whole || statvfs(whole, &system) != 0) return -1;
  return (int64_t)(system.f_files - system.f_ffree);
}

int cprocesses_limit(pid_t pid, int64_t most) {
  struct rlimit both = {(rlim_t)most, (rlim_t)most};
  return prlimit(pid, RLIMIT_NPROC, &both, NULL);
}
