#pragma once
/* Starts threads that a program cannot do without, and waits on conditions with a deadline by
 * clock_mono(). If the system refuses a thread (a limit of memory or of processes), the program
 * logs an error and exits. */
#include <pthread.h>

#include "shared/base.h"
#include "shared/clock.h"

/* stack: bytes; 0: the system's default. room: the module of the thread, for the log. Call it only
 * at program start: on failure it exits the process. */
void thread_start(pthread_t *, size_t stack, void *(*main)(void *), void *arg, const char *room);
/* Initializes a condition for waits with a deadline by clock_mono(). */
void cond_init_mono(pthread_cond_t *);
/* Call with the mutex locked. False: the deadline has passed. */
bool cond_wait_until(pthread_cond_t *, pthread_mutex_t *, usec_t until);
