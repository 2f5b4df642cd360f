/*
 * One call of a provider: the request is built and sent, the answer is read (reader.h), and the
 * reader's verdict is the result of the call. Everything runs on the engine's thread, except
 * call_start (with the whole call of the null provider), call_is_possible, call_cancel and
 * call_free.
 */
#include "worker/llm/call.h"

#include "worker/llm/address.h"
#include "worker/llm/breaker.h"
#include "worker/llm/reader.h"
#include "worker/net/engine.h"
#include "worker/telemetry/trace.h"

#define REQUEST_MAX (16u << 20)
#define HEADERS_MAX 24 /* of these the operator may set 16 (provider_check.sql) */
#define URL_MAX 8000
#define HEADER_BYTES_MAX 8192 /* of one header of the operator, with its secrets */

struct call_private {
	const struct provider_ops *ops;
	const char *provider; /* name for the breakers; the job owns the string */
	struct job *job;
	struct call *call;
	struct live *into; /* NULL: the request has texts, not a prompt */
	const struct embed_ops *embed;
	struct embed_request texts;
	usec_t deadline;
	int first_byte_ms; /* 0: the worker's setting */
	struct reader reader;
	struct strbuf vector_body;
	struct secrets secrets; /* those that the request was sent with */
	usec_t started;
	size_t prompt_bytes;
};

/* Appends text of the answer to the live buffer, which other threads read. */
static void on_text(void *ctx, struct str text)
{
	struct call_private *p = ctx;
	struct live *live = p->into;
	if (p->call->ttft_ms < 0)
		p->call->ttft_ms = (int)((clock_mono() - p->started) / USEC_PER_MSEC);
	pthread_mutex_lock(&live->lock);
	strbuf_add(&live->text, text.ptr, text.len);
	pthread_mutex_unlock(&live->lock);
}

static int call_on_data(void *ctx, const struct net_response *r, struct str piece, struct err *err)
{
	struct call_private *p = ctx;
	bool is_vectors = p->embed != NULL && r->status >= 200 && r->status < 300;
	p->reader.scratch = r->scratch;
	if (!is_vectors) {
		int grace_ms = reader_feed(&p->reader, r->status, piece, err);
		/* no lock: only this thread writes it */
		if (p->into != NULL && p->into->text.broken)
			return err_set(err, ERR_TOO_BIG, "the answer is over %zu bytes", p->into->text.cap);
		return grace_ms;
	}
	strbuf_add(&p->vector_body, piece.ptr, piece.len);
	return p->vector_body.broken ? err_set(err, ERR_TOO_BIG, "the vectors are over %u bytes", EMBED_BODY_MAX) : 0;
}

static int call_judge_vectors(struct call_private *p, struct err *err)
{
	struct str body = { strbuf_text(&p->vector_body), p->vector_body.len };
	struct call *call = p->call;
	if (embed_read(p->embed, &p->texts, body, &p->reader.arena, &call->vectors, err) < 0)
		return -1;
	call->reply->usage.input = call->vectors.input_tokens;
	call->reply->usage.output = 0;
	snprintf(call->reply->model, sizeof call->reply->model, "%s", call->vectors.model);
	return 0;
}

/* Decides whether the call succeeded, and sets call->err. */
static void call_judge(struct call_private *p, const struct net_response *r, const struct err *net_err)
{
	struct call *call = p->call;
	if (p->embed != NULL && net_err == NULL && r->status >= 200 && r->status < 300) {
		call_judge_vectors(p, &call->err);
	} else {
		struct verdict v = reader_end(&p->reader, r->status, net_err);
		call->err = v.err;
		call->finish_reason = v.finish_reason;
		call->proof = v.proof;
		/* The reply has tool calls and no text, but no tool was offered. */
		if (v.err.code == ERR_OK && p->into != NULL && !p->reader.text.has_words && !call->reply->is_offered)
			err_set(&call->err, ERR_NO_ANSWER, "the model called a tool that nobody offered, and said nothing");
		/* text that was held back until now may be too much */
		if (p->into != NULL && p->into->text.broken)
			err_set(&call->err, ERR_TOO_BIG, "the answer is over %zu bytes", p->into->text.cap);
	}
}

static void call_on_header(void *ctx, const char *name, const char *value)
{
	struct call_private *p = ctx;
	reader_header(&p->reader, name, value);
}

/* Replaces counts that the provider did not state by our own estimate. The stated counts of a reply
 * that was cut are incomplete, so they are marked as estimated too. */
static void call_count_usage(struct call_private *p)
{
	struct call *call = p->call;
	struct usage *u = &call->reply->usage;
	int64_t said = (int64_t)((p->reader.text.bytes_in + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN);
	if (!call->may_be_billed)
		return;
	call->is_estimated = u->output < 0 || (u->output == 0 && said > 0 && p->embed == NULL) || u->input < 0 ||
	                     (p->embed == NULL && call->proof == NULL);
	if (u->output < 0 || (u->output == 0 && said > 0))
		u->output = said;
	if (u->input < 0)
		u->input = (int64_t)(p->prompt_bytes / BYTES_PER_TOKEN);
}

static void call_on_done(void *ctx, const struct net_response *r, const struct err *net_err)
{
	struct call_private *p = ctx;
	struct call *call = p->call;
	p->reader.scratch = r->scratch;
	call_judge(p, r, net_err);
	call->limits = p->reader.limits;
	call->generation_ms = (int)((clock_mono() - p->started) / USEC_PER_MSEC);
	/* A provider that answered with an error did not bill the call. A provider that streamed
	 * may bill it, and so may one that we stopped waiting for before its headers came. */
	bool left_alone = call->err.code == ERR_TIMEOUT_TTFT || call->err.code == ERR_TIMEOUT_IDLE ||
	                  call->err.code == ERR_TIMEOUT || err_class(call->err.code) >= ERR_RELEASE;
	call->may_be_billed = (r->status >= 200 && r->status < 300 && !p->reader.is_unbilled) || (r->status == 0 && left_alone);
	call_count_usage(p);
	snprintf(call->request_id, sizeof call->request_id, "%s", r->request_id[0] != '\0' ? r->request_id : call->reply->id);
	char *const said[] = { call->err.msg, call->request_id, call->reply->id, call->reply->model, call->reply->finish };
	for (size_t i = 0; i < ARRAY_SIZE(said); i++)
		secrets_blot(&p->secrets, said[i]);
	breakers_calling(p->job->services->breakers, p->provider, -1);
	job_wake(p->job, &call->is_done); /* from here on the job may free call and p */
}

/* The null provider's reply. It wakes the job before the job has parked: job.c remembers the
 * wake. */
static void answer_null(struct call_private *p)
{
	struct reply *reply = p->call->reply;
	snprintf(reply->finish, sizeof reply->finish, "stop");
	reply->on_text(reply->ctx, STR("null provider: no model was called"));
	call_on_done(p, &(struct net_response){ .status = 200 }, NULL);
}

static void build_chat(struct call_private *p, const struct request *request, const struct route *route, struct strbuf *path,
                       struct strbuf *body)
{
	struct prompt prompt = *request->prompt;
	prompt.model = route->model;
	prompt.context_tokens = route->context_tokens;
	p->ops->build(&prompt, body);
	if (p->ops->path != NULL)
		p->ops->path(&prompt, path);
}

/* Builds the URL and the body of the request. -1 with err. */
static int call_build(struct call_private *p, const struct request *request, const struct route *route, struct strbuf *url,
                      struct strbuf *body, struct err *err)
{
	struct strbuf path = STRBUF_INIT(400);
	if (p->embed != NULL) {
		p->embed->path(&p->texts, &path);
		p->embed->build(&p->texts, body);
	} else {
		build_chat(p, request, route, &path, body);
	}
	int result = address_url(p->ops, route->base_url, strbuf_text(&path), route->query, url, &p->secrets, err);
	p->prompt_bytes = body->len;
	if (result == 0 && (url->broken || path.broken))
		result = err_set(err, ERR_NOT_CONFIGURED, "the address is over %zu bytes", url->cap);
	bool broken = body->broken;
	strbuf_release(&path);
	if (result == 0 && broken)
		return err_set(err, ERR_TOO_BIG, "the request is over %u bytes", REQUEST_MAX);
	return result;
}

/* True when the key is sent: the operator has not set the same header. */
static bool needs_key(const struct provider_ops *ops, const struct route *route)
{
	return route->key_env != NULL && !address_sets(route->header, ops->key_header != NULL ? ops->key_header : "");
}

/* Makes all headers: ours, the key, the protocol's own and those of the operator. The caller wipes
 * and frees each string in `out`, also after an error. */
static int put_headers(struct call_private *p, const struct route *route, const struct span *span, char *out[HEADERS_MAX],
                       struct err *err)
{
	char key[SECRET_MAX], parent[TRACEPARENT_SIZE];
	const char *lines = route->header;
	struct strbuf b = STRBUF_INIT(HEADER_BYTES_MAX);
	int n = 0, more;
	if (needs_key(p->ops, route) || lines != NULL)
		strbuf_reserve(&b); /* full size now: growing would leave a copy of a secret in the heap */
	out[n++] = xstrdup("Content-Type: application/json");
	if (needs_key(p->ops, route)) {
		if (secret_read(route->key_env, key, &p->secrets, err) < 0) {
			strbuf_release(&b);
			return -1;
		}
		strbuf_addf(&b, "%s%s", p->ops->key_header != NULL ? p->ops->key_header : "", key);
		out[n++] = xstrdup(strbuf_text(&b));
		explicit_bzero(key, sizeof key);
	}
	for (size_t i = 0; p->ops->headers != NULL && p->ops->headers[i] != NULL; i++)
		if (!address_sets(lines, p->ops->headers[i]))
			out[n++] = xstrdup(p->ops->headers[i]);
	if (p->job->services->trace != NULL)
		out[n++] = xstrdup(span_header(span, parent));
	while ((more = address_header(&lines, &b, &p->secrets, err)) > 0 && n < HEADERS_MAX - 1)
		out[n++] = xstrdup(strbuf_text(&b));
	if (b.ptr != NULL)
		explicit_bzero(b.ptr, b.size);
	strbuf_release(&b);
	if (more == 0)
		return 0;
	return more < 0 ? -1 : err_set(err, ERR_NOT_CONFIGURED, "provider %.60s sets too many headers", route->provider);
}

static int send_request(struct call_private *p, const struct route *route, const struct span *span, const struct strbuf *url,
                        const struct strbuf *body, struct err *err)
{
	const struct options *o = p->job->services->options;
	char *headers[HEADERS_MAX] = { NULL };
	int result = put_headers(p, route, span, headers, err);
	usec_t left = (p->deadline - clock_mono()) / USEC_PER_MSEC;
	struct net_request net = {
		.url = strbuf_text(url),
		.headers = (const char *const *)headers,
		.body = { strbuf_text(body), body->len },
		.connect_ms = (int)o->connect_ms,
		.first_byte_ms = p->first_byte_ms > 0 ? p->first_byte_ms : (int)o->first_byte_ms,
		.idle_ms = (int)o->idle_ms,
		.total_ms = (int)MAX(left, 0),
		.handler = { .on_header = call_on_header, .on_data = call_on_data, .on_done = call_on_done, .ctx = p },
	};
	if (result == 0) {
		breakers_calling(p->job->services->breakers, p->provider, 1);
		p->call->transfer = net_submit(p->job->services->engine, &net);
	}
	for (int i = 0; headers[i] != NULL; i++) {
		explicit_bzero(headers[i], strlen(headers[i]));
		free(headers[i]);
	}
	return result;
}

static int find_embed(struct call_private *p, const struct request *request, const struct route *route, struct err *err)
{
	if (request->texts == NULL)
		return 0;
	p->embed = embed_find(route->protocol);
	if (p->embed == NULL)
		return err_set(err, ERR_NOT_CONFIGURED, "%.20s has no embeddings", route->protocol);
	if (request->n_texts > p->embed->texts_max)
		return err_set(err, ERR_TOO_BIG, "%d texts, and %s takes %d", request->n_texts, route->protocol,
		               p->embed->texts_max);
	p->texts = (struct embed_request){ .model = route->model, .texts = request->texts, .n_texts = request->n_texts };
	return 0;
}

/* Makes an empty call. */
static struct call *call_new(struct job *job, const struct request *request, const struct route *route,
                             const struct provider_ops *ops)
{
	struct call *call = xcalloc(1, sizeof *call);
	struct call_private *p = call->private = xcalloc(1, sizeof *p);
	p->ops = ops;
	p->provider = route->provider;
	p->job = job;
	p->call = call;
	p->into = request->texts == NULL ? request->into : NULL;
	p->deadline = request->deadline;
	p->first_byte_ms = request->first_byte_ms;
	p->started = clock_mono();
	p->vector_body = (struct strbuf)STRBUF_INIT(EMBED_BODY_MAX);
	p->secrets = (struct secrets)SECRETS_INIT(job->services->options->secret_names);
	reader_init(&p->reader, ops, clock_wall(), on_text, p);
	call->reply = &p->reader.reply;
	call->reply->is_offered = request->prompt != NULL && request->prompt->n_tools > 0;
	call->limits = p->reader.limits;
	call->ttft_ms = -1;
	return call;
}

struct call *call_start(struct job *job, const struct request *request, const struct route *route, const struct span *span,
                        struct err *err)
{
	const struct provider_ops *ops = provider_speaks(route->protocol);
	if (ops == NULL) {
		err_set(err, ERR_NOT_CONFIGURED, "this worker does not speak %.20s", route->protocol);
		return NULL;
	}
	struct call *call = call_new(job, request, route, ops);
	struct call_private *p = call->private;
	struct strbuf url = STRBUF_INIT(URL_MAX), body = STRBUF_INIT(REQUEST_MAX);
	if (route->query != NULL || strchr(route->base_url, '$') != NULL)
		strbuf_reserve(&url); /* full size now: growing would leave a copy of a secret in the heap */
	int result = find_embed(p, request, route, err);
	if (result == 0)
		result = call_build(p, request, route, &url, &body, err);
	if (result == 0 && ops->is_null) {
		breakers_calling(job->services->breakers, p->provider, 1);
		answer_null(p);
	} else if (result == 0) {
		result = send_request(p, route, span, &url, &body, err);
	}
	if (result < 0) {
		call_free(call);
		call = NULL;
	}
	if (url.ptr != NULL)
		explicit_bzero(url.ptr, url.len); /* its query may hold a secret */
	strbuf_release(&url);
	strbuf_release(&body);
	return call;
}

bool call_is_possible(const struct job *job, const struct route *route)
{
	const struct provider_ops *ops = provider_speaks(route->protocol);
	char key[SECRET_MAX];
	struct err err;
	if (ops == NULL || !needs_key(ops, route))
		return ops != NULL;
	struct secrets secrets = SECRETS_INIT(job->services->options->secret_names);
	bool has_key = secret_read(route->key_env, key, &secrets, &err) == 0;
	explicit_bzero(key, sizeof key);
	secrets_release(&secrets);
	return has_key;
}

void call_cancel(struct engine *engine, const struct call *call, enum err_code code)
{
	net_cancel(engine, call->transfer, code);
}

void call_free(struct call *call)
{
	if (call == NULL)
		return;
	reader_release(&call->private->reader);
	strbuf_release(&call->private->vector_body);
	secrets_release(&call->private->secrets);
	free(call->private);
	free(call);
}
