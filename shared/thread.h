#pragma once
/* Threads that a program cannot do without: where the system refuses one (a limit of memory or of processes), the program says so and ends. */
#include <pthread.h>

#include "shared/base.h"

/* stack: bytes, 0: the system's. room: whose it is, for the message. At start only: it ends the process. */
void thread_start(pthread_t *, size_t stack, void *(*main)(void *), void *arg, const char *room);
