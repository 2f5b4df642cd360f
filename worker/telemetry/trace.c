/*
 * Callers format a span themselves and hold the lock only to append it to the queue. Once a second
 * the thread takes the whole queue, sends it, and waits for the answer with a deadline; meanwhile
 * the queue fills again, at most to its cap. After 429, 502, 503, 504 or a network error the batch
 * is sent again later; after any other status but 200 it is dropped.
 */
#include "worker/telemetry/trace.h"

#include <pthread.h>
#include <strings.h>

#include "shared/clock.h"
#include "shared/json.h"
#include "shared/log.h"
#include "shared/thread.h"
#include "shared/version.h"
#include "worker/net/engine.h"
#include "worker/telemetry/count.h"

#define EVERY_USEC USEC_PER_SEC
#define QUEUE_BYTES (4u << 20)
#define SPAN_BYTES 8192
#define ANSWER_BYTES 65536
#define TRIES 6
#define TOTAL_MS 10000
#define PAUSE_MAX (30 * USEC_PER_SEC)

struct trace {
	pthread_t thread;
	struct engine *engine;
	struct counts *counts;
	char url[600], header[600], worker[96];
	pthread_mutex_t lock; /* guards the fields below, except retry_after_ms and answer */
	pthread_cond_t some;
	struct strbuf queue; /* spans, separated by commas */
	int n_queued;
	bool is_ending;
	usec_t give_up; /* if is_ending: the deadline */
	/* Of the transfer in progress. The engine thread writes retry_after_ms and answer without
	 * the lock, before is_done; the trace thread reads them after. */
	bool is_done;
	int status, retry_after_ms;
	struct strbuf answer;
};

static const char *const REASONS[] = { "ending", "full", "refused", "rejected", "too_big", "unreachable" };

/* Creates the series at start, with 0: if a series appeared with its first drops, Prometheus would
 * see no increase. */
static void count_nothing(struct counts *c)
{
	count_add(c, OTLP_SPANS, 0, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(REASONS); i++)
		count_add(c, OTLP_DROPPED, 0, REASONS[i]);
}

static void trace_drop(struct trace *t, int n, const char *why)
{
	if (n > 0)
		count_add(t->counts, OTLP_DROPPED, n, why);
}

/* ---------------------------------------------------------------- on the engine's thread */

static void trace_on_header(void *ctx, const char *name, const char *value)
{
	struct trace *t = ctx;
	int seconds = atoi(value);
	if (strcasecmp(name, "retry-after") == 0 && seconds > 0 && seconds < 86400)
		/* No lock: the trace thread reads this only after is_done. */
		t->retry_after_ms = seconds * 1000;
}

static int trace_on_data(void *ctx, const struct net_response *r, struct str piece, struct err *err)
{
	struct trace *t = ctx;
	(void)r;
	(void)err;
	/* No lock: the trace thread reads this only after is_done. */
	strbuf_add(&t->answer, piece.ptr, MIN(piece.len, ANSWER_BYTES - t->answer.len));
	return 0;
}

static void trace_on_done(void *ctx, const struct net_response *r, const struct err *err)
{
	struct trace *t = ctx;
	pthread_mutex_lock(&t->lock);
	t->is_done = true;
	t->status = err != NULL ? 0 : r->status;
	pthread_cond_signal(&t->some);
	pthread_mutex_unlock(&t->lock);
}

/* ---------------------------------------------------------------- sending */

static void put_attribute(struct strbuf *b, const char *key, const char *value)
{
	strbuf_addf(b, "%s{\"key\":\"%s\",\"value\":{", b->ptr[b->len - 1] == '[' ? "" : ",", key);
	json_put_field(b, "stringValue", value);
	strbuf_str(b, "}}");
}

static void put_request(const struct trace *t, struct strbuf *b, const struct strbuf *spans)
{
	strbuf_str(b, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
	put_attribute(b, "service.name", "signalbox-worker");
	put_attribute(b, "service.version", SIGNALBOX_VERSION);
	put_attribute(b, "service.instance.id", t->worker);
	strbuf_str(b, "]},\"scopeSpans\":[{\"scope\":{\"name\":\"signalbox\",\"version\":\"" SIGNALBOX_VERSION "\"},"
	              "\"schemaUrl\":\"https://opentelemetry.io/schemas/1.41.0\",\"spans\":[");
	strbuf_add(b, strbuf_text(spans), spans->len);
	strbuf_str(b, "]}]}]}");
}

/* One try. Returns the status of the answer, 0 if there was none. */
static int send_once(struct trace *t, const struct strbuf *body)
{
	const char *headers[] = { "Content-Type: application/json", t->header[0] != '\0' ? t->header : NULL, NULL };
	struct net_request request = { .url = t->url,
		                       .headers = headers,
		                       .body = { strbuf_text(body), body->len },
		                       .connect_ms = 5000,
		                       .first_byte_ms = TOTAL_MS,
		                       .idle_ms = TOTAL_MS,
		                       .total_ms = TOTAL_MS,
		                       .handler = { trace_on_header, trace_on_data, trace_on_done, t } };
	bool is_cancelled = false;
	t->is_done = false; /* no lock: no transfer is in progress */
	strbuf_clear(&t->answer);
	t->retry_after_ms = -1;
	uint64_t transfer = net_submit(t->engine, &request);
	pthread_mutex_lock(&t->lock);
	while (!t->is_done) {
		usec_t now = clock_mono();
		if (t->is_ending && now >= t->give_up && !is_cancelled) {
			is_cancelled = true;
			pthread_mutex_unlock(&t->lock);
			net_cancel(t->engine, transfer, ERR_SHUTDOWN);
			pthread_mutex_lock(&t->lock);
			continue;
		}
		/* The wait ends: on_done is called in any case, also after net_cancel(). */
		cond_wait_until(&t->some, &t->lock, is_cancelled || !t->is_ending ? now + USEC_PER_SEC : t->give_up);
	}
	pthread_mutex_unlock(&t->lock);
	return t->status;
}

/* Counts the n spans of a batch that got a 200: the answer may say that some were rejected. */
static void read_answer(struct trace *t, int n)
{
	struct arena a = ARENA_INIT;
	const struct json *j = NULL;
	struct err err;
	struct str text = { strbuf_text(&t->answer), t->answer.len }, number;
	int64_t rejected = 0;
	if (text.len > 0 && json_parse(&a, text, ANSWER_BYTES, &j, &err) == 0 &&
	    !json_int(j, "partialSuccess.rejectedSpans", &rejected) && json_str(j, "partialSuccess.rejectedSpans", &number))
		rejected = atoll(arena_dup(&a, number.ptr, number.len));
	rejected = MIN(MAX(rejected, 0), n);
	trace_drop(t, (int)rejected, "rejected");
	count_add(t->counts, OTLP_SPANS, n - rejected, NULL);
	arena_release(&a);
}

static bool is_transient(int status)
{
	return status == 0 || status == 429 || (status >= 502 && status <= 504);
}

/* Waits before the next try, but not beyond give_up. False if there is no time for another try. */
static bool nap(struct trace *t, usec_t pause)
{
	usec_t asked = t->retry_after_ms >= 0 ? t->retry_after_ms * USEC_PER_MSEC : 0;
	usec_t until = clock_mono() + MIN(MAX(asked, clock_jitter(pause)), PAUSE_MAX);
	bool is_time = true;
	pthread_mutex_lock(&t->lock);
	for (usec_t now; is_time && (now = clock_mono()) < until;) {
		cond_wait_until(&t->some, &t->lock, t->is_ending ? MIN(until, t->give_up) : until);
		is_time = !t->is_ending || clock_mono() < t->give_up;
	}
	pthread_mutex_unlock(&t->lock);
	return is_time;
}

static void send_batch(struct trace *t, const struct strbuf *spans, int n)
{
	struct strbuf body = STRBUF_INIT(QUEUE_BYTES + SPAN_BYTES);
	usec_t pause = USEC_PER_SEC;
	int status = 0;
	put_request(t, &body, spans);
	for (int i = 0; i < TRIES; i++) {
		status = send_once(t, &body);
		if (!is_transient(status) || i == TRIES - 1 || !nap(t, pause))
			break;
		pause *= 2;
	}
	if (status == 200)
		read_answer(t, n);
	else
		trace_drop(t, n, is_transient(status) ? "unreachable" : "refused");
	if (status != 200)
		log_event(LOG_WARN, "spans were not taken, dropped", "n=%d status=%d", n, status);
	strbuf_release(&body);
}

static void *trace_main(void *arg)
{
	struct trace *t = arg;
	pthread_mutex_lock(&t->lock);
	while (!t->is_ending || t->n_queued > 0) {
		usec_t until = clock_mono() + EVERY_USEC;
		while (!t->is_ending && clock_mono() < until)
			cond_wait_until(&t->some, &t->lock, until);
		if (t->n_queued == 0)
			continue;
		struct strbuf spans = t->queue;
		int n = t->n_queued;
		t->queue = (struct strbuf)STRBUF_INIT(QUEUE_BYTES);
		t->n_queued = 0;
		pthread_mutex_unlock(&t->lock);
		send_batch(t, &spans, n);
		strbuf_release(&spans);
		pthread_mutex_lock(&t->lock);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* ---------------------------------------------------------------- on the callers' threads */

static void enqueue(struct trace *t, const struct strbuf *span, int n)
{
	const char *why = NULL;
	pthread_mutex_lock(&t->lock);
	if (span->broken)
		why = "too_big";
	else if (t->is_ending)
		why = "ending";
	else if (t->queue.len + span->len + 1 > QUEUE_BYTES - 1)
		why = "full";
	if (why == NULL) {
		if (t->queue.len > 0)
			strbuf_char(&t->queue, ',');
		strbuf_add(&t->queue, strbuf_text(span), span->len);
		t->n_queued += n;
	}
	pthread_mutex_unlock(&t->lock);
	if (why != NULL)
		trace_drop(t, n, why);
}

void trace_call(struct trace *t, const struct span *span, const struct call_span *call)
{
	struct strbuf b = STRBUF_INIT(SPAN_BYTES);
	if (t == NULL || !span->is_sampled)
		return;
	span_json_call(&b, span, call, clock_wall());
	enqueue(t, &b, 1);
	strbuf_release(&b);
}

void trace_message(struct trace *t, const struct span *span, const struct message_span *message)
{
	struct strbuf b = STRBUF_INIT(SPAN_BYTES);
	if (t == NULL || !span->is_sampled)
		return;
	span_json_message(&b, span, message, clock_wall());
	enqueue(t, &b, message->waited >= 0 ? 2 : 1);
	strbuf_release(&b);
}

void trace_work(struct trace *t, const struct span *span, const struct work_span *work)
{
	struct strbuf b = STRBUF_INIT(SPAN_BYTES);
	if (t == NULL)
		return;
	span_json_work(&b, span, work, clock_wall());
	enqueue(t, &b, 1);
	strbuf_release(&b);
}

void trace_tool(struct trace *t, const struct span *span, const struct tool_facts *tool)
{
	struct strbuf b = STRBUF_INIT(SPAN_BYTES);
	if (t == NULL || !span->is_sampled)
		return;
	span_json_tool(&b, span, tool, clock_wall());
	enqueue(t, &b, 1);
	strbuf_release(&b);
}

void trace_run(struct trace *t, const struct span *span, const struct run_facts *run)
{
	struct strbuf b = STRBUF_INIT(SPAN_BYTES);
	if (t == NULL || !span->is_sampled)
		return;
	span_json_run(&b, span, run, clock_wall());
	enqueue(t, &b, 1);
	strbuf_release(&b);
}

struct trace *trace_start(const char *endpoint, const char *header, const char *worker_name, struct engine *engine,
                          struct counts *counts)
{
	static const char path[] = "/v1/traces";
	struct trace *t = xcalloc(1, sizeof *t);
	size_t n = strlen(endpoint);
	while (n > 0 && endpoint[n - 1] == '/')
		n--;
	bool is_whole = n > sizeof path && strncmp(endpoint + n - (sizeof path - 1), path, sizeof path - 1) == 0;
	snprintf(t->url, sizeof t->url, "%.*s%s", (int)n, endpoint, is_whole ? "" : path);
	snprintf(t->header, sizeof t->header, "%s", header);
	snprintf(t->worker, sizeof t->worker, "%s", worker_name);
	t->engine = engine;
	t->counts = counts;
	count_nothing(counts);
	t->queue = (struct strbuf)STRBUF_INIT(QUEUE_BYTES);
	t->answer = (struct strbuf)STRBUF_INIT(ANSWER_BYTES + 1);
	pthread_mutex_init(&t->lock, NULL);
	cond_init_mono(&t->some);
	thread_start(&t->thread, 0, trace_main, t, "trace");
	return t;
}

void trace_stop(struct trace *t, int give_up_ms)
{
	if (t == NULL)
		return;
	pthread_mutex_lock(&t->lock);
	t->is_ending = true;
	t->give_up = clock_mono() + give_up_ms * USEC_PER_MSEC;
	pthread_cond_signal(&t->some);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	strbuf_release(&t->queue);
	strbuf_release(&t->answer);
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->some);
	free(t);
}
