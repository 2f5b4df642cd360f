#include "worker/queue/maintenance.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "shared/log.h"
#include "shared/pg.h"
#include "shared/thread.h"
#include "shared/wake.h"
#include "sql_embed.h"

#define TIMEOUT_MS 60000
#define EVERY_MS 1000
#define AWAY_MS 5000 /* until the next try after an error */

struct maintenance {
	pthread_t thread;
	const struct options *options;
	struct pg *pg;
	int wake;
	atomic_bool ending;
};

static int maintenance_turn(struct maintenance *t, struct err *err)
{
	if (t->pg != NULL && pg_is_broken(t->pg)) {
		pg_close(t->pg);
		t->pg = NULL;
	}
	if (t->pg == NULL &&
	    pg_connect(&t->pg, t->options->database_url, "signalbox-worker tend", "-c statement_timeout=59s", 5000, err) < 0)
		return -1;
	return pg_exec(t->pg, NULL, sql_worker_tend, NULL, 0, TIMEOUT_MS, NULL, err);
}

static void *maintenance_main(void *arg)
{
	struct maintenance *t = arg;
	struct err err;
	bool said = false;
	while (!atomic_load(&t->ending)) {
		int result = maintenance_turn(t, &err);
		char why[300];
		if (result < 0 && !said)
			log_event(LOG_WARN, "the tables are not cared for, trying again", "code=%s why=%s", err_name(err.code),
			          log_quote(err.msg, why, sizeof why));
		said = result < 0;
		poll(&(struct pollfd){ .fd = t->wake, .events = POLLIN }, 1, said ? AWAY_MS : EVERY_MS);
	}
	return NULL;
}

struct maintenance *maintenance_start(const struct options *o)
{
	struct maintenance *t = xcalloc(1, sizeof *t);
	t->options = o;
	t->wake = wake_new();
	thread_start(&t->thread, 0, maintenance_main, t, "maintenance");
	return t;
}

void maintenance_stop(struct maintenance *t)
{
	atomic_store(&t->ending, true);
	wake_up(t->wake);
	pthread_join(t->thread, NULL);
	pg_close(t->pg);
	close(t->wake);
	free(t);
}
