#include "worker/queue/claim.h"

#include <unistd.h>

#include "shared/json.h"
#include "shared/listen.h"
#include "shared/log.h"
#include "shared/pg.h"
#include "shared/thread.h"
#include "shared/vocab.h"
#include "shared/wake.h"
#include "sql_embed.h"
#include "worker/llm/intent.h"
#include "worker/llm/route.h"
#include "worker/telemetry/count.h"

#define BATCH_MAX 200
#define TIMEOUT_MS 10000
#define WAITS_MS 1000

static const int LOOK_AGAIN_MS[] = { 2, 20, 100 };

struct claim {
	pthread_t thread;
	const struct services *services;
	struct lease *lease;
	struct listen listen;
	struct pg *pg;
	int wake;
	int batch;     /* how many at once */
	bool in_doubt; /* a claim's answer was lost: the database may think we hold more than we know */
	atomic_bool ending;
	void (*on_watched)(void *);
	void *ctx;
};

static void add_known(struct job *job, void *ctx)
{
	pg_array_add(ctx, job->job_id);
}

/* Gives back at once what a lost answer may have left with us. */
static int disown(struct claim *c, const char *worker, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct strbuf known = STRBUF_INIT(4u << 20);
	struct rows r;
	jobs_each(c->services->jobs, add_known, &known);
	pg_array_end(&known);
	const char *params[] = { worker, strbuf_text(&known) };
	int result = pg_exec(c->pg, &a, "select signalbox.worker_disown($1, $2)", params, 2, TIMEOUT_MS, &r, err);
	if (result == 0 && rows_int(&r, 0, 0, 0) > 0)
		log_event(LOG_WARN, "gave back messages whose claim was not answered", "n=%lld",
		          (long long)rows_int(&r, 0, 0, 0));
	c->in_doubt = result < 0 || rows_int(&r, 0, 0, 0) < 0; /* some of it is locked by somebody else */
	strbuf_release(&known);
	arena_release(&a);
	return result;
}

/* [["user","…"],["assistant","…","gemini","…"],…] into the job's turns. */
static int read_turns(struct job *job, struct str text, struct err *err)
{
	const struct json *j;
	if (json_parse(&job->arena, text, 64u << 20, &j, err) < 0)
		return -1;
	job->turns = arena_alloc(&job->arena, sizeof *job->turns * (size_t)json_count(j));
	for (const struct json *pair = json_first(j); pair != NULL; pair = json_next(pair)) {
		const struct json *role = json_first(pair);
		const struct json *content = json_next(role), *whose = json_next(content);
		struct turn *t = &job->turns[job->n_turns++];
		*t = (struct turn){ .role = json_value(role).ptr, .content = json_value(content), .own = STR("") };
		if (whose == NULL)
			continue;
		char *protocol = arena_dup(&job->arena, json_value(whose).ptr, json_value(whose).len),
		     *at = strchr(protocol, '@');
		t->own_protocol = protocol;
		t->own = json_value(json_next(whose));
		if (at != NULL) {
			*at = '\0';
			t->own_provider = at + 1;
		}
	}
	return 0;
}

enum column {
	MESSAGE_ID,
	MESSAGE_UUID,
	JOB_ID,
	NUMBER,
	IS_WATCHED,
	AGENT,
	SYSTEM,
	MAX_TOKENS,
	TURNS,
	ON_CUT,
	IS_BUDGETED,
	TRACEPARENT,
	INTENT,
	ROUTES,
	PROVIDER,
	PROTOCOL,
	BASE_URL,
	KEY_ENV,
	MODEL,
	HEADER,
	QUERY,
	TEMPERATURE,
	TOP_P,
	REASONING
};
#define TAKE                                                                                                             \
	"select message_id, message_uuid, job_id, number, is_watched, agent, system_prompt, max_tokens, turns, on_cut, " \
	"is_budgeted, traceparent, intent, routes, provider, protocol, base_url, key_env, model, "                       \
	"header, query, temperature, top_p, reasoning "                                                                  \
	"from signalbox.take($1, $2, $3)"

static const char *field(struct job *job, const struct rows *r, int row, int col)
{
	const char *text = rows_at(r, row, col);
	return text != NULL ? arena_dup(&job->arena, text, strlen(text)) : NULL;
}

/* What routes_of.sql answered. */
static int read_routes(struct job *job, struct str text, struct err *err)
{
	const struct json *j;
	if (json_parse(&job->arena, text, 1u << 20, &j, err) < 0)
		return -1;
	job->routes = arena_alloc(&job->arena, sizeof *job->routes * (size_t)json_count(j));
	for (const struct json *x = json_first(j); x != NULL; x = json_next(x))
		job->routes[job->n_routes++] = route_read(x);
	return 0;
}

/* The agent's own provider, and nothing known against it. */
static void own_route(struct job *job, const struct rows *r, int i)
{
	if (rows_at(r, i, PROVIDER) == NULL || rows_at(r, i, MODEL) == NULL)
		return; /* the attempt fails and says so */
	job->routes = arena_alloc(&job->arena, sizeof *job->routes);
	job->n_routes = 1;
	*job->routes = (struct route){ .provider = field(job, r, i, PROVIDER),
		                       .protocol = field(job, r, i, PROTOCOL),
		                       .base_url = field(job, r, i, BASE_URL),
		                       .key_env = field(job, r, i, KEY_ENV),
		                       .header = field(job, r, i, HEADER),
		                       .query = field(job, r, i, QUERY),
		                       .model = field(job, r, i, MODEL) };
}

/* waits: rows of sql_worker_trace_waits, in any order, maybe none. */
static void begin_span(struct job *job, const char *traceparent, const struct rows *waits)
{
	job->span = span_attempt(traceparent, job->message_uuid, job->job_id);
	job->waited = -1;
	for (int i = 0; i < waits->n_rows; i++)
		if (rows_int(waits, i, 0, 0) == job->message_id) {
			job->waited = rows_int(waits, i, 1, -1);
			job->conversation = arena_dup(&job->arena, rows_at(waits, i, 2), strlen(rows_at(waits, i, 2)));
		}
}

/* The message is answered all the same. */
static void read_intent(struct job *job, const char *document)
{
	struct err err;
	if (document != NULL && intent_read(job, str_of(document), NULL, &err) < 0)
		log_event(LOG_WARN, "how to classify is not understood", "message=%lld code=%s", (long long)job->message_id,
		          err_name(err.code));
}

static void make_job(struct claim *c, const struct rows *r, int i, const struct rows *waits, const char *worker, usec_t asked)
{
	struct job *job = job_new(c->services);
	job->claimed = asked;
	job->message_id = rows_int(r, i, MESSAGE_ID, 0);
	snprintf(job->message_uuid, sizeof job->message_uuid, "%s", rows_at(r, i, MESSAGE_UUID));
	snprintf(job->job_id, sizeof job->job_id, "%s", rows_at(r, i, JOB_ID));
	snprintf(job->worker_key, sizeof job->worker_key, "%s", worker);
	job->number = (int)rows_int(r, i, NUMBER, 1);
	begin_span(job, rows_at(r, i, TRACEPARENT), waits);
	job->deadline = job->claimed + c->services->options->timeout_ms * USEC_PER_MSEC;
	job->agent = field(job, r, i, AGENT);
	job->system_prompt = field(job, r, i, SYSTEM);
	job->max_tokens = (int)rows_int(r, i, MAX_TOKENS, 0);
	job->temperature = field(job, r, i, TEMPERATURE);
	job->top_p = field(job, r, i, TOP_P);
	job->reasoning = field(job, r, i, REASONING);
	job->is_budgeted = rows_bool(r, i, IS_BUDGETED);
	job->keeps_cut = strcmp(rows_at(r, i, ON_CUT), "keep") == 0;
	if (rows_at(r, i, ROUTES) == NULL)
		own_route(job, r, i);
	else if (read_routes(job, str_of(rows_at(r, i, ROUTES)), &job->err) < 0)
		err_wrap(&job->err, "routes");
	if (rows_at(r, i, TURNS) == NULL || read_turns(job, str_of(rows_at(r, i, TURNS)), &job->err) < 0)
		err_set(&job->err, ERR_BAD_INPUT, "there is no message to answer"); /* its first stage fails with this */
	read_intent(job, rows_at(r, i, INTENT));
	if (rows_bool(r, i, IS_WATCHED)) {
		atomic_store(&job->live.watched, true);
		c->on_watched(c->ctx);
	}
	jobs_add_take(c->services->jobs, job);
}

/* How long they waited, and their sessions: only for spans. Without an answer the spans say less. */
static void ask_waits(struct claim *c, struct arena *a, const struct rows *taken, struct rows *out)
{
	struct strbuf ids = STRBUF_INIT(BATCH_MAX * 32);
	struct err err;
	*out = (struct rows){ 0 };
	if (c->services->trace == NULL || taken->n_rows == 0)
		return;
	for (int i = 0; i < taken->n_rows; i++)
		pg_array_add(&ids, rows_at(taken, i, MESSAGE_ID));
	pg_array_end(&ids);
	const char *params[] = { strbuf_text(&ids) };
	if (pg_exec(c->pg, a, sql_worker_trace_waits, params, 1, WAITS_MS, out, &err) < 0)
		log_event(LOG_WARN, "how long messages waited is not known", "code=%s", err_name(err.code));
	strbuf_release(&ids);
}

/* How many were taken; -1 with err. */
static int claim_some(struct claim *c, int slots, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct rows r = { 0 }, waits;
	char worker[40], n[16], timeout[32];
	if (listen_turn(&c->listen, &c->pg, err) < 0)
		return -1;
	if (!lease_key(c->lease, worker))
		return 0;
	if (c->in_doubt && disown(c, worker, err) < 0)
		return -1;
	snprintf(n, sizeof n, "%d", MIN(slots, c->batch));
	snprintf(timeout, sizeof timeout, "%lld ms", (long long)c->services->options->timeout_ms);
	const char *params[] = { worker, n, timeout };
	usec_t began = clock_mono();
	int result = pg_exec(c->pg, &a, TAKE, params, 3, TIMEOUT_MS, &r, err);
	if (result < 0 && (err->code == ERR_DB_DOWN || err->code == ERR_DB_TIMEOUT || err->code == ERR_TOO_BIG))
		c->in_doubt = true;
	/* So much was said in these conversations that one answer cannot carry them: fewer at a time. */
	c->batch = result < 0 && err->code == ERR_TOO_BIG ? MAX(1, c->batch / 8) : MIN(BATCH_MAX, c->batch * 2);
	if (result == 0) {
		count_add(c->services->counts, CLAIMS, 1, NULL);
		count_add(c->services->counts, CLAIMED, r.n_rows, NULL);
		count_add(c->services->counts, CLAIM_SECONDS, clock_mono() - began, NULL);
	}
	ask_waits(c, &a, &r, &waits);
	for (int i = 0; i < r.n_rows; i++)
		make_job(c, &r, i, &waits, worker, began);
	arena_release(&a);
	return result < 0 ? -1 : r.n_rows;
}

/* Sleeps until a notification, a freed slot, or ms. True for the first two. */
static bool wait_for_cause(struct claim *c, int ms)
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
	while (!atomic_load(&c->ending)) {
		int slots = (int)o->concurrency - jobs_messages(c->services->jobs);
		if (slots <= 0) {
			wait_for_cause(c, (int)o->poll_ms);
			empty = 0;
			continue;
		}
		int taken = claim_some(c, slots, &err);
		if (taken < 0) {
			if (!said)
				log_event(LOG_WARN, "cannot claim, trying again", "code=%s", err_name(err.code));
			said = true;
			wait_for_cause(c, (int)clock_jitter(pause_ms));
			pause_ms = MIN(pause_ms * 2, 2000);
			continue;
		}
		if (said)
			log_event(LOG_INFO, "claiming again", "worker=%s", c->services->worker_name);
		said = false;
		pause_ms = 100;
		empty = taken > 0 ? 0 : empty + 1;
		if (empty > 0)
			empty = wait_for_cause(c, empty <= ARRAY_SIZE(LOOK_AGAIN_MS) ? LOOK_AGAIN_MS[empty - 1] : (int)o->poll_ms)
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
	c->batch = BATCH_MAX;
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

void claim_slot_freed(struct claim *c)
{
	wake_up(c->wake);
}

void claim_stop(struct claim *c)
{
	atomic_store(&c->ending, true);
	claim_slot_freed(c);
	pthread_join(c->thread, NULL);
	pg_close(c->pg);
}
