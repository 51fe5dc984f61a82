#define _GNU_SOURCE
#include "cprocesses.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PROCESSES_SEEN_MAX = 1024, TEXT_MAX = 8192 };

static long read_text(const char *path, char *text, long size) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  long count = read(file, text, (size_t)size - 1);
  close(file);
  if (count >= 0) text[count] = 0;
  return count;
}

// Appends the children of one process: each of its threads has its own (proc(5), /proc/pid/task/tid/children).
static int add_children(pid_t parent, pid_t *all, int count) {
  char path[64], text[TEXT_MAX];
  snprintf(path, sizeof path, "/proc/%d/task", parent);
  DIR *folder = opendir(path);
  if (!folder) return count;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
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

int cprocesses_below(pid_t root, int64_t *bytes) {
  pid_t all[PROCESSES_SEEN_MAX];
  int count = 1;
  long page = sysconf(_SC_PAGESIZE);
  all[0] = root;
  *bytes = 0;
  for (int at = 0; at < count; at++) {
    char path[64], text[256];
    long size, resident, shared;
    snprintf(path, sizeof path, "/proc/%d/statm", all[at]);
    if (read_text(path, text, sizeof text) > 0 && sscanf(text, "%ld %ld %ld", &size, &resident, &shared) == 3) *bytes += (resident - shared) * page;
    count = add_children(all[at], all, count);
  }
  return count;
}

int cprocesses_limit(pid_t pid, int64_t most) {
  struct rlimit both = {(rlim_t)most, (rlim_t)most};
  return prlimit(pid, RLIMIT_NPROC, &both, NULL);
}
