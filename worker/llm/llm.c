/*
 * One attempt: the routes in order, a few calls of each. The table in shared/err.h (ACT_…) has what
 * follows a failed call: a retry, the next route, or the end. When the first call succeeds, only
 * its figures are recorded. Each failed call, and each route that was not called, is written into
 * the chain, so that the last error does not hide the first cause. Runs on the stage thread that
 * has the job; calls and sleeps wake the job.
 */
#include "worker/llm/llm.h"

#include "shared/json.h"
#include "shared/log.h"
#include "worker/llm/breaker.h"
#include "worker/llm/call.h"
#include "worker/llm/intent.h"
#include "worker/llm/report.h"
#include "worker/llm/turns.h"
#include "worker/net/engine.h"
#include "worker/telemetry/facts.h"
#include "worker/telemetry/trace.h"

#define CHAIN_MAX 65536
/* longest wait of a message for a breaker; then a claim checks whether the breaker lets it in */
#define HELD_WAIT_MS 5000
/* wait after a rate limit that states no wait */
#define UNSAID_WAIT_MS 1000
/* wait of a message whose probe failed: the message may be the cause, so others probe first */
#define PROBE_REST_MS 150000
/* wait of a message that this worker has no key for */
#define LACK_REST_MS 5000
/* while another route is open: longest wait before the one quick retry, ours or the provider's */
#define QUICK_MS 150
/* attempts in which a failed probe burns no try; after them the message itself may be the cause */
#define FREE_PROBES 30

struct llm {
	struct job *job;
	int at;               /* index of the current route */
	int calls_of;         /* calls made of this route in this attempt */
	enum err_code before; /* how the call before the last one of this route ended; ERR_OK: there was none */
	int n_calls;          /* calls made of all routes */
	struct call *call;    /* in flight, or the last one */
	struct span span;     /* span of `call` */
	bool is_judged;       /* the end of `call` was handled */
	bool is_sleeping;
	atomic_bool is_awake;
	uint64_t sleep;
	struct strbuf chain; /* elements of a JSON array */
	struct err first;    /* the first failure, the cause; `rest` has the later ones */
	char rest[120];      /* "; then groq: overloaded" */
	int told;            /* last route whose failure is in `first` or `rest`; from 1 */
	bool any_retry, any_wait, any_permanent;
	/* this worker lacks a route's key: the message waits until the key is there or another
	 * worker takes it */
	bool any_lack;
	bool was_probe;     /* a probe failed: the fleet's test whether a provider is back */
	int wait_ms;        /* shortest wait that a route asked for */
	size_t spoken_from; /* where in job->live.text the text of this call, or these calls, begins */
	/* index of the first turn that is sent: the turns before it do not fit the route's
	 * window */
	int first_turn;
};

/* The conversation for a route. A turn keeps its native form only if it came from this provider;
 * the turns of other providers are sent in the general form. */
static const struct turn *turns_for(struct llm *l, const struct route *r)
{
	const struct prompt *p = &l->job->prompt;
	struct turn *out = arena_alloc(&l->job->arena, sizeof *out * (size_t)p->n_turns);
	for (int i = 0; i < p->n_turns; i++) {
		out[i] = p->turns[i];
		if (out[i].own_provider == NULL || strcmp(out[i].own_provider, r->provider) != 0) {
			out[i].own_protocol = NULL;
			out[i].native = STR("");
		}
	}
	return out;
}

static struct llm *llm_new(struct job *job)
{
	struct llm *l = xcalloc(1, sizeof *l);
	l->job = job;
	l->chain = (struct strbuf)STRBUF_INIT(CHAIN_MAX);
	l->spoken_from = job->live.text.len;
	return l;
}

static const struct route *route_of(const struct llm *l)
{
	return &l->job->routes[l->at];
}

static void on_awake(void *ctx, const struct net_response *r, const struct err *err)
{
	struct llm *l = ctx;
	(void)r;
	(void)err;
	job_wake(l->job, &l->is_awake);
}

static void start_sleep(struct llm *l, int64_t ms)
{
	l->is_sleeping = true;
	atomic_store(&l->is_awake, false);
	l->sleep = net_sleep(l->job->services->engine, ms, &(struct net_handler){ .on_done = on_awake, .ctx = l });
}

/* Writes a failed call, or (c NULL) a route that was not called, into the chain. */
static void note(struct llm *l, const struct route *r, const struct call *c, const struct err *err)
{
	struct strbuf *b = &l->chain;
	strbuf_str(b, b->len > 0 ? ",{" : "{");
	report_put_route(b, r, c);
	report_put_error(b, err);
	if (err->wait_ms > 0)
		json_put_int_field(b, "wait_ms", err->wait_ms);
	if (c != NULL) {
		json_put_int_field(b, "call", l->n_calls);
		json_put_int_field(b, "ms", c->generation_ms);
		report_put_usage(b, c);
	}
	if (r->is_probe)
		strbuf_str(b, ",\"is_probe\":true");
	strbuf_char(b, '}');
}

/* Remembers a failure for the end of the attempt. The first one is the cause; of the failures of
 * later routes only the provider and the error's name are kept. */
static void llm_remember(struct llm *l, const struct route *r, const struct err *err)
{
	enum err_class class = err_class(err->code);
	if (class == ERR_RETRY && r->is_probe && l->job->number <= FREE_PROBES)
		l->was_probe = true;
	else if (err->code == ERR_NO_KEY)
		l->any_lack = true;
	else
		l->any_retry |= class == ERR_RETRY;
	l->any_permanent |= class == ERR_PERMANENT;
	l->any_wait |= class == ERR_WAIT;
	if (class == ERR_WAIT) {
		/* A wait that is longer than patience_ms parks the model. The message itself waits
		 * HELD_WAIT_MS at most, because the agent's chain may be repaired meanwhile. */
		int ms = err->wait_ms > 0 ? err->wait_ms : UNSAID_WAIT_MS;
		ms = ms > l->job->services->options->patience_ms ? MIN(ms, HELD_WAIT_MS) : ms;
		l->wait_ms = l->wait_ms == 0 ? ms : MIN(l->wait_ms, ms);
	}
	if (l->told == l->at + 1)
		return;
	l->told = l->at + 1;
	if (l->first.code == ERR_OK) {
		l->first = *err;
		if (l->job->n_routes > 1)
			err_wrap(&l->first, "%.40s", r->provider);
		return;
	}
	size_t n = strlen(l->rest);
	snprintf(l->rest + n, sizeof l->rest - n, "%s%.40s: %s", n == 0 ? "; then " : ", ", r->provider, err_name(err->code));
}

static bool has_spoken(const struct job *job)
{
	return job->live.text.len > job->llm->spoken_from; /* no lock: no thread writes while no call is in flight */
}

static int acts_of(const struct call *c)
{
	return limits_acts(&c->limits, err_acts(c->err.code));
}

/* Refused by a rate limit that states no wait. */
static bool is_unsaid(const struct err *err)
{
	return err->code == ERR_RATE_LIMITED && err->wait_ms == 0;
}

/* True when a later route can be called if this one fails. */
static bool has_other(const struct llm *l)
{
	const struct job *job = l->job;
	for (int i = l->at + 1; i < job->n_routes; i++) {
		const struct route *r = &job->routes[i];
		if (r->skip == NULL && (r->is_probe || breakers_held(job->services->breakers, r, job->claimed) <= 0) &&
		    call_is_possible(job, r))
			return true;
	}
	return false;
}

static bool is_silence(const struct err *err)
{
	return err->code == ERR_TIMEOUT_CONNECT || err->code == ERR_TIMEOUT_TTFT || err->code == ERR_TIMEOUT_IDLE;
}

/* Milliseconds before the same route is called again; -1: it is not called again. When another
 * route is open and the agent has not set `retries`, there is one retry at most, soon (QUICK_MS): a
 * person waits for the answer, and the other route can give it. */
static int64_t wait_before_again(const struct llm *l, const struct err *err)
{
	const struct job *job = l->job;
	const struct options *o = job->services->options;
	if (is_unsaid(err)) /* the database chooses the fleet's wait (report_calls.sql) */
		return -1;
	bool is_quick = job->retries < 0 && has_other(l);
	int64_t retries = job->retries >= 0 ? job->retries : is_quick ? MIN(o->retries, 1) : o->retries;
	if ((acts_of(l->call) & ACT_AGAIN) == 0 || l->calls_of > retries || route_of(l)->is_probe ||
	    (is_quick && is_silence(err)) || breakers_held(job->services->breakers, route_of(l), job->claimed) > 0)
		return -1;
	int64_t longest = is_quick ? QUICK_MS : o->patience_ms;
	int64_t ours = is_quick ? MIN(o->retry_wait_ms, QUICK_MS / 2) : o->retry_wait_ms << MIN(l->calls_of - 1, 10);
	int64_t ms = err->wait_ms > 0 ? err->wait_ms : clock_jitter(ours);
	if (ms > longest || clock_mono() + ms * USEC_PER_MSEC >= job->deadline)
		return -1;
	return ms;
}

/* No call of the route was made yet. */
static void begin_route(struct llm *l)
{
	l->calls_of = 0;
	l->before = ERR_OK;
}

static void next_route(struct llm *l)
{
	l->at++;
	begin_route(l);
}

static void report(const struct llm *l)
{
	const struct call_about about = { .operation = "chat",
		                          .max_tokens = l->job->prompt.max_tokens,
		                          .resend = l->calls_of - 1,
		                          .is_refused_again = l->before == ERR_RATE_LIMITED };
	report_call(l->job, route_of(l), l->call, &l->span, &about);
}

/* Handles a failed call: starts the sleep before a retry, or moves on to the next route. False: the
 * attempt ends. */
static bool go_on(struct llm *l)
{
	const struct call *c = l->call;
	enum err_class class = err_class(c->err.code);
	l->is_judged = true;
	report(l);
	if (class == ERR_GONE || class == ERR_RELEASE) {
		l->first = c->err;
		l->rest[0] = '\0';
		l->any_retry = l->any_wait = false;
		return false;
	}
	l->before = c->err.code;
	note(l, route_of(l), c, &c->err);
	llm_remember(l, route_of(l), &c->err);
	if (has_spoken(l->job))
		return false;
	/* The budget reserved the cost of one call: after one that may be billed there is no other in this
	 * attempt, but the next attempt may go on with the next route. */
	if (l->job->is_budgeted && c->may_be_billed) {
		l->any_retry |= (err_acts(c->err.code) & ACT_NEXT) && l->at + 1 < l->job->n_routes;
		return false;
	}
	int64_t ms = wait_before_again(l, &c->err);
	if (ms >= 0) {
		log_event(LOG_INFO, "calling again", "message=%lld provider=%s code=%s call=%d ms=%lld",
		          (long long)l->job->message_id, route_of(l)->provider, err_name(c->err.code), l->calls_of,
		          (long long)ms);
		facts_retry(l->job->services->counts, l->job->agent, route_of(l)->provider, route_of(l)->model, c->err.code);
		start_sleep(l, ms);
		return true;
	}
	if ((err_acts(c->err.code) & ACT_NEXT) == 0)
		return false;
	next_route(l);
	return true;
}

/* Records a route that was not called, and gives back its probe, so that another message can make
 * it. */
static void not_called(struct llm *l, const struct route *r, const struct err *err)
{
	note(l, r, NULL, err);
	llm_remember(l, r, err);
	if (r->is_probe)
		breakers_probed(l->job->services->breakers, r, l->job->job_id, -1, err);
}

/* Skips a route. ms: time until it may be called; 0: waiting does not help. */
static void pass_over(struct llm *l, const struct route *r, const char *why, int64_t ms)
{
	struct err err;
	err_set(&err, ms > 0 ? ERR_BREAKER_OPEN : ERR_NOT_CONFIGURED, "not called: %.100s", why);
	err.wait_ms = (int)MIN(ms, HELD_WAIT_MS);
	not_called(l, r, &err);
}

/* Bytes of conversation that fit the route's window beside the system prompt and the answer;
 * SIZE_MAX: the window is not known. */
static size_t room_of(const struct llm *l, const struct route *r)
{
	const struct job *job = l->job;
	size_t window = (size_t)r->context_tokens * BYTES_PER_TOKEN, answer = (size_t)job->prompt.max_tokens * BYTES_PER_TOKEN;
	size_t taken = answer + (job->prompt.system != NULL ? strlen(job->prompt.system) : 0);
	return r->context_tokens == 0 ? SIZE_MAX : window > taken ? window - taken : 0;
}

/* True when the route is skipped because the whole conversation, by our estimate, does not fit its
 * window but fits the window of a later route. When it fits no later window, the route is called
 * with the turns that fit. */
static bool is_too_small(const struct llm *l, const struct route *r)
{
	size_t needed = turns_bytes(l->job->prompt.turns, l->job->prompt.n_turns);
	if (needed <= room_of(l, r))
		return false;
	for (int i = l->at + 1; i < l->job->n_routes; i++)
		if (l->job->routes[i].skip == NULL && room_of(l, &l->job->routes[i]) >= needed)
			return true;
	return false;
}

/* Calls the next route that may be called. False: there is none. */
static bool call_next(struct llm *l)
{
	struct job *job = l->job;
	struct prompt prompt = job->prompt;
	const struct request request = {
		.prompt = &prompt, .into = &job->live, .first_byte_ms = job->first_byte_ms, .deadline = job->deadline
	};
	for (; l->at < job->n_routes; next_route(l)) {
		const struct route *r = route_of(l);
		int64_t held = r->is_probe ? 0 : breakers_held(job->services->breakers, r, job->claimed);
		struct err err = { .code = ERR_OK };
		if (r->skip != NULL || held > 0) {
			pass_over(l, r, r->skip != NULL ? r->skip : "its breaker opened", MAX(held, r->skip_ms));
			continue;
		}
		if (is_too_small(l, r)) {
			pass_over(l, r, "its window is too small for this conversation", 0);
			continue;
		}
		l->first_turn = turns_first(job->prompt.turns, job->prompt.n_turns, room_of(l, r));
		prompt.turns = turns_for(l, r) + l->first_turn;
		prompt.n_turns = job->prompt.n_turns - l->first_turn;
		call_free(l->call);
		l->is_judged = false;
		if (job->services->trace != NULL) /* an id costs a system call */
			l->span = span_child(&job->span);
		l->call = call_start(job, &request, r, &l->span, &err);
		if (l->call != NULL) {
			if (l->at > 0 && l->calls_of == 0)
				facts_fallback(job->services->counts, job->routes[l->at - 1].provider, r->provider,
				               l->first.code);
			job->called = r;
			l->calls_of++;
			l->n_calls++;
			return true;
		}
		not_called(l, r, &err);
		if ((err_acts(err.code) & ACT_NEXT) == 0)
			break;
	}
	return false;
}

/* Gives back probes that were granted to this attempt but will not be called, so that another
 * message can make them. */
static void give_back_from(const struct job *job, int first)
{
	for (int i = first; i < job->n_routes; i++)
		if (job->routes[i].is_probe)
			breakers_probed(job->services->breakers, &job->routes[i], job->job_id, -1, NULL);
}

static void give_probes_back(const struct llm *l)
{
	give_back_from(l->job, l->at + (l->calls_of > 0));
}

bool llm_asks_for_tools(const struct job *job)
{
	const struct call *c = job->llm->call;
	return job->prompt.n_tools > 0 && c->reply->n_calls > 0 &&
	       (c->finish_reason == NULL || strcmp(c->finish_reason, "tool_calls") == 0);
}

struct llm_said llm_said(const struct job *job)
{
	const struct llm *l = job->llm;
	const struct reply *r = l->call->reply;
	struct llm_said said = { .calls = r->calls,
		                 .n_calls = r->n_calls,
		                 .text = { strbuf_text(&job->live.text) + l->spoken_from, job->live.text.len - l->spoken_from },
		                 .native = { strbuf_text(&r->native), r->native.len },
		                 .protocol = job->called->protocol,
		                 .provider = job->called->provider };
	for (int i = 0; i < r->n_calls; i++)
		if (r->calls[i].bad.len > 0) /* another vendor's parser, and this one's, may refuse it */
			said.native = STR("");
	return said;
}

void llm_again(struct job *job, const char *kind)
{
	struct llm *l = job->llm;
	struct strbuf *b = &l->chain;
	strbuf_str(b, b->len > 0 ? ",{" : "{");
	json_put_field(b, "kind", kind); /* charge.sql: no answer was lost */
	report_put_route(b, route_of(l), l->call);
	json_put_int_field(b, "call", l->n_calls);
	json_put_int_field(b, "ms", l->call->generation_ms);
	report_put_usage(b, l->call);
	strbuf_char(b, '}');
	job->routes[l->at].is_probe = false; /* its result is reported */
	l->first = (struct err){ .code = ERR_OK };
	l->rest[0] = '\0';
	l->told = 0;
	l->spoken_from = job->live.text.len;
	begin_route(l);
}

void llm_not_begun(const struct job *job)
{
	if (job->llm == NULL)
		give_back_from(job, 0);
}

static enum step fail(struct llm *l, struct err *err)
{
	struct job *job = l->job;
	enum err_class class = err_class(l->first.code);
	/* When an answer was cut, the class of the last error decides: the refusal of an earlier
	 * route is no reason against a new attempt. */
	enum err_class last = l->call != NULL ? err_class(l->call->err.code) : class;
	give_probes_back(l);
	*err = l->first;
	if (l->rest[0] != '\0') {
		size_t n = strnlen(err->msg, sizeof err->msg - sizeof l->rest);
		snprintf(err->msg + n, sizeof err->msg - n, "%s", l->rest);
	}
	err->wait_ms = 0;
	if (class == ERR_GONE || class == ERR_RELEASE)
		job->disposition = class;
	else if (has_spoken(job))
		job->disposition = job->keeps_cut ? ERR_PERMANENT : last == ERR_WAIT ? ERR_RETRY : last;
	else
		job->disposition = l->any_retry || l->was_probe       ? ERR_RETRY
		                   : l->any_wait                      ? ERR_WAIT
		                   : l->any_lack && !l->any_permanent ? ERR_RETRY
		                                                      : ERR_PERMANENT;
	if (job->disposition == ERR_WAIT)
		err->wait_ms = l->wait_ms;
	else if (job->disposition == ERR_RETRY && l->was_probe && !l->any_retry && !has_spoken(job))
		err->wait_ms = PROBE_REST_MS;
	else if (job->disposition == ERR_RETRY && l->any_lack && !l->any_retry && !has_spoken(job))
		err->wait_ms = LACK_REST_MS;
	return STEP_FAIL;
}

static enum step no_route(const struct job *job, struct err *err)
{
	err_set(err, ERR_NOT_CONFIGURED, "agent %s has no provider or no model: signalbox agent %s set provider=… model=…",
	        job->agent, job->agent);
	return STEP_FAIL;
}

enum step llm_step(struct job *job, struct err *err)
{
	if (job->n_routes == 0)
		return no_route(job, err);
	if (job->llm == NULL)
		job->llm = llm_new(job);
	struct llm *l = job->llm;
	for (;;) {
		int stop = atomic_load(&job->stop);
		if (l->is_sleeping) {
			if (!atomic_load(&l->is_awake)) {
				if (stop != ERR_OK)
					net_cancel(job->services->engine, l->sleep, (enum err_code)stop);
				return STEP_PARK;
			}
			l->is_sleeping = false;
		}
		if (l->call != NULL && !l->is_judged) {
			if (!atomic_load(&l->call->is_done)) {
				if (stop != ERR_OK)
					call_cancel(job->services->engine, l->call, (enum err_code)stop);
				return STEP_PARK;
			}
			if (l->call->err.code == ERR_OK) {
				l->is_judged = true;
				report(l);
				give_probes_back(l);
				return STEP_NEXT;
			}
			if (!go_on(l))
				return fail(l, err);
			continue;
		}
		if (stop != ERR_OK) {
			err_set(&l->first, (enum err_code)stop, "before the call");
			l->rest[0] = '\0';
			return fail(l, err);
		}
		if (!call_next(l))
			return fail(l, err);
	}
}

static void llm_put_chain(const struct job *job, struct strbuf *b)
{
	const struct llm *l = job->llm;
	struct strbuf first = STRBUF_INIT(4096);
	bool has_more = l != NULL && l->chain.len > 0 && !l->chain.broken;
	intent_put_call(job, &first);
	if (first.len > 0 || has_more) {
		json_put_key(b, "chain");
		strbuf_addf(b, "[%s%s%s]", strbuf_text(&first), first.len > 0 && has_more ? "," : "",
		            has_more ? strbuf_text(&l->chain) : "");
	}
	strbuf_release(&first);
}

void llm_put(const struct job *job, struct strbuf *b)
{
	const struct llm *l = job->llm;
	if (l != NULL && l->call != NULL) {
		report_put_route(b, job->called, l->call);
		report_put_usage(b, l->call);
		if (l->call->ttft_ms >= 0)
			json_put_int_field(b, "ttft_ms", l->call->ttft_ms);
		json_put_int_field(b, "generation_ms", l->call->generation_ms);
		json_put_int_field(b, "n_calls", l->n_calls);
		if (l->call->finish_reason != NULL)
			json_put_field(b, "finish_reason", l->call->finish_reason);
		if (l->call->proof != NULL)
			json_put_field(b, "proof", l->call->proof);
		if (l->call->err.code == ERR_OK && !job->is_rewritten && l->spoken_from == 0 && l->call->reply->native.len > 0) {
			char own[120];
			snprintf(own, sizeof own, "%.20s@%.90s", job->called->protocol, job->called->provider);
			json_put_field(b, "own_protocol", own);
			json_put_field(b, "own_turn", strbuf_text(&l->call->reply->native));
		}
	}
	llm_put_chain(job, b);
}

static void llm_put_turn(struct strbuf *b, const struct turn *t)
{
	strbuf_addf(b, "%s{\"role\":\"%s\",\"content\":", b->ptr[b->len - 1] == '[' ? "" : ",", t->role);
	json_put_str(b, t->content);
	if (t->call_name != NULL)
		json_put_field(b, "tool", t->call_name);
	if (t->n_calls > 0)
		strbuf_str(b, ",\"tool_calls\":[");
	for (int i = 0; i < t->n_calls; i++) {
		strbuf_str(b, i > 0 ? ",{" : "{");
		json_put_field(b, "name", t->calls[i].name);
		json_put_key(b, "arguments");
		json_put_str(b, t->calls[i].arguments);
		strbuf_char(b, '}');
	}
	strbuf_str(b, t->n_calls > 0 ? "]}" : "}");
}

void llm_put_context(const struct job *job, struct strbuf *b)
{
	const struct llm *l = job->llm;
	strbuf_char(b, '{');
	if (job->called != NULL) {
		json_put_field(b, "provider", job->called->provider);
		json_put_field(b, "model", job->called->model);
	}
	json_put_field(b, "system_prompt", job->prompt.system);
	strbuf_str(b, ",\"messages\":[");
	for (int i = l != NULL ? l->first_turn : 0; i < job->prompt.n_turns; i++)
		llm_put_turn(b, &job->prompt.turns[i]);
	strbuf_char(b, ']');
	for (int i = 0; i < job->prompt.n_tools; i++)
		strbuf_addf(b, "%s\"%s\"%s", i == 0 ? ",\"tools\":[" : ",", job->prompt.tools[i].name,
		            i + 1 == job->prompt.n_tools ? "]" : "");
	strbuf_char(b, '}');
}

void llm_free(struct job *job)
{
	if (job->llm == NULL)
		return;
	call_free(job->llm->call);
	strbuf_release(&job->llm->chain);
	free(job->llm);
	job->llm = NULL;
}
