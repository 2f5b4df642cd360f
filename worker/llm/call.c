/*
 * One call of a provider. A 200 is not success: each protocol has its proof that the reply is whole, and a stream that ends without it is
 * `truncated`, never an answer. Everything here runs on the engine's thread, but for call_start, call_cancel and call_free.
 */
#include "worker/llm/call.h"

#include <strings.h>

#include "worker/llm/breaker.h"
#include "worker/llm/classify.h"
#include "worker/net/engine.h"
#include "worker/telemetry/trace.h"

#define ERROR_BODY_MAX 65536
#define REQUEST_MAX (16u << 20)
#define KEY_MAX 2048 /* tokens of cloud identities are about 1.5 kB */

struct call_private {
	const struct provider_ops *ops;
	const char *provider; /* the job's, as the breakers know it */
	struct job *job;
	struct call *call;
	struct live *into; /* NULL: vectors were asked for */
	const struct embed_ops *embed;
	struct embed_request texts;
	usec_t deadline;
	struct splitter split;
	struct strbuf error_body, vector_body;
	struct arena arena; /* of the reply */
	usec_t started;
	size_t prompt_bytes, text_bytes;
	bool is_begun; /* the body's kind is known */
};

static const struct provider_ops *const PROVIDERS[] = { &provider_ollama, &provider_openai, &provider_anthropic, &provider_gemini,
	                                                &provider_null };

/* Text of the answer: into the live buffer, where whoever asked finds it. */
static void on_text(void *ctx, struct str text)
{
	struct call_private *p = ctx;
	struct live *live = p->into;
	if (p->call->ttft_ms < 0)
		p->call->ttft_ms = (int)((clock_mono() - p->started) / USEC_PER_MSEC);
	p->text_bytes += text.len;
	pthread_mutex_lock(&live->lock);
	strbuf_add(&live->text, text.ptr, text.len);
	pthread_mutex_unlock(&live->lock);
}

static int on_event(void *ctx, const char *name, struct str data, struct err *err)
{
	struct call_private *p = ctx;
	struct arena a = ARENA_INIT;
	int result = p->ops->feed(&p->call->reply, &a, name, data, err);
	arena_release(&a);
	return result;
}

static int begin_body(struct call_private *p, const struct net_response *r, struct err *err)
{
	p->is_begun = true;
	if (strcmp(r->content_type, "application/json") == 0 && p->ops->stream == SPLIT_SSE)
		split_init(&p->split, SPLIT_WHOLE); /* a proxy or a cache may answer whole although a stream was asked for */
	else if (strcmp(r->content_type, p->ops->stream_type) == 0 || strcmp(r->content_type, "application/json") == 0)
		split_init(&p->split, p->ops->stream);
	else
		return err_set(err, ERR_BAD_REPLY, "the answer is %.40s, not %s",
		               r->content_type[0] != '\0' ? r->content_type : "of no type", p->ops->stream_type);
	return 0;
}

static int on_data(void *ctx, const struct net_response *r, struct str piece, struct err *err)
{
	struct call_private *p = ctx;
	if (r->status != 200) {
		size_t room = ERROR_BODY_MAX - p->error_body.len;
		strbuf_add(&p->error_body, piece.ptr, MIN(piece.len, room));
		return 0;
	}
	if (p->embed != NULL) {
		strbuf_add(&p->vector_body, piece.ptr, piece.len);
		return p->vector_body.broken ? err_set(err, ERR_TOO_BIG, "the vectors are over %u bytes", EMBED_BODY_MAX) : 0;
	}
	if (!p->is_begun && begin_body(p, r, err) < 0)
		return -1;
	if (split_feed(&p->split, piece, on_event, p, err) < 0)
		return -1;
	if (p->into->text.broken) /* only this thread writes it */
		return err_set(err, ERR_TOO_BIG, "the answer is over %zu bytes", p->into->text.cap);
	return 0;
}

static int judge_vectors(struct call_private *p, struct err *err)
{
	struct str body = { strbuf_text(&p->vector_body), p->vector_body.len };
	struct call *call = p->call;
	if (embed_read(p->embed, &p->texts, body, &p->arena, &call->vectors, err) < 0)
		return -1;
	call->reply.usage.input = call->vectors.input_tokens;
	call->reply.usage.output = 0;
	snprintf(call->reply.model, sizeof call->reply.model, "%s", call->vectors.model);
	return 0;
}

/* The body came to its end: is it a whole answer? */
static int judge(struct call_private *p, const struct net_response *r, struct err *err)
{
	const struct reply *reply = &p->call->reply;
	bool left = false;
	if (r->status != 200)
		return classify_http(p->ops, r->status, (struct str){ strbuf_text(&p->error_body), p->error_body.len },
		                     p->call->limits.retry_after_ms, err);
	if (p->embed != NULL)
		return judge_vectors(p, err);
	if (!p->is_begun)
		return err_set(err, ERR_TRUNCATED, "an empty body");
	if (split_end(&p->split, on_event, p, &left, err) < 0)
		return -1;
	if (!reply->is_complete)
		return err_set(err, ERR_TRUNCATED, "the stream ended without its end mark, after %zu bytes", r->body_bytes);
	enum finish_kind end = reply_ended(reply);
	if (end == FINISH_FILTERED)
		return err_set(err, ERR_CONTENT_FILTER, "the provider withheld the answer (%.31s)", reply->finish);
	if (end == FINISH_BROKEN)
		return err_set(err, ERR_BAD_REPLY, "the model broke off (%.31s)", reply->finish);
	if (p->text_bytes == 0 && reply->n_calls == 0)
		return err_set(err, ERR_BAD_REPLY, "an empty answer (%.31s)", reply->finish);
	return 0;
}

static void on_header(void *ctx, const char *name, const char *value)
{
	struct call_private *p = ctx;
	limits_header(&p->call->limits, name, value);
}

static void on_done(void *ctx, const struct net_response *r, const struct err *net_err)
{
	struct call_private *p = ctx;
	struct call *call = p->call;
	struct usage *u = &call->reply.usage;
	if (net_err != NULL)
		call->err = *net_err;
	else
		judge(p, r, &call->err);
	call->generation_ms = (int)((clock_mono() - p->started) / USEC_PER_MSEC);
	/* A provider that answered an error did not bill; one that streamed, or was left alone in the middle, may have. */
	bool left_alone = call->err.code == ERR_TIMEOUT_TTFT || call->err.code == ERR_TIMEOUT_IDLE ||
	                  call->err.code == ERR_TIMEOUT || err_class(call->err.code) >= ERR_RELEASE;
	call->was_sent = r->status == 200 || (r->status == 0 && left_alone);
	if (call->was_sent && u->output < 0) {
		u->output = (int)((p->text_bytes + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN);
		call->is_estimated = true;
	}
	if (call->was_sent && u->input < 0) {
		u->input = (int)(p->prompt_bytes / BYTES_PER_TOKEN);
		call->is_estimated = true;
	}
	snprintf(call->request_id, sizeof call->request_id, "%s", r->request_id[0] != '\0' ? r->request_id : call->reply.id);
	breakers_calling(p->job->services->breakers, p->provider, -1);
	job_wake(p->job, &call->is_done); /* from here on call and p are the job's, which may be gone */
}

/* The key: the variable that the provider's row names, or the file that NAME_FILE names. It goes into a header and nowhere else. */
static int read_key(const char *name, char out[static KEY_MAX], struct err *err)
{
	char file_name[128], *from = getenv(name);
	bool read = from != NULL && *from != '\0';
	if (read) {
		snprintf(out, KEY_MAX, "%s", from);
	} else {
		snprintf(file_name, sizeof file_name, "%s_FILE", name);
		from = getenv(file_name);
		FILE *f = from != NULL ? fopen(from, "re") : NULL;
		read = f != NULL && fgets(out, KEY_MAX, f) != NULL;
		if (f != NULL)
			fclose(f);
	}
	if (!read)
		return err_set(err, ERR_AUTH, "the worker has no %.60s (nor a file named by %.60s_FILE)", name, name);
	out[strcspn(out, "\r\n")] = '\0';
	if (strlen(out) < KEY_MAX - 1)
		return 0;
	explicit_bzero(out, KEY_MAX);
	return err_set(err, ERR_AUTH, "%.60s is longer than %d bytes", name, KEY_MAX - 2);
}

/* The null provider's reply. The job is woken before it has asked to wait: job.c remembers that. */
static void answer_null(struct call_private *p)
{
	p->is_begun = true;
	p->call->reply.is_complete = true;
	on_text(p, str_of("null provider: no model was called"));
	on_done(p, &(struct net_response){ .status = 200 }, &(struct err){ .code = ERR_OK });
}

static const struct provider_ops *speaks(const char *protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(PROVIDERS); i++)
		if (strcmp(PROVIDERS[i]->protocol, protocol) == 0)
			return PROVIDERS[i];
	return NULL;
}

/* Base URLs of versioned interfaces are given with or without the version: …/v1 and /v1/… make one /v1. */
static void put_url(const struct strbuf *path, const char *base, struct strbuf *out)
{
	const char *p = strbuf_text(path), *end = strchr(p + (*p == '/'), '/');
	size_t n = end != NULL ? (size_t)(end - p) : 0, len = strlen(base);
	if (n > 0 && len > n && strncmp(base + len - n, p, n) == 0)
		p += n;
	strbuf_str(out, base);
	strbuf_str(out, p);
}

static size_t first_free(const char *const *headers)
{
	size_t n = 0;
	while (headers[n] != NULL)
		n++;
	return n;
}

/* After the first, which is there; leaves room for one more. */
static void put_headers(const struct provider_ops *ops, const char *auth, const char **out, size_t room)
{
	size_t n = 1;
	if (auth != NULL)
		out[n++] = auth;
	for (size_t i = 0; ops->headers != NULL && ops->headers[i] != NULL && n + 2 < room; i++)
		out[n++] = ops->headers[i];
}

static void build_chat(struct call_private *p, const struct ask *ask, const struct route *route, struct strbuf *path,
                       struct strbuf *body)
{
	struct prompt_turn *turns = xcalloc((size_t)MAX(ask->n_turns, 1), sizeof *turns);
	for (int i = 0; i < ask->n_turns; i++)
		turns[i] = (struct prompt_turn){ .role = ask->turns[i].role,
			                         .content = ask->turns[i].content,
			                         .own_protocol = ask->turns[i].own_protocol,
			                         .own = ask->turns[i].own };
	struct prompt prompt = { .model = route->model,
		                 .system = ask->system,
		                 .turns = turns,
		                 .n_turns = ask->n_turns,
		                 .context_tokens = route->context_tokens,
		                 .max_tokens = ask->max_tokens,
		                 .schema = ask->schema,
		                 .is_exact = ask->is_exact };
	p->ops->build(&prompt, body);
	if (p->ops->path != NULL)
		p->ops->path(&prompt, path);
	free(turns);
}

/* The request, or nothing with err. */
static int build(struct call_private *p, const struct ask *ask, const struct route *route, struct strbuf *url,
                 struct strbuf *body, struct err *err)
{
	struct strbuf path = STRBUF_INIT(400);
	if (p->embed != NULL) {
		p->embed->path(&p->texts, &path);
		p->embed->build(&p->texts, body);
	} else {
		build_chat(p, ask, route, &path, body);
	}
	put_url(&path, route->base_url, url);
	p->prompt_bytes = body->len;
	bool broken = body->broken || url->broken || path.broken;
	strbuf_release(&path);
	if (broken)
		return err_set(err, ERR_TOO_BIG, "the request is over %u bytes", REQUEST_MAX);
	return 0;
}

static void send_request(struct call_private *p, const struct span *span, const struct strbuf *url, const struct strbuf *body,
                         const char *key)
{
	const struct options *o = p->job->services->options;
	char auth[KEY_MAX + 64], parent[TRACEPARENT_SIZE];
	snprintf(auth, sizeof auth, "%s%s", p->ops->key_header, key);
	const char *headers[8] = { "Content-Type: application/json" };
	put_headers(p->ops, key[0] != '\0' ? auth : NULL, headers, ARRAY_SIZE(headers));
	headers[first_free(headers)] = p->job->services->trace != NULL ? span_header(span, parent) : NULL;
	usec_t left = (p->deadline - clock_mono()) / USEC_PER_MSEC;
	struct net_request request = {
		.url = strbuf_text(url),
		.headers = headers,
		.body = { strbuf_text(body), body->len },
		.connect_ms = (int)o->connect_ms,
		.first_byte_ms = (int)o->first_byte_ms,
		.idle_ms = (int)o->idle_ms,
		.total_ms = (int)MAX(left, 0),
		.handler = { .on_header = on_header, .on_data = on_data, .on_done = on_done, .ctx = p },
	};
	p->call->transfer = net_submit(p->job->services->engine, &request);
	explicit_bzero(auth, sizeof auth);
}

static int find_embed(struct call_private *p, const struct ask *ask, const struct route *route, struct err *err)
{
	if (ask->texts == NULL)
		return 0;
	p->embed = embed_find(route->protocol);
	if (p->embed == NULL)
		return err_set(err, ERR_NOT_CONFIGURED, "%.20s has no embeddings", route->protocol);
	if (ask->n_texts > p->embed->texts_max)
		return err_set(err, ERR_TOO_BIG, "%d texts, and %s takes %d", ask->n_texts, route->protocol, p->embed->texts_max);
	p->texts = (struct embed_request){ .model = route->model, .texts = ask->texts, .n_texts = ask->n_texts };
	return 0;
}

struct call *call_start(struct job *job, const struct ask *ask, const struct route *route, const struct span *span,
                        struct err *err)
{
	char key[KEY_MAX] = "";
	const struct provider_ops *ops = speaks(route->protocol);
	if (ops == NULL) {
		err_set(err, ERR_NOT_CONFIGURED, "this worker does not speak %.20s", route->protocol);
		return NULL;
	}
	if (route->key_env != NULL && read_key(route->key_env, key, err) < 0)
		return NULL;
	struct call *call = xcalloc(1, sizeof *call);
	struct call_private *p = xcalloc(1, sizeof *p);
	*p = (struct call_private){ .ops = ops,
		                    .job = job,
		                    .call = call,
		                    .into = ask->into,
		                    .deadline = ask->deadline,
		                    .error_body = STRBUF_INIT(ERROR_BODY_MAX),
		                    .vector_body = STRBUF_INIT(EMBED_BODY_MAX),
		                    .started = clock_mono() };
	call->private = p;
	call->ttft_ms = -1;
	p->provider = route->provider;
	call->limits = (struct limits)LIMITS_AT(clock_wall());
	call->reply = (struct reply){ .usage = USAGE_UNKNOWN, .arena = &p->arena, .on_text = on_text, .ctx = p };

	struct strbuf url = STRBUF_INIT(1000), body = STRBUF_INIT(REQUEST_MAX);
	if (find_embed(p, ask, route, err) < 0 || build(p, ask, route, &url, &body, err) < 0) {
		call_free(call);
		call = NULL;
	} else {
		breakers_calling(job->services->breakers, p->provider, 1);
		if (ops->stream_type == NULL)
			answer_null(p);
		else
			send_request(p, span, &url, &body, key);
	}
	explicit_bzero(key, sizeof key);
	strbuf_release(&url);
	strbuf_release(&body);
	return call;
}

void call_cancel(struct engine *engine, const struct call *call, enum err_code code)
{
	net_cancel(engine, call->transfer, code);
}

void call_free(struct call *call)
{
	if (call == NULL)
		return;
	reply_release(&call->reply);
	arena_release(&call->private->arena);
	split_release(&call->private->split);
	strbuf_release(&call->private->error_body);
	strbuf_release(&call->private->vector_body);
	free(call->private);
	free(call);
}
