#include "worker/api/waiters.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "shared/listen.h"
#include "shared/log.h"
#include "shared/pg.h"
#include "shared/thread.h"
#include "shared/vocab.h"
#include "shared/wake.h"
#include "sql_embed.h"
#include "worker/api/events.h"
#include "worker/api/shares.h"

#define TIMEOUT_MS 5000
#define LOOK_MAX 256                          /* messages of one statement */
#define TEXTS_MAX 1024                        /* the same, for texts */
#define TOLD_MAX 4096                         /* notifications that are remembered; what is over is found by asking */
#define TEXT_USEC (100 * USEC_PER_MSEC)       /* between two readings of texts */
#define POSITION_USEC USEC_PER_SEC            /* between two looks at the position of a stream's message; longer */
#define POSITIONS_MAX 500                     /* where there are more than so many, so that no more are looked at in a second */
#define SURE_USEC (5 * USEC_PER_SEC)          /* between two looks when notifications arrive */
#define UNSURE_USEC (300 * USEC_PER_MSEC)     /* the same when they do not */
#define AWAIT_USEC (20 * USEC_PER_SEC)        /* between two renewals of `awaited`, which lasts 60 s */
#define COMMENT_USEC (10 * USEC_PER_SEC)      /* of silence; contract */
#define PATIENCE_USEC (3 * USEC_PER_SEC)      /* after its time a client is answered without the database */
#define IDLE_USEC (30 * USEC_PER_SEC)         /* then the connection is closed */
#define TOKENS_USEC (5 * USEC_PER_SEC)        /* between two looks at the tokens */
#define FETCH_BYTES (8 << 20)                 /* of answers in one statement */
#define PART_MAX (64 << 10)                   /* bytes of an answer that are fetched for a stream at a time */

struct waiters {
	pthread_t thread;
	int wake;
	struct shares shares;
	atomic_bool ending;
	pthread_mutex_t lock; /* guards `fresh` */
	struct list fresh;
	/* used by the thread only */
	struct list all;
	int n;
	struct listen listen;
	struct pg *pg;
	usec_t text_at, await_at, tokens_at, used_at;
	/* The messages of the last notifications: a message may end before its client begins to wait. */
	int64_t told[TOLD_MAX];
	unsigned n_told;
	bool is_away; /* the database did not answer, and that was logged */
};

/* ---------------------------------------------------------------- those who wait */

static void waiter_free(struct waiters *w, struct waiter *one)
{
	list_remove(&one->link);
	w->n--;
	share_give(&w->shares, one->share);
	free(one->document);
	free(one->tools);
	free(one);
}

static void waiter_add(struct waiters *w, struct waiter *one)
{
	pthread_mutex_lock(&w->lock);
	list_push(&w->fresh, &one->link);
	pthread_mutex_unlock(&w->lock);
	wake_up(w->wake);
}

struct share *waiters_share(struct waiters *w, const struct request *request)
{
	return share_take(&w->shares, request->token);
}

void waiters_unshare(struct waiters *w, struct share *share)
{
	if (share != NULL)
		share_give(&w->shares, share);
}

void waiters_add(struct waiters *w, struct share *share, struct request *request, struct reply_http *reply, int64_t message,
                 const char *document, usec_t until)
{
	struct waiter *one = xcalloc(1, sizeof *one);
	one->message = message;
	one->share = share;
	one->request = request;
	one->reply = reply;
	one->document = xstrdup(document);
	one->until = until;
	one->look_at = MIN(until, clock_mono() + UNSURE_USEC); /* a notification comes before, as a rule */
	waiter_add(w, one);
}

void waiters_stream(struct waiters *w, const struct request *request, struct reply_http *reply, int64_t message, int number, size_t at)
{
	struct share *share = share_take(&w->shares, request->token);
	if (share == NULL) {
		reply_error(reply, 503, "busy", "this token has as many streams as this worker gives it: ask for the status");
		reply_header(reply, "Retry-After", "5");
		return;
	}
	struct waiter *one = xcalloc(1, sizeof *one);
	reply->status = 200;
	reply->type = "text/event-stream; charset=utf-8";
	reply->feed = feed_new();
	reply_header(reply, "X-Accel-Buffering", "no");
	one->message = message;
	one->share = share;
	one->feed = reply->feed;
	one->number = number;
	one->at = at;
	one->said_at = clock_mono();
	feed_add(one->feed, STR("retry: 1000\n: \n\n"));
	waiter_add(w, one);
}

static void waiter_answer(struct waiters *w, struct waiter *one, int status)
{
	one->reply->status = status;
	strbuf_str(&one->reply->body, one->document);
	strbuf_char(&one->reply->body, '\n');
	request_answer(one->request);
	waiter_free(w, one);
}

static void waiter_refuse(struct waiters *w, struct waiter *one)
{
	reply_error(one->reply, 401, "unauthorized", "this token was revoked, or has expired, while the request waited");
	reply_header(one->reply, "WWW-Authenticate", "Bearer");
	request_answer(one->request);
	waiter_free(w, one);
}

static void stream_end(struct waiters *w, struct waiter *one)
{
	feed_end(one->feed);
	waiter_free(w, one);
}

/* ---------------------------------------------------------------- what the database says */

/* The row of a message; the rows stand in the order of their messages. -1: there is none. */
static int rows_find(const struct rows *r, int col, int64_t message)
{
	int low = 0, high = r->n_rows;
	while (low < high) {
		int middle = (low + high) / 2;
		if (rows_int(r, middle, col, 0) < message)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->n_rows && rows_int(r, low, col, 0) == message ? low : -1;
}

/* True: it has ended, and the rest of its answer is wanted. */
static bool look_at_stream(struct waiters *w, struct waiter *one, const struct rows *r, int row)
{
	const char *document = rows_at(r, row, COL_HTTP_LOOK_DOCUMENT), *mark = rows_at(r, row, COL_HTTP_LOOK_MARK);
	int64_t bytes = rows_int(r, row, COL_HTTP_LOOK_BYTES, -1);
	int number = (int)rows_int(r, row, COL_HTTP_LOOK_NUMBER, 0);
	usec_t now = clock_mono(), pace = listen_works(&w->listen) ? SURE_USEC : UNSURE_USEC;
	one->is_running = rows_bool(r, row, COL_HTTP_LOOK_IS_RUNNING);
	if (feed_room(one->feed) < PIECE_ROOM) { /* its client is slow */
		one->look_at = now + TEXT_USEC;
		return false;
	}
	event_tools(one, rows_at(r, row, COL_HTTP_LOOK_TOOLS));
	if (!rows_bool(r, row, COL_HTTP_LOOK_IS_ENDED)) {
		if (strcmp(one->mark, mark) != 0)
			event_document(one, "status", document, false);
		snprintf(one->mark, sizeof one->mark, "%s", mark);
		one->look_at = now + (one->is_running ? pace : POSITION_USEC * MAX(1, w->n / POSITIONS_MAX));
		return false;
	}
	if (bytes >= 0 && one->number != number)
		event_attempt(one, number, bytes > 0);
	if (bytes > 0 && one->at != (size_t)bytes) {
		one->look_at = now;
		return true;
	}
	event_document(one, bytes >= 0 ? "done" : "error", document, bytes >= 0);
	stream_end(w, one);
	return false;
}

static void look_at_waiter(struct waiters *w, struct waiter *one, const struct rows *r, int row)
{
	one->is_told = rows_bool(r, row, COL_HTTP_LOOK_IS_ENDED);
	if (one->is_told)
		return;
	free(one->document);
	one->document = xstrdup(rows_at(r, row, COL_HTTP_LOOK_DOCUMENT));
	if (clock_mono() >= one->until)
		waiter_answer(w, one, 202);
	else
		one->look_at = MIN(one->until, clock_mono() + (listen_works(&w->listen) ? SURE_USEC : UNSURE_USEC));
}

/* Writes the numbers of the messages of n waiters as an array. */
static void put_messages(struct strbuf *b, struct waiter *const *some, int n)
{
	for (int i = 0; i < n; i++)
		pg_array_int(b, some[i]->message);
	pg_array_end(b);
}

/* The same for how many bytes their clients have. */
static void put_places(struct strbuf *b, struct waiter *const *some, int n)
{
	for (int i = 0; i < n; i++)
		pg_array_int(b, (int64_t)MIN(some[i]->at, (size_t)INT32_MAX));
	pg_array_end(b);
}

/* Answers n waiters with the documents of their messages, as many as one statement fetches. Those whose message has not
 * ended, or is gone, are looked at next; the others come again. */
static int say_ends(struct waiters *w, struct waiter *const *some, int n, struct err *err)
{
	struct strbuf ids = STRBUF_INIT(65536);
	struct arena a = ARENA_INIT;
	struct rows r;
	char max[16];
	put_messages(&ids, some, n);
	snprintf(max, sizeof max, "%d", FETCH_BYTES);
	const char *params[] = { strbuf_text(&ids), max };
	int result = pg_exec(w->pg, &a, sql_worker_http_documents, params, 2, TIMEOUT_MS, &r, err);
	int64_t last = result == 0 && r.n_rows > 0 ? rows_int(&r, r.n_rows - 1, COL_HTTP_DOCUMENTS_MESSAGE_ID, 0) : INT64_MAX;
	for (int i = 0; result == 0 && i < n; i++) {
		int row = rows_find(&r, COL_HTTP_DOCUMENTS_MESSAGE_ID, some[i]->message);
		if (row < 0) {
			some[i]->is_told = some[i]->message > last;
			continue;
		}
		free(some[i]->document);
		some[i]->document = xstrdup(rows_at(&r, row, COL_HTTP_DOCUMENTS_DOCUMENT));
		waiter_answer(w, some[i], 200);
	}
	strbuf_release(&ids);
	arena_release(&a);
	return result;
}

/* Sends n streams more of their messages' answers. */
static int say_answers(struct waiters *w, struct waiter *const *some, int n, struct err *err)
{
	struct strbuf ids = STRBUF_INIT(65536), ats = STRBUF_INIT(65536);
	struct arena a = ARENA_INIT;
	struct rows r;
	char max[12];
	put_messages(&ids, some, n);
	put_places(&ats, some, n);
	snprintf(max, sizeof max, "%d", PART_MAX);
	const char *params[] = { strbuf_text(&ids), strbuf_text(&ats), max };
	int result = pg_exec(w->pg, &a, sql_worker_http_answers, params, 3, TIMEOUT_MS, &r, err);
	for (int i = 0, row = 0; result == 0 && i < n && row < r.n_rows; i++) {
		if (rows_int(&r, row, COL_HTTP_ANSWERS_MESSAGE_ID, 0) != some[i]->message)
			continue;
		size_t from = (size_t)rows_int(&r, row, COL_HTTP_ANSWERS_AT_BYTE, 0);
		if (from != some[i]->at)
			event_attempt(some[i], some[i]->number, true);
		event_text(some[i], some[i]->number, from, str_of(rows_at(&r, row++, COL_HTTP_ANSWERS_TEXT)));
	}
	strbuf_release(&ids);
	strbuf_release(&ats);
	arena_release(&a);
	return result;
}

/* Looks at n waiters' messages, in one statement, and then fetches what is wanted of the streams that have ended. */
static int look_at_some(struct waiters *w, struct waiter *const *some, int n, struct err *err)
{
	struct strbuf ids = STRBUF_INIT(65536);
	struct arena a = ARENA_INIT;
	struct rows r;
	struct waiter *streams[LOOK_MAX];
	int n_streams = 0;
	put_messages(&ids, some, n);
	const char *params[] = { strbuf_text(&ids) };
	int result = pg_exec(w->pg, &a, sql_worker_http_look, params, 1, TIMEOUT_MS, &r, err);
	for (int i = 0; result == 0 && i < n; i++) {
		int row = rows_find(&r, COL_HTTP_LOOK_MESSAGE_ID, some[i]->message);
		if (row < 0 && some[i]->feed != NULL) /* deleted meanwhile */
			stream_end(w, some[i]);
		else if (row < 0)
			waiter_answer(w, some[i], 202);
		else if (some[i]->feed != NULL)
			n_streams += look_at_stream(w, streams[n_streams] = some[i], &r, row);
		else
			look_at_waiter(w, some[i], &r, row);
	}
	if (result == 0 && n_streams > 0)
		result = say_answers(w, streams, n_streams, err);
	strbuf_release(&ids);
	arena_release(&a);
	return result;
}

/* Takes waiters that are due, told or not, those first that were taken longest ago. */
static int take_due(struct waiters *w, bool is_told, struct waiter **some)
{
	int n = 0;
	usec_t now = clock_mono();
	for (struct list *l = w->all.next; l != &w->all && n < LOOK_MAX; l = l->next) {
		struct waiter *one = list_entry(l, struct waiter, link);
		if (one->is_told == is_told && (is_told || one->look_at <= now))
			some[n++] = one;
	}
	for (int i = 0; i < n; i++) {
		list_remove(&some[i]->link);
		list_push(&w->all, &some[i]->link);
	}
	return n;
}

/* First whom an answer is there for. */
static int look(struct waiters *w, struct err *err)
{
	struct waiter *some[LOOK_MAX];
	int n = take_due(w, true, some);
	int result = n > 0 ? say_ends(w, some, n, err) : 0;
	n = result == 0 ? take_due(w, false, some) : 0;
	return n > 0 ? look_at_some(w, some, n, err) : result;
}

static int texts_of(struct waiters *w, struct waiter *const *some, int n, struct err *err)
{
	struct strbuf ids = STRBUF_INIT(1u << 16), numbers = STRBUF_INIT(1u << 16), ats = STRBUF_INIT(1u << 16);
	struct arena a = ARENA_INIT;
	struct rows r;
	put_messages(&ids, some, n);
	put_places(&ats, some, n);
	for (int i = 0; i < n; i++)
		pg_array_int(&numbers, some[i]->number);
	pg_array_end(&numbers);
	const char *params[] = { strbuf_text(&ids), strbuf_text(&numbers), strbuf_text(&ats) };
	int result = pg_exec(w->pg, &a, sql_worker_http_texts, params, 3, TIMEOUT_MS, &r, err);
	/* The rows stand in the order of the waiters; a message that does not run has none. */
	for (int i = 0, row = 0; result == 0 && i < n && row < r.n_rows; i++) {
		if (rows_int(&r, row, COL_HTTP_TEXTS_MESSAGE_ID, 0) != some[i]->message)
			continue;
		const char *text = rows_at(&r, row, COL_HTTP_TEXTS_TEXT);
		if (!some[i]->is_running)
			some[i]->look_at = 0;
		event_tools(some[i], rows_at(&r, row, COL_HTTP_TEXTS_TOOLS));
		if (text != NULL)
			event_text(some[i], (int)rows_int(&r, row, COL_HTTP_TEXTS_NUMBER, 0),
			         (size_t)rows_int(&r, row, COL_HTTP_TEXTS_AT_BYTE, 0), str_of(text));
		row++;
	}
	strbuf_release(&ids);
	strbuf_release(&numbers);
	strbuf_release(&ats);
	arena_release(&a);
	return result;
}

/* Renews the rows that have others tell us, and write texts. */
static int await(struct waiters *w, bool is_stream, struct err *err)
{
	struct strbuf ids = STRBUF_INIT(1u << 20);
	int result = 0;
	for (struct list *l = w->all.next; l != &w->all; l = l->next) {
		const struct waiter *one = list_entry(l, struct waiter, link);
		if ((one->feed != NULL) == is_stream)
			pg_array_int(&ids, one->message);
	}
	if (ids.len > 0) {
		pg_array_end(&ids);
		const char *params[] = { strbuf_text(&ids), is_stream ? "t" : "f" };
		result = pg_exec(w->pg, NULL, sql_worker_http_await, params, 2, TIMEOUT_MS, NULL, err);
	}
	strbuf_release(&ids);
	return result;
}

/* Reads the texts of the messages that run. */
static int texts(struct waiters *w, struct err *err)
{
	struct waiter *some[TEXTS_MAX];
	int n = 0, result = 0;
	for (struct list *l = w->all.next; l != &w->all && result == 0; l = l->next) {
		struct waiter *one = list_entry(l, struct waiter, link);
		if (one->feed != NULL && feed_room(one->feed) >= PIECE_ROOM)
			some[n++] = one;
		if (n == TEXTS_MAX) {
			result = texts_of(w, some, n, err);
			n = 0;
		}
	}
	return n > 0 && result == 0 ? texts_of(w, some, n, err) : result;
}

/* Asks which of the tokens do not count any more: whoever waits with them is let go, see care(). */
static int ask_tokens(struct waiters *w, struct err *err)
{
	struct strbuf tokens = STRBUF_INIT(1u << 20);
	struct arena a = ARENA_INIT;
	struct rows r;
	if (!shares_put(&w->shares, &tokens))
		return 0;
	const char *params[] = { strbuf_text(&tokens) };
	int result = pg_exec(w->pg, &a, sql_worker_http_refused, params, 1, TIMEOUT_MS, &r, err);
	for (struct list *l = w->all.next; result == 0 && l != &w->all; l = l->next) {
		struct share *share = list_entry(l, struct waiter, link)->share;
		for (int i = 0; i < r.n_rows && !share->is_refused; i++)
			share->is_refused = strcmp(share->token, rows_at(&r, i, COL_HTTP_REFUSED_TOKEN)) == 0;
	}
	strbuf_release(&tokens);
	arena_release(&a);
	return result;
}

/* ---------------------------------------------------------------- the thread */

/* Is among the last n of the remembered notifications. */
static bool was_told(const struct waiters *w, int64_t message, unsigned n)
{
	for (unsigned i = 0; i < MIN(n, (unsigned)TOLD_MAX); i++)
		if (w->told[(w->n_told - 1 - i) % TOLD_MAX] == message)
			return true;
	return false;
}

static void waiter_told(struct waiter *one)
{
	one->look_at = 0;
	one->is_told = one->feed == NULL;
}

/* Takes the notifications that have arrived: their messages are due. */
static void take_told(struct waiters *w)
{
	char payload[64];
	unsigned n = 0;
	while (w->pg != NULL && !pg_is_broken(w->pg) && listen_take(&w->listen, w->pg, payload)) {
		w->told[w->n_told++ % TOLD_MAX] = strtoll(payload, NULL, 10);
		n++;
	}
	for (struct list *l = w->all.next; n > 0 && l != &w->all; l = l->next) {
		struct waiter *one = list_entry(l, struct waiter, link);
		if (was_told(w, one->message, n))
			waiter_told(one);
	}
}

static void waiters_take_fresh(struct waiters *w)
{
	pthread_mutex_lock(&w->lock);
	while (!list_is_empty(&w->fresh)) {
		struct waiter *one = list_entry(w->fresh.next, struct waiter, link);
		list_remove(&one->link);
		list_push(&w->all, &one->link);
		if (was_told(w, one->message, MIN(w->n_told, (unsigned)TOLD_MAX)))
			waiter_told(one);
		w->n++;
	}
	pthread_mutex_unlock(&w->lock);
}

/* Asked once a second: the library does not watch a connection whose request is parked. */
static bool has_left(struct waiter *one, usec_t now)
{
	if (now - one->seen_at < USEC_PER_SEC)
		return false;
	one->seen_at = now;
	return request_is_gone(one->request);
}

/* Sends comments to silent streams, lets go those whose client has left, and answers those whose time is over
 * although the database does not answer. Returns when to come back. */
static usec_t care(struct waiters *w)
{
	usec_t now = clock_mono(), next = now + USEC_PER_SEC;
	for (struct list *l = w->all.next, *after; l != &w->all; l = after) {
		struct waiter *one = list_entry(l, struct waiter, link);
		after = l->next;
		if (one->feed != NULL && (one->share->is_refused || feed_is_gone(one->feed))) {
			stream_end(w, one); /* if it comes again, it is told why */
			continue;
		}
		if (one->share->is_refused) {
			waiter_refuse(w, one);
			continue;
		}
		if (one->feed == NULL && (now > one->until + PATIENCE_USEC || has_left(one, now))) {
			waiter_answer(w, one, 202);
			continue;
		}
		if (one->feed != NULL && now - one->said_at >= COMMENT_USEC && feed_room(one->feed) > 100) {
			feed_add(one->feed, STR(": \n\n"));
			one->said_at = now;
		}
		next = MIN(next, one->is_told ? now : one->look_at);
		if (one->feed != NULL)
			next = MIN(next, w->text_at + TEXT_USEC);
	}
	return MAX(next, now + USEC_PER_MSEC);
}

static int waiters_turn(struct waiters *w, struct err *err)
{
	usec_t now = clock_mono();
	bool is_new = w->pg == NULL;
	if (listen_turn(&w->listen, &w->pg, err) < 0)
		return -1;
	for (struct list *l = w->all.next; is_new && l != &w->all; l = l->next)
		list_entry(l, struct waiter, link)->look_at = 0; /* what was told before is unknown */
	take_told(w);
	if (look(w, err) < 0)
		return -1;
	if (now - w->text_at >= TEXT_USEC) {
		w->text_at = now;
		if (texts(w, err) < 0)
			return -1;
	}
	if (now - w->await_at >= AWAIT_USEC) {
		if (await(w, false, err) < 0 || await(w, true, err) < 0)
			return -1;
		w->await_at = now;
	}
	if (now - w->tokens_at >= TOKENS_USEC) {
		w->tokens_at = now;
		if (ask_tokens(w, err) < 0)
			return -1;
	}
	take_told(w); /* what came with the answers of these statements */
	return 0;
}

static void *waiters_main(void *arg)
{
	struct waiters *w = arg;
	const char *news;
	struct err err;
	while (!atomic_load(&w->ending)) {
		waiters_take_fresh(w);
		usec_t until = clock_mono() + IDLE_USEC;
		if (w->n > 0) {
			w->used_at = clock_mono();
			int result = waiters_turn(w, &err);
			if ((result < 0) != w->is_away)
				log_event(LOG_WARN, result < 0 ? "clients wait for the database" : "clients are served again", "n=%d",
				          w->n);
			w->is_away = result < 0;
			until = care(w);
			if (result < 0)
				until = clock_mono() + UNSURE_USEC;
		} else if (w->pg != NULL && clock_mono() - w->used_at > IDLE_USEC) {
			pg_close(w->pg);
			w->pg = NULL;
		}
		listen_sleep(&w->pg, w->wake, (int)(MAX(until - clock_mono(), 0) / USEC_PER_MSEC));
		if ((news = listen_news(&w->listen)) != NULL)
			log_event(LOG_INFO, news, "room=waiters");
	}
	return NULL;
}

struct waiters *waiters_start(const struct options *o, int max_of_token)
{
	struct waiters *w = xcalloc(1, sizeof *w);
	shares_init(&w->shares, max_of_token);
	w->listen = (struct listen){ .listen_url = o->listen_url,
		                     .database_url = o->database_url,
		                     .application = "signalbox-worker waiters",
		                     .options = "-c statement_timeout=4s",
		                     .channel = CHANNEL_ENDED,
		                     .timeout_ms = TIMEOUT_MS };
	list_init(&w->fresh);
	list_init(&w->all);
	pthread_mutex_init(&w->lock, NULL);
	w->wake = wake_new();
	thread_start(&w->thread, 0, waiters_main, w, "waiters");
	return w;
}

void waiters_stop(struct waiters *w)
{
	atomic_store(&w->ending, true);
	wake_up(w->wake);
	pthread_join(w->thread, NULL);
	waiters_take_fresh(w);
	while (!list_is_empty(&w->all)) {
		struct waiter *one = list_entry(w->all.next, struct waiter, link);
		if (one->feed != NULL)
			stream_end(w, one);
		else
			waiter_answer(w, one, 202);
	}
	pg_close(w->pg);
	close(w->wake);
	shares_release(&w->shares);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
