#define _GNU_SOURCE
#include "cseccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE

// Calls by which a program could reach into the kernel, into other processes, or to memory that nobody counts as its own.
static const int refused[] = {
    // Other processes.
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_getfd,
    // Namespaces and mounts: a user namespace of its own would open most of the kernel to it.
    SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
    SYS_mount_setattr, SYS_quotactl, SYS_swapon, SYS_swapoff, SYS_mknodat, SYS_name_to_handle_at, SYS_open_by_handle_at,
    // The kernel itself.
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_syslog, SYS_acct,
    SYS_personality, SYS_fanotify_init, SYS_lookup_dcookie, SYS_vhangup,
    // Keys are not in namespaces.
    SYS_add_key, SYS_keyctl, SYS_request_key,
    // The machine's clock and name.
    SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex, SYS_sethostname, SYS_setdomainname,
    // Memory that belongs to no process: shared segments, queues.
    SYS_shmget, SYS_msgget, SYS_semget, SYS_mq_open,
    // All file systems of the machine, whoever wrote to them.
    SYS_sync, SYS_syncfs,
#ifdef __x86_64__
    SYS_mknod, SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS_uselib, SYS_ustat, SYS_sysfs, SYS_kexec_file_load,
#endif
};

// The same, for calls that programs try and do without.
static const int unknown[] = {
    // Its flags are behind a pointer, where a filter cannot look: libraries then use clone.
    SYS_clone3,
    // A second way to make calls, which no filter sees.
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
    // Memory that belongs to no process: files without a folder; pages that a pipe holds, of which one byte keeps two megabytes.
    SYS_memfd_create, SYS_vmsplice,
#ifdef SYS_memfd_secret
    SYS_memfd_secret,
#endif
};

// VSOCK leads to the hypervisor from any network namespace, ALG and the rest into seldom used parts of the kernel.
static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

enum { NEW_NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET };

typedef struct {
  struct sock_filter *at;
  long room;
  long count;
} writer;

static void put(writer *writer, struct sock_filter instruction) {
  if (writer->count < writer->room) writer->at[writer->count] = instruction;
  writer->count += 1;
}

static void load(writer *writer, size_t offset) { put(writer, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset)); }
static void answer(writer *writer, uint32_t what) { put(writer, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what)); }
static void when(writer *writer, uint16_t test, uint32_t value, uint8_t yes, uint8_t no) {
  put(writer, (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, value, yes, no));
}

#define COUNT(list) (sizeof(list) / sizeof(list[0]))
// The low half of an argument: both architectures are little-endian.
#define ARGUMENT(number) offsetof(struct seccomp_data, args[number])
#define FIRST ARGUMENT(0)

long cseccomp_program(void *bytes, long size) {
  writer writer = {bytes, size / (long)sizeof(struct sock_filter), 0};
  load(&writer, offsetof(struct seccomp_data, arch));
  when(&writer, BPF_JEQ, ARCHITECTURE, 1, 0);
  answer(&writer, SECCOMP_RET_KILL_PROCESS);
  load(&writer, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
  // The x32 numbers of the same calls.
  when(&writer, BPF_JGE, 0x40000000, 0, 1);
  answer(&writer, SECCOMP_RET_ERRNO | ENOSYS);
#endif
  for (size_t i = 0; i < COUNT(refused); i++) {
    when(&writer, BPF_JEQ, (uint32_t)refused[i], 0, 1);
    answer(&writer, SECCOMP_RET_ERRNO | EPERM);
  }
  for (size_t i = 0; i < COUNT(unknown); i++) {
    when(&writer, BPF_JEQ, (uint32_t)unknown[i], 0, 1);
    answer(&writer, SECCOMP_RET_ERRNO | ENOSYS);
  }
  when(&writer, BPF_JEQ, SYS_clone, 0, 4);
  load(&writer, FIRST);
  when(&writer, BPF_JSET, NEW_NAMESPACES, 0, 1);
  answer(&writer, SECCOMP_RET_ERRNO | EPERM);
  answer(&writer, SECCOMP_RET_ALLOW);
  // Shared memory without a file is nobody's while no process looks at it: programs share files of /dev/shm, which has a bound.
  when(&writer, BPF_JEQ, SYS_mmap, 0, 5);
  load(&writer, ARGUMENT(3));
  put(&writer, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, MAP_TYPE | MAP_ANONYMOUS));
  when(&writer, BPF_JEQ, MAP_SHARED | MAP_ANONYMOUS, 0, 1);
  answer(&writer, SECCOMP_RET_ERRNO | EPERM);
  answer(&writer, SECCOMP_RET_ALLOW);
  // What sockets hold is nobody's either: their buffers stay as large as the system makes them, whatever a program asks for.
  when(&writer, BPF_JEQ, SYS_setsockopt, 0, 7);
  load(&writer, ARGUMENT(1));
  when(&writer, BPF_JEQ, SOL_SOCKET, 0, 4);
  load(&writer, ARGUMENT(2));
  when(&writer, BPF_JEQ, SO_SNDBUF, 1, 0);
  when(&writer, BPF_JEQ, SO_RCVBUF, 0, 1);
  answer(&writer, SECCOMP_RET_ERRNO | 0);
  answer(&writer, SECCOMP_RET_ALLOW);
  when(&writer, BPF_JEQ, SYS_socket, 0, COUNT(families) + 2);
  load(&writer, FIRST);
  for (size_t i = 0; i < COUNT(families); i++) when(&writer, BPF_JEQ, (uint32_t)families[i], (uint8_t)(COUNT(families) - i), 0);
  answer(&writer, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
  answer(&writer, SECCOMP_RET_ALLOW);
  return writer.count <= writer.room ? writer.count * (long)sizeof(struct sock_filter) : -1;
}

int cseccomp_install(const void *program, long size) {
  struct sock_fprog filter = {(unsigned short)(size / (long)sizeof(struct sock_filter)), (struct sock_filter *)program};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
}

#else

long cseccomp_program(void *bytes, long size) { return 0; }
int cseccomp_install(const void *program, long size) { return 0; }

#endif
