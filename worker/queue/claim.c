#include "worker/queue/claim.h"

#include <unistd.h>

#include "shared/listen.h"
#include "shared/log.h"
#include "shared/pg.h"
#include "shared/thread.h"
#include "shared/vocab.h"
#include "shared/wake.h"
#include "sql_embed.h"
#include "worker/contexts.h"
#include "worker/telemetry/count.h"
#include "worker/writer.h"

#define BATCH_MAX 200
#define TIMEOUT_MS 10000

/* After a claim that found messages, the next claim starts no earlier than four times that claim's
 * duration after its start, within these bounds. So messages and slots that become free one after
 * the other are handled by one claim: a claim costs the database ten times as much as one message
 * in it, and more when the database is busier. The first message after an idle time does not
 * wait. */
#define GATHER_MIN_USEC (2 * USEC_PER_MSEC)
#define GATHER_MAX_USEC (10 * USEC_PER_MSEC)
/* If the last claim took as many messages as it could, the next claim waits until half of the slots
 * are free, but at most this long. */
#define PLACES_MAX_USEC (5 * USEC_PER_MSEC)
/* A message whose record is being written holds no place; but when more than these are being
 * written, the writer is slower than the calls, and the rest holds places. */
#define WRITING_MAX 200

static const int LOOK_AGAIN_MS[] = { 2, 20, 100 };

struct claim {
	pthread_t thread;
	const struct services *services;
	struct lease *lease;
	struct listen listen;
	struct pg *pg;
	int wake;
	/* The answer of a claim was lost: the database may have given this worker messages that the
	 * worker does not know of. */
	bool in_doubt;
	atomic_bool ending;
	atomic_bool is_full; /* the thread waits for a place */
	atomic_bool is_told; /* `wake` is written, and the thread has not looked since */
	void (*on_watched)(void *);
	void *ctx;
};

static void add_known(struct job *job, void *ctx)
{
	pg_array_add(ctx, job->job_id);
}

/* Gives back at once the messages of a claim whose answer was lost: those that the database has for
 * this worker and that are not among its jobs. */
static int disown(struct claim *c, const char *worker, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct strbuf known = STRBUF_INIT(4u << 20);
	struct rows r;
	jobs_each(c->services->jobs, add_known, &known);
	pg_array_end(&known);
	const char *params[] = { worker, strbuf_text(&known) };
	int result = pg_exec(c->pg, &a, sql_worker_disown, params, 2, TIMEOUT_MS, &r, err);
	int64_t given = result == 0 ? rows_int(&r, 0, COL_DISOWN_N, 0) : 0;
	if (given > 0)
		log_event(LOG_WARN, "gave back messages whose claim was not answered", "n=%lld", (long long)given);
	c->in_doubt = result < 0 || given < 0; /* negative: another transaction locks some */
	strbuf_release(&known);
	arena_release(&a);
	return result;
}

/* Makes a job for a row of sql_worker_claim. The module `contexts` reads the rest of its data. */
static struct job *make_job(struct claim *c, const struct rows *r, int i, const char *worker, usec_t asked)
{
	struct job *job = job_new(c->services, &PIPELINE_MESSAGE);
	job->claimed = asked;
	job->message_id = rows_int(r, i, COL_CLAIM_MESSAGE_ID, 0);
	snprintf(job->message_uuid, sizeof job->message_uuid, "%s", rows_at(r, i, COL_CLAIM_MESSAGE_UUID));
	snprintf(job->job_id, sizeof job->job_id, "%s", rows_at(r, i, COL_CLAIM_JOB_ID));
	snprintf(job->worker_key, sizeof job->worker_key, "%s", worker);
	job->number = (int)rows_int(r, i, COL_CLAIM_NUMBER, 1);
	job->waited = -1;
	job->deadline = job->claimed + c->services->options->timeout_ms * USEC_PER_MSEC;
	if (rows_bool(r, i, COL_CLAIM_IS_WATCHED)) {
		atomic_store(&job->live.watched, true);
		c->on_watched(c->ctx);
	}
	return job;
}

/* Returns how many messages were taken; -1 with err. */
static int claim_some(struct claim *c, int slots, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct rows r = { 0 };
	struct job *jobs[BATCH_MAX];
	char worker[40], n[16], timeout[32];
	if (listen_turn(&c->listen, &c->pg, err) < 0)
		return -1;
	if (!lease_key(c->lease, worker))
		return 0;
	if (c->in_doubt && disown(c, worker, err) < 0)
		return -1;
	snprintf(n, sizeof n, "%d", MIN(slots, BATCH_MAX));
	snprintf(timeout, sizeof timeout, "%lld ms", (long long)c->services->options->timeout_ms);
	const char *params[] = { worker, n, timeout };
	usec_t began = clock_mono();
	int result = pg_exec(c->pg, &a, sql_worker_claim, params, 3, TIMEOUT_MS, &r, err);
	if (result < 0 && (err->code == ERR_DB_DOWN || err->code == ERR_DB_TIMEOUT))
		c->in_doubt = true;
	if (result == 0) {
		count_add(c->services->counts, CLAIMS, 1, NULL);
		count_add(c->services->counts, CLAIMED, r.n_rows, NULL);
		count_add(c->services->counts, CLAIM_SECONDS, clock_mono() - began, NULL);
	}
	int taken = result < 0 ? 0 : MIN(r.n_rows, BATCH_MAX);
	for (int i = 0; i < taken; i++) {
		jobs[i] = make_job(c, &r, i, worker, began);
		jobs_add_parked_take(c->services->jobs, jobs[i]);
	}
	if (taken > 0)
		contexts_ask(c->services->contexts, jobs, taken);
	arena_release(&a);
	return result < 0 ? -1 : taken;
}

/* How many messages may be claimed. A record that could not be written holds a place: so no more
 * than `concurrency` and WRITING_MAX are ever kept. */
static int free_places(const struct claim *c)
{
	struct jobs *jobs = c->services->jobs;
	int taken = jobs_in_flight(jobs) + writer_kept(c->services->writer);
	return (int)c->services->options->concurrency - MAX(taken, jobs_messages(jobs) - WRITING_MAX);
}

/* Sleeps until a notification, a freed slot, or ms. True for the first two. */
static bool claim_wait_for_cause(struct claim *c, int ms)
{
	const char *news;
	bool cause = listen_wait(&c->listen, &c->pg, c->wake, ms) != 0;
	if ((news = listen_news(&c->listen)) != NULL)
		log_event(LOG_INFO, news, "room=claim poll_ms=%lld", (long long)c->services->options->poll_ms);
	return cause;
}

static void *claim_main(void *arg)
{
	struct claim *c = arg;
	const struct options *o = c->services->options;
	struct err err;
	size_t empty = 0; /* claims in a row that found nothing */
	int pause_ms = 100;
	bool said = false;
	usec_t next = 0;        /* start of the next claim, at the earliest */
	bool more_wait = false; /* the last claim took as many as it could */
	while (!atomic_load(&c->ending)) {
		usec_t early = next - clock_mono();
		if (early > 0)
			usleep((useconds_t)early);
		atomic_store(&c->is_told, false);
		int slots = free_places(c);
		if (slots <= 0) {
			atomic_store(&c->is_full, true);
			if (free_places(c) <= 0) /* else a place was left before is_full was seen */
				claim_wait_for_cause(c, (int)o->poll_ms);
			atomic_store(&c->is_full, false);
			empty = 0;
			continue;
		}
		usec_t began = clock_mono();
		if (more_wait && slots < (int)o->concurrency / 2 && began < next + PLACES_MAX_USEC) {
			usleep(1000);
			continue;
		}
		int taken = claim_some(c, slots, &err);
		more_wait = taken == MIN(slots, BATCH_MAX);
		if (taken < 0) {
			if (!said)
				log_event(LOG_WARN, "cannot claim, trying again", "code=%s", err_name(err.code));
			said = true;
			claim_wait_for_cause(c, (int)clock_jitter(pause_ms));
			pause_ms = MIN(pause_ms * 2, 2000);
			continue;
		}
		if (said)
			log_event(LOG_INFO, "claiming again", "worker=%s", c->services->worker_name);
		said = false;
		pause_ms = 100;
		usec_t now = clock_mono();
		if (taken > 0)
			next = began + (more_wait ? 0 : MIN(MAX(4 * (now - began), GATHER_MIN_USEC), GATHER_MAX_USEC));
		empty = taken > 0 ? 0 : empty + 1;
		if (empty > 0)
			empty = claim_wait_for_cause(c, empty <= ARRAY_SIZE(LOOK_AGAIN_MS) ? LOOK_AGAIN_MS[empty - 1]
			                                                                   : (int)o->poll_ms)
			                ? 0
			                : MIN(empty, 10);
	}
	return NULL;
}

struct claim *claim_new(const struct services *services, struct lease *lease, void (*on_watched)(void *), void *ctx)
{
	struct claim *c = xcalloc(1, sizeof *c);
	c->services = services;
	c->lease = lease;
	c->on_watched = on_watched;
	c->ctx = ctx;
	c->listen = (struct listen){ .listen_url = services->options->listen_url,
		                     .database_url = services->options->database_url,
		                     .application = "signalbox-worker claim",
		                     .options = "-c statement_timeout=9s",
		                     .channel = CHANNEL_WORK,
		                     .timeout_ms = 5000 };
	c->wake = wake_new();
	return c;
}

void claim_free(struct claim *c)
{
	close(c->wake);
	free(c);
}

void claim_start(struct claim *c)
{
	thread_start(&c->thread, 0, claim_main, c, "claim");
}

void claim_has_room(struct claim *c, bool has_ended)
{
	if ((has_ended || atomic_load(&c->is_full)) && !atomic_exchange(&c->is_told, true))
		wake_up(c->wake);
}

void claim_stop(struct claim *c)
{
	atomic_store(&c->ending, true);
	wake_up(c->wake);
	pthread_join(c->thread, NULL);
	pg_close(c->pg);
}
