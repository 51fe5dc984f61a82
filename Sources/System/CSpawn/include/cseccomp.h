// Which system calls a worker may make: a filter for the kernel (seccomp(2)), as a classic BPF program.
#ifndef CSECCOMP_H
#define CSECCOMP_H

// Writes the program, at most `size` bytes, and returns how many it has: 0 for an architecture without one, -1 if there is no room.
long cseccomp_program(void *bytes, long size);

// Binds the calling process to it for good. It must have given up new privileges. Returns 0, or -1.
int cseccomp_install(const void *program, long size);

#endif
