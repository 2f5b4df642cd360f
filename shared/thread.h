#pragma once
/* Threads that a program cannot do without, and waits with a deadline by clock_mono(). Where the system refuses a thread (a limit of memory or of
 * processes), the program says so and ends. */
#include <pthread.h>

#include "shared/base.h"
#include "shared/clock.h"

/* stack: bytes, 0: the system's. room: whose it is, for the message. At start only: it ends the process. */
void thread_start(pthread_t *, size_t stack, void *(*main)(void *), void *arg, const char *room);
/* A condition whose waits have a deadline by clock_mono(). */
void cond_init_mono(pthread_cond_t *);
/* False: the deadline has passed. With the lock. */
bool cond_wait_until(pthread_cond_t *, pthread_mutex_t *, usec_t until);
