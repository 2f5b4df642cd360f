#include "worker/queue/lease.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "shared/listen.h"
#include "shared/log.h"
#include "shared/pg.h"
#include "shared/thread.h"
#include "shared/version.h"
#include "shared/vocab.h"
#include "shared/wake.h"
#include "sql_embed.h"
#include "worker/job.h"

#define TIMEOUT_MS 10000
#define TICK_USEC USEC_PER_SEC /* renew this often, at least three times per lease */
/* Without LISTEN, while a job runs: renew this often, so that a cancel is seen this soon. */
#define POLL_USEC (500 * USEC_PER_MSEC)

struct lease {
	pthread_t thread;
	const struct services *services;
	const struct options *options;
	const char *agents;
	struct jobs *jobs;
	struct listen listen;
	struct pg *pg;
	int wake;
	/* When the last renewal was answered, by clock_mono(); written by the lease thread only. */
	_Atomic(usec_t) renewed;
	bool is_asked_to_end;
	struct lease_facts facts;
	char *secrets; /* names of the secrets that providers need, by the last renewal */
	atomic_bool draining, ending;
	pthread_mutex_t lock; /* guards the fields below */
	char id[40], key[40];
	bool is_held;
};

/* Starts a new incarnation with this key. */
static int enter(struct lease *l, const char *key, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct rows r;
	char concurrency[16], ms[32];
	snprintf(concurrency, sizeof concurrency, "%d", (int)l->options->concurrency);
	snprintf(ms, sizeof ms, "%lld ms", (long long)l->options->lease_ms);
	const char *params[] = { key, l->services->worker_name, SIGNALBOX_VERSION, concurrency, l->agents,
		                 ms,  l->options->secret_names };
	l->renewed = clock_mono();
	int result = pg_exec(l->pg, &a, sql_worker_enter, params, 7, TIMEOUT_MS, &r, err);
	if (result == 0) {
		pthread_mutex_lock(&l->lock);
		snprintf(l->id, sizeof l->id, "%s", rows_at(&r, 0, COL_ENTER_ID));
		snprintf(l->key, sizeof l->key, "%s", key);
		l->is_held = true;
		pthread_mutex_unlock(&l->lock);
	}
	arena_release(&a);
	return result;
}

static void lost(struct lease *l)
{
	pthread_mutex_lock(&l->lock);
	l->is_held = false;
	pthread_mutex_unlock(&l->lock);
	log_event(LOG_WARN, "lease lost: all running messages are stopped", "worker=%s jobs=%d", l->id, jobs_count(l->jobs));
	jobs_stop_job(l->jobs, NULL, ERR_LEASE_LOST);
}

/* Stops the jobs of the array, a uuid[] as text: {a,b}. */
static void stop_jobs(struct lease *l, const char *array)
{
	char id[40];
	for (const char *p = array + 1; *p != '\0' && *p != '}'; p += *p == ',') {
		size_t n = strcspn(p, ",}");
		snprintf(id, sizeof id, "%.*s", (int)MIN(n, sizeof id - 1), p);
		jobs_stop_job(l->jobs, id, ERR_CANCELLED);
		p += n;
	}
}

/* Sends this process a SIGTERM because an operator asked for its end; only once. */
static void end_us(struct lease *l)
{
	if (atomic_load(&l->draining) || l->is_asked_to_end)
		return;
	l->is_asked_to_end = true;
	log_event(LOG_INFO, "an operator asked this worker to end", "worker=%s", l->id);
	kill(getpid(), SIGTERM);
}

/* Stores the names of the secrets that providers need. True if the names have changed. */
static bool take_secrets(struct lease *l, const char *names)
{
	if (strcmp(names, l->secrets) == 0)
		return false;
	free(l->secrets);
	l->secrets = xstrdup(names);
	return true;
}

static int renew_once(struct lease *l, bool *is_news, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct strbuf facts = STRBUF_INIT(60000); /* worker_renew.sql takes 65,535 bytes */
	struct rows r;
	char ms[32];
	snprintf(ms, sizeof ms, "%lld ms", (long long)l->options->lease_ms);
	l->facts.put(l->facts.ctx, l->secrets, &facts);
	const char *params[] = { l->key, ms, atomic_load(&l->draining) ? "t" : "f", strbuf_text(&facts) };
	int result = pg_exec(l->pg, &a, sql_worker_renew, params, 4, TIMEOUT_MS, &r, err);
	*is_news = result == 0 && r.n_rows > 0 && take_secrets(l, rows_at(&r, 0, COL_RENEW_SECRET_NAMES));
	if (result == 0) {
		l->facts.said(l->facts.ctx); /* also where the lease is lost: another incarnation would count them once more */
		if (r.n_rows == 0)
			lost(l);
		else
			stop_jobs(l, rows_at(&r, 0, COL_RENEW_STOP));
		if (r.n_rows > 0 && rows_bool(&r, 0, COL_RENEW_DRAIN))
			end_us(l);
		l->renewed = clock_mono();
	}
	strbuf_release(&facts);
	arena_release(&a);
	return result;
}

/* Renews the lease; renews again at once if providers need other secrets than before: the database
 * must know before the next claim which of them this worker lacks. */
static int renew(struct lease *l, struct err *err)
{
	bool is_news = false;
	int result = renew_once(l, &is_news, err);
	return is_news && l->is_held ? renew_once(l, &is_news, err) : result;
}

/* After a lost lease: starts a new incarnation, once all jobs of the old one have ended. */
static int begin_again(struct lease *l, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct rows r;
	if (jobs_count(l->jobs) > 0 || atomic_load(&l->draining))
		return 0;
	int result = pg_exec(l->pg, &a, sql_worker_new_key, NULL, 0, TIMEOUT_MS, &r, err);
	if (result == 0)
		result = enter(l, rows_at(&r, 0, COL_NEW_KEY_KEY), err);
	if (result == 0)
		result = renew(l, err);
	if (result == 0)
		log_event(LOG_INFO, "new lease", "worker=%s", l->id);
	arena_release(&a);
	return result;
}

static int lease_turn(struct lease *l, struct err *err)
{
	if (listen_turn(&l->listen, &l->pg, err) < 0)
		return -1;
	if (!l->is_held) /* no lock: only this thread writes is_held */
		return begin_again(l, err);
	if (renew(l, err) < 0)
		return -1;
	return pg_exec(l->pg, NULL, sql_worker_tick, NULL, 0, TIMEOUT_MS, NULL, err);
}

static usec_t tick(struct lease *l)
{
	return listen_works(&l->listen) || jobs_count(l->jobs) == 0 ? TICK_USEC : POLL_USEC;
}

/* Takes all notifications. True if one of them is for this worker. */
static bool take_notifications(struct lease *l)
{
	char payload[64];
	bool ours = false;
	while (l->pg != NULL && !pg_is_broken(l->pg) && listen_take(&l->listen, l->pg, payload))
		ours |= strcmp(payload, l->id) == 0;
	return ours;
}

static void *lease_main(void *arg)
{
	struct lease *l = arg;
	const char *news;
	struct err err;
	bool said = false;
	while (!atomic_load(&l->ending)) {
		int result = lease_turn(l, &err);
		if (result < 0 && !said)
			log_event(LOG_WARN, "lease not renewed, trying again", "code=%s", err_name(err.code));
		if (result == 0 && said)
			log_event(LOG_INFO, "lease renewed again", "worker=%s", l->id);
		said = result < 0;
		if ((news = listen_news(&l->listen)) != NULL)
			log_event(LOG_INFO, news, "room=lease");
		usec_t until = clock_mono() + MIN(tick(l), l->options->lease_ms * USEC_PER_MSEC / 3);
		bool hurry = take_notifications(l); /* notifications can come with an answer */
		while (!hurry && !atomic_load(&l->ending)) {
			usec_t left = until - clock_mono();
			if (left <= 0)
				break;
			hurry = listen_sleep(&l->pg, l->wake, (int)(left / USEC_PER_MSEC) + 1);
			if (l->pg == NULL) /* it was lost */
				break;
			hurry |= take_notifications(l);
		}
	}
	return NULL;
}

int lease_start(struct lease **out, const struct services *s, const char *agents, struct lease_facts facts, struct err *err)
{
	struct lease *l = xcalloc(1, sizeof *l);
	const struct options *o = l->options = s->options;
	l->services = s;
	l->agents = agents;
	l->facts = facts;
	l->secrets = xstrdup("{}");
	l->jobs = s->jobs;
	l->listen = (struct listen){ .listen_url = o->listen_url,
		                     .database_url = o->database_url,
		                     .application = "signalbox-worker lease",
		                     .options = "-c statement_timeout=9s",
		                     .channel = CHANNEL_STOP,
		                     .timeout_ms = 5000 };
	l->wake = wake_new();
	pthread_mutex_init(&l->lock, NULL);
	if (listen_turn(&l->listen, &l->pg, err) < 0 || enter(l, s->worker_key, err) < 0 || renew(l, err) < 0) {
		pg_close(l->pg);
		close(l->wake);
		free(l->secrets);
		free(l);
		return -1;
	}
	thread_start(&l->thread, 0, lease_main, l, "lease");
	*out = l;
	return 0;
}

bool lease_id(struct lease *l, char id[static 40])
{
	pthread_mutex_lock(&l->lock);
	bool held = l->is_held;
	memcpy(id, l->id, 40);
	pthread_mutex_unlock(&l->lock);
	return held;
}

bool lease_key(struct lease *l, char key[static 40])
{
	pthread_mutex_lock(&l->lock);
	bool held = l->is_held;
	memcpy(key, l->key, 40);
	pthread_mutex_unlock(&l->lock);
	return held;
}

int64_t lease_age_ms(struct lease *l)
{
	char id[40];
	return lease_id(l, id) ? (clock_mono() - atomic_load(&l->renewed)) / USEC_PER_MSEC : -1;
}

void lease_say(struct lease *l)
{
	wake_up(l->wake);
}

void lease_set_draining(struct lease *l)
{
	atomic_store(&l->draining, true);
	wake_up(l->wake);
}

void lease_stop(struct lease *l)
{
	struct err err;
	atomic_store(&l->ending, true);
	wake_up(l->wake);
	pthread_join(l->thread, NULL);
	const char *params[] = { l->key };
	bool is_news;
	if (l->is_held && l->pg != NULL && renew_once(l, &is_news, &err) < 0)
		log_event(LOG_INFO, "its last facts were not said", "code=%s", err_name(err.code));
	if (l->is_held && l->pg != NULL && pg_exec(l->pg, NULL, sql_worker_bye, params, 1, TIMEOUT_MS, NULL, &err) < 0)
		log_event(LOG_WARN, "no good-bye: the lease runs out by itself", "code=%s", err_name(err.code));
	pg_close(l->pg);
	close(l->wake);
	pthread_mutex_destroy(&l->lock);
	free(l->secrets);
	free(l);
}
