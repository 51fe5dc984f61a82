// A TCP socket that listens on the loopback address of another process's network namespace, handed back to us.
#ifndef CNET_H
#define CNET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// Whether that process has a network namespace of its own. False also when it is gone.
bool cnet_is_apart(pid_t pid);

// Bounds what one TCP connection inside that process's network namespace may have in the kernel's memory, which all namespaces share (tcp(7),
// tcp_rmem and tcp_wmem). Does nothing for a process in our own namespace. Returns 0, or an errno.
int cnet_bound_buffers(pid_t pid, int bytes);

// Listens on 127.0.0.1 in the user and network namespaces of the process behind the pidfd, or in our own if it is -1. Port 0 takes a free
// one; `bound` tells which. The socket does not block and is closed on exec. Returns 0, or an errno. Needs Linux 5.8; an ordinary user may
// enter the namespaces of a sandbox that it started.
int cnet_listen(int pidfd, uint16_t port, int backlog, int *descriptor, uint16_t *bound);

// The next connection, which neither blocks nor delays small writes; -1 if there is none.
int cnet_accept(int listener);

// Begins to connect to an address of 4 or 16 bytes. Returns a socket that does not block and is closed on exec, writable once it is connected or
// has failed; or a negated errno.
int cnet_connect(const uint8_t *address, int length, uint16_t port);

// How that ended: 0, or an errno.
int cnet_error(int descriptor);

#endif
