/*
 * One loop around poll(): the reader's result, the actor's result, requests of the UI thread, and
 * due times. A refresh is a list of reads, one for each block; after the last one a new snapshot is
 * published that shares the unchanged blocks with the one before.
 */
#include "tui/sync.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "shared/listen.h"
#include "shared/migrate.h"
#include "shared/pg.h"
#include "shared/thread.h"
#include "shared/vocab.h"
#include "shared/wake.h"
#include "sql_embed.h"
#include "tui/actor.h"
#include "tui/reads.h"

#define READER_OPTIONS "-c default_transaction_read_only=on -c statement_timeout=1500 -c lock_timeout=200"
#define CONNECT_MS 3000
#define READ_USEC (1500 * USEC_PER_MSEC)
#define FROZEN_SERVER_USEC (4 * USEC_PER_SEC) /* no answer, not even the server's time-out */
#define HINT_USEC (250 * USEC_PER_MSEC)
#define STREAM_USEC (120 * USEC_PER_MSEC)
#define WATCH_USEC (15 * USEC_PER_SEC)
#define SLOW_USEC (300 * USEC_PER_MSEC)
#define INTERVAL_MAX (30 * USEC_PER_SEC)

struct sync {
	pthread_t thread;
	const struct options *options;
	int wake, notify;

	/* used by the sync thread only */
	struct listen listen;
	struct pg *reader;
	struct actor actor;
	struct snapshot *last; /* the snapshot last published */
	struct snapshot *next; /* the snapshot being read */
	struct want now;       /* what the running refresh reads */
	int step;              /* block being read; -1: none */
	usec_t step_started, refresh_started, due, connect_due, stream_due, watch_due, last_hint, interval;
	bool hinted, stream_step, is_cancelled;
	struct reads reads;

	pthread_mutex_t lock; /* guards the fields below */
	struct want want;
	bool want_changed, hurry, ending, settled;
	struct snapshot *published;
	struct action *queue[64];
	int n_queue;
	struct action_result results[64];
	int n_results;
};

/* ---- publishing */

static struct snapshot *copy_of(struct snapshot *from)
{
	struct snapshot *s = xcalloc(1, sizeof *s);
	if (from != NULL) /* all but refs, which other threads may be changing */
		memcpy(&s->blocks, &from->blocks, sizeof *s - offsetof(struct snapshot, blocks));
	for (int i = 0; i < BLOCK_N; i++)
		block_ref(s->blocks[i]);
	atomic_store(&s->refs, 1);
	return s;
}

static void publish(struct sync *y, struct snapshot *s)
{
	snapshot_unref(y->last);
	y->last = s;
	pthread_mutex_lock(&y->lock);
	snapshot_unref(y->published);
	y->published = snapshot_ref(s);
	pthread_mutex_unlock(&y->lock);
	wake_up(y->notify);
}

static void set_link(struct sync *y, enum link link, const char *why)
{
	struct snapshot *s = copy_of(y->last);
	if (s->link != link) {
		s->since = clock_mono();
		if (link != LINK_CONNECTING)
			s->tries = 0;
	}
	s->link = link;
	s->tries += link == LINK_DOWN;
	s->next_try = link == LINK_DOWN ? y->connect_due : y->due;
	snprintf(s->why, sizeof s->why, "%s", why);
	publish(y, s);
}

/* ---- the reader */

static void reader_down(struct sync *y, const struct err *err)
{
	static const int PAUSES_S[] = { 1, 2, 4, 8, 10 };
	int tries = y->last != NULL && y->last->link == LINK_DOWN ? y->last->tries : 0;
	pg_close(y->reader);
	y->reader = NULL;
	y->step = -1;
	snapshot_unref(y->next);
	y->next = NULL;
	y->connect_due = clock_mono() + clock_jitter(PAUSES_S[MIN(tries, (int)ARRAY_SIZE(PAUSES_S) - 1)] * USEC_PER_SEC);
	set_link(y, LINK_DOWN, err->msg);
}

static void connect_reader(struct sync *y)
{
	struct err err;
	struct arena a = ARENA_INIT;
	struct rows r;
	if (listen_turn(&y->listen, &y->reader, &err) < 0 || migrate_check(y->reader, &err) < 0 ||
	    pg_exec(y->reader, &a, sql_tui_hello, NULL, 0, 1500, &r, &err) < 0) {
		reader_down(y, &err);
	} else {
		struct snapshot *s = copy_of(y->last);
		snprintf(s->where, sizeof s->where, "%s", rows_at(&r, 0, COL_HELLO_PLACE));
		s->is_read_only = !rows_bool(&r, 0, COL_HELLO_MAY_WRITE);
		s->is_standby = rows_bool(&r, 0, COL_HELLO_IS_STANDBY);
		publish(y, s);
		y->due = 0;
		y->interval = y->options->refresh_ms * USEC_PER_MSEC;
	}
	arena_release(&a);
}

static void set_block(struct sync *y, enum block_id id, struct block *b)
{
	block_unref(y->next->blocks[id]);
	y->next->blocks[id] = b;
}

/* Takes the result of the block that is being read. -1 with err. */
static int take_read(struct sync *y, struct err *err)
{
	struct block *b;
	enum block_id id = (enum block_id)y->step;
	int taken = reads_take(&y->reads, y->reader, &y->now, id, &b, err);
	if (taken < 0)
		return -1;
	if (taken == 0)
		set_block(y, id, b);
	y->step -= taken; /* 1: read the same block again; until it is whole, the old one stays */
	return 0;
}

static bool is_wanted(const struct sync *y, int id)
{
	if (y->stream_step)
		return id == BLOCK_STREAM;
	return id == BLOCK_STATUS || (y->now.blocks & (1u << id));
}

static void refresh_done(struct sync *y)
{
	usec_t now = clock_mono(), took = now - y->refresh_started, base = y->options->refresh_ms * USEC_PER_MSEC;
	y->step = -1;
	if (!y->stream_step) {
		y->interval = took > SLOW_USEC ? MIN(y->interval * 2, INTERVAL_MAX) : base;
		y->due = now + y->interval;
		y->next->as_of = clock_wall();
		y->next->took = took;
		y->next->is_listening = listen_works(&y->listen);
	}
	y->stream_due = now + STREAM_USEC;
	if (y->next->link != LINK_LIVE)
		y->next->since = now;
	y->next->link = LINK_LIVE;
	y->next->is_standby &= pg_is_standby(y->reader); /* false after a promotion */
	y->next->tries = 0;
	y->next->why[0] = '\0';
	y->next->next_try = y->due;
	snprintf(y->next->session, sizeof y->next->session, "%s", y->now.session[0] != '\0' ? y->now.session : y->reads.session);
	struct snapshot *s = y->next;
	y->next = NULL;
	publish(y, s);
}

/* True when the server refused the read itself (not found, not allowed, not understood): not for a
 * lost connection, a time-out or a conflict. */
static bool is_refusal(const struct err *err)
{
	return err->code != ERR_DB_DOWN && err->code != ERR_DB_TIMEOUT && err->code != ERR_DB_CONFLICT;
}

/* Sends the next read of the refresh, or ends the refresh. */
static void next_read(struct sync *y)
{
	struct err err;
	while (++y->step < BLOCK_N) {
		if (!is_wanted(y, y->step))
			continue;
		int sent = reads_send(&y->reads, y->reader, &y->now, (enum block_id)y->step, &err);
		if (sent == 1)
			set_block(y, (enum block_id)y->step, NULL);
		if (sent < 0) {
			reader_down(y, &err);
			return;
		}
		if (sent == 0) { /* 2: the block stays as it is */
			y->step_started = clock_mono();
			y->is_cancelled = false;
			return;
		}
	}
	refresh_done(y);
}

static void begin_refresh(struct sync *y, bool stream_only)
{
	y->stream_step = stream_only;
	y->refresh_started = clock_mono();
	y->next = copy_of(y->last);
	if (!stream_only)
		y->next->refused[0] = '\0';
	y->step = -1;
	next_read(y);
}

/* The reader's socket is readable. */
static void on_reader(struct sync *y)
{
	char payload[64];
	struct err err;
	if (y->step < 0) {
		if (pg_consume(y->reader, &err) < 0) {
			reader_down(y, &err);
			return;
		}
	} else if (pg_ready(y->reader)) {
		if (take_read(y, &err) == 0) {
			next_read(y);
		} else if (pg_is_broken(y->reader) || err.code == ERR_DB_DOWN) {
			reader_down(y, &err);
		} else if (is_refusal(&err)) { /* keep this block as it was, read the others */
			snprintf(y->next->refused, sizeof y->next->refused, "%s", err.msg);
			next_read(y);
		} else { /* a time-out or a conflict: keep what is on the screen */
			y->step = -1;
			snapshot_unref(y->next);
			y->next = NULL;
			y->interval = MIN(MAX(y->interval * 2, USEC_PER_SEC), INTERVAL_MAX);
			y->due = clock_mono() + y->interval;
			set_link(y, LINK_STALE, err.msg);
		}
	}
	while (y->reader != NULL && listen_take(&y->listen, y->reader, payload))
		y->hinted = true;
}

/* ---- actions */

static void act_done(struct sync *y, const struct action_result *r)
{
	if (r->kind == ACT_WATCH) { /* started by the sync thread itself: nothing to report */
		block_unref(r->answer);
		return;
	}
	if (r->kind == ACT_SEND && r->ok)
		y->reads.session_agent[0] = '\0'; /* the send may have created a session */
	y->due = 0;
	pthread_mutex_lock(&y->lock);
	y->results[y->n_results++] = *r; /* there is room: no action is started without */
	pthread_mutex_unlock(&y->lock);
	wake_up(y->notify);
}

static void start_action(struct sync *y, struct action *a)
{
	struct action_result r;
	if (actor_start_take(&y->actor, a, &r))
		act_done(y, &r);
}

/* ---- the loop */

static void sync_take_orders(struct sync *y)
{
	struct action *act = NULL;
	wake_take(y->wake);
	pthread_mutex_lock(&y->lock);
	if (y->hurry)
		y->due = y->connect_due = 0;
	y->hurry = false;
	if (y->want_changed && y->step < 0) {
		if (strcmp(y->now.stream, y->want.stream) != 0)
			y->watch_due = 0;
		y->now = y->want;
		y->want_changed = false;
		y->due = 0;
	}
	if (!actor_is_busy(&y->actor) && y->n_queue > 0 && y->n_results < (int)ARRAY_SIZE(y->results)) {
		act = y->queue[0];
		memmove(y->queue, y->queue + 1, sizeof *y->queue * (size_t)--y->n_queue);
	}
	pthread_mutex_unlock(&y->lock);
	if (act != NULL)
		start_action(y, act);
}

/* Handles what is due: connecting, time-outs, refreshes, the watch of the stream. */
static void on_time(struct sync *y)
{
	usec_t now = clock_mono();
	struct err err;
	if (y->reader == NULL) {
		if (now >= y->connect_due)
			connect_reader(y);
	} else if (y->step >= 0) {
		if (now - y->step_started > FROZEN_SERVER_USEC) {
			err_set(&err, ERR_DB_DOWN, "the server does not answer");
			reader_down(y, &err);
		} else if (now - y->step_started > READ_USEC && !y->is_cancelled) {
			y->is_cancelled = true; /* a pooler may drop the server's time-out */
			pg_cancel(y->reader);
			if (y->last != NULL && y->last->link == LINK_LIVE)
				set_link(y, LINK_STALE, "the last refresh takes over 1.5s");
		}
	} else if (!y->now.is_frozen) {
		bool hint = y->hinted && now - y->last_hint >= HINT_USEC;
		if (listen_turn(&y->listen, &y->reader, &err) < 0) {
			reader_down(y, &err);
		} else if (now >= y->due || hint) {
			y->last_hint = now;
			y->hinted = false;
			begin_refresh(y, false);
		} else if (y->now.stream[0] != '\0' && now >= y->stream_due && y->last->link == LINK_LIVE) {
			begin_refresh(y, true);
		}
	}
	if (y->now.stream[0] != '\0' && y->reader != NULL && now >= y->watch_due && !actor_is_busy(&y->actor) &&
	    !y->last->is_read_only) {
		const char *args[sql_tui_watch_args] = { [ARG_WATCH_MESSAGE] = y->now.stream };
		y->watch_due = now + WATCH_USEC;
		start_action(y, action_new(ACT_WATCH, "", args));
	}
	struct action_result r;
	if (actor_on_time(&y->actor, &r))
		act_done(y, &r);
}

static void *sync_main(void *arg)
{
	struct sync *y = arg;
	for (;;) {
		sync_take_orders(y);
		on_time(y);
		pthread_mutex_lock(&y->lock);
		bool ending = y->ending;
		y->settled = y->step < 0 && !actor_is_busy(&y->actor) && y->n_queue == 0 && !y->want_changed && y->due > 0 &&
		             y->last != NULL && y->last->as_of != 0;
		pthread_mutex_unlock(&y->lock);
		if (ending)
			return NULL;
		usec_t now = clock_mono(), next = now + 500 * USEC_PER_MSEC;
		if (y->reader != NULL && y->step < 0 && !y->now.is_frozen)
			next = MIN(next, y->now.stream[0] != '\0' ? y->stream_due
			                 : y->hinted              ? y->last_hint + HINT_USEC
			                                          : y->due);
		struct pollfd fds[] = { { .fd = y->wake, .events = POLLIN },
			                { .fd = y->reader != NULL ? pg_fd(y->reader) : -1, .events = POLLIN },
			                { .fd = actor_fd(&y->actor), .events = POLLIN } };
		poll(fds, 3, (int)MAX(0, (next - now) / USEC_PER_MSEC + 1));
		if (fds[1].revents != 0)
			on_reader(y);
		struct action_result r;
		if (fds[2].revents != 0 && actor_on_input(&y->actor, &r))
			act_done(y, &r);
	}
}

struct sync *sync_start(const struct options *options)
{
	struct sync *y = xcalloc(1, sizeof *y);
	y->options = options;
	y->actor.url = options->database_url;
	y->listen = (struct listen){ .listen_url = options->listen_url,
		                     .database_url = options->database_url,
		                     .application = "signalbox",
		                     .options = READER_OPTIONS,
		                     .channel = CHANNEL_CHANGED,
		                     .timeout_ms = CONNECT_MS,
		                     .any = true };
	y->step = -1;
	reads_init(&y->reads, options->operator_name);
	y->interval = options->refresh_ms * USEC_PER_MSEC;
	y->want.limit = y->now.limit = 200;
	memcpy(y->want.filter, "[]", 3);
	y->now = y->want;
	y->wake = wake_new();
	y->notify = wake_new();
	pthread_mutex_init(&y->lock, NULL);
	publish(y, copy_of(NULL));
	thread_start(&y->thread, 0, sync_main, y, "sync");
	return y;
}

void sync_stop(struct sync *y)
{
	pthread_mutex_lock(&y->lock);
	y->ending = true;
	pthread_mutex_unlock(&y->lock);
	wake_up(y->wake);
	pthread_join(y->thread, NULL);
	pg_close(y->reader);
	actor_release(&y->actor);
	for (int i = 0; i < y->n_queue; i++)
		action_free(y->queue[i]);
	for (int i = 0; i < y->n_results; i++)
		block_unref(y->results[i].answer);
	snapshot_unref(y->last);
	snapshot_unref(y->next);
	snapshot_unref(y->published);
	reads_release(&y->reads);
	pthread_mutex_destroy(&y->lock);
	close(y->wake);
	close(y->notify);
	free(y);
}

int sync_fd(const struct sync *y)
{
	return y->notify;
}

struct snapshot *sync_take(struct sync *y)
{
	wake_take(y->notify);
	pthread_mutex_lock(&y->lock);
	struct snapshot *s = snapshot_ref(y->published);
	pthread_mutex_unlock(&y->lock);
	return s;
}

bool sync_result(struct sync *y, struct action_result *out)
{
	pthread_mutex_lock(&y->lock);
	bool any = y->n_results > 0, was_full = y->n_results == (int)ARRAY_SIZE(y->results);
	if (any) {
		*out = y->results[0];
		memmove(y->results, y->results + 1, sizeof *y->results * (size_t)--y->n_results);
	}
	pthread_mutex_unlock(&y->lock);
	if (was_full) /* actions may wait for room */
		wake_up(y->wake);
	return any;
}

void sync_want(struct sync *y, const struct want *want)
{
	pthread_mutex_lock(&y->lock);
	bool differs = memcmp(&y->want, want, sizeof *want) != 0;
	if (differs) {
		y->want = *want;
		y->want_changed = true;
		y->settled = false;
	}
	pthread_mutex_unlock(&y->lock);
	if (differs)
		wake_up(y->wake);
}

bool sync_act_take(struct sync *y, struct action *a)
{
	pthread_mutex_lock(&y->lock);
	bool fits = y->n_queue < (int)ARRAY_SIZE(y->queue);
	if (fits)
		y->queue[y->n_queue++] = a;
	y->settled = false;
	pthread_mutex_unlock(&y->lock);
	if (!fits)
		action_free(a);
	wake_up(y->wake);
	return fits;
}

void sync_hurry(struct sync *y)
{
	pthread_mutex_lock(&y->lock);
	y->hurry = true;
	pthread_mutex_unlock(&y->lock);
	wake_up(y->wake);
}

bool sync_is_settled(struct sync *y)
{
	pthread_mutex_lock(&y->lock);
	bool settled = y->settled;
	pthread_mutex_unlock(&y->lock);
	return settled;
}
