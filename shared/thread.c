#include "shared/thread.h"

#include "shared/log.h"

void thread_start(pthread_t *thread, size_t stack, void *(*main)(void *), void *arg, const char *room)
{
	pthread_attr_t attr;
	char why[200];
	pthread_attr_init(&attr);
	if (stack > 0)
		pthread_attr_setstacksize(&attr, stack);
	int rc = pthread_create(thread, &attr, main, arg);
	pthread_attr_destroy(&attr);
	if (rc == 0)
		return;
	log_event(LOG_ERROR,
	          "a thread could not be started: the limit of memory (ulimit -v) or of processes (ulimit -u) is too low",
	          "room=%s why=%s", room, log_quote(strerror(rc), why, sizeof why));
	exit(1);
}

void cond_init_mono(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

bool cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, usec_t until)
{
	struct timespec ts = { .tv_sec = until / USEC_PER_SEC, .tv_nsec = until % USEC_PER_SEC * 1000 };
	return pthread_cond_timedwait(cond, lock, &ts) == 0;
}
