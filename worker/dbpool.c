#include "worker/dbpool.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "shared/clock.h"

struct dbpool {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	const char *url;
	int room; /* connections that may still be made */
	int n_idle;
	struct pg *idle[16];
};

struct dbpool *dbpool_new(const char *url, int size)
{
	struct dbpool *p = xcalloc(1, sizeof *p);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->freed, &attr);
	pthread_condattr_destroy(&attr);
	p->url = url;
	p->room = MIN(size, (int)ARRAY_SIZE(p->idle));
	return p;
}

void dbpool_free(struct dbpool *p)
{
	while (p->n_idle > 0)
		pg_close(p->idle[--p->n_idle]);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->freed);
	free(p);
}

int dbpool_get(struct dbpool *p, int timeout_ms, struct pg **out, struct err *err)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	pthread_mutex_lock(&p->lock);
	while (p->n_idle == 0 && p->room == 0)
		if (pthread_cond_timedwait(&p->freed, &p->lock, &until) == ETIMEDOUT) {
			pthread_mutex_unlock(&p->lock);
			return err_set(err, ERR_DB_TIMEOUT, "no free connection within %d ms", timeout_ms);
		}
	if (p->n_idle > 0) {
		*out = p->idle[--p->n_idle];
		pthread_mutex_unlock(&p->lock);
		return 0;
	}
	p->room--;
	pthread_mutex_unlock(&p->lock);
	if (pg_connect(out, p->url, "signalbox-worker", "-c statement_timeout=15s", timeout_ms, err) == 0)
		return 0;
	dbpool_put(p, NULL);
	return -1;
}

void dbpool_put(struct dbpool *p, struct pg *pg)
{
	bool broken = pg == NULL || pg_is_broken(pg);
	if (broken)
		pg_close(pg);
	pthread_mutex_lock(&p->lock);
	if (broken)
		p->room++;
	else
		p->idle[p->n_idle++] = pg;
	pthread_cond_signal(&p->freed);
	pthread_mutex_unlock(&p->lock);
}
