/* Tools of the kind http: the arguments are the body of a request, or its query. */
#include "shared/utf8.h"
#include "worker/llm/address.h"
#include "worker/net/engine.h"
#include "worker/services.h"
#include "worker/telemetry/trace.h"
#include "worker/toolbox/arguments.h"
#include "worker/toolbox/toolbox.h"

#define URL_MAX (64u << 10)
#define BODY_MAX (1u << 20)
#define ANSWER_MAX (16u << 20) /* bytes after which no more of an answer is read */
#define CONNECT_MS 5000
#define URL_HEADER_MAX 1000

extern const struct tool_kind tool_kind_process;

struct exchange {
	struct tool_use *use;
	struct strbuf answer;
	int status;
	size_t bytes;
	bool was_sent;
	struct err err; /* code OK: the whole answer came */
	struct secrets secrets;
	uint64_t number;
};

/* ---------------------------------------------------------------- on the engine's thread */

static int http_on_data(void *ctx, const struct net_response *r, struct str piece, struct err *err)
{
	struct exchange *t = ctx;
	(void)err;
	size_t room = RESULT_MAX - MIN(t->answer.len, (size_t)RESULT_MAX);
	strbuf_add(&t->answer, piece.ptr, MIN(piece.len, room));
	return r->body_bytes > ANSWER_MAX ? 1 : 0;
}

static void http_on_done(void *ctx, const struct net_response *r, const struct err *err)
{
	struct exchange *t = ctx;
	t->status = r->status;
	t->bytes = r->body_bytes;
	t->was_sent = r->was_sent;
	if (err != NULL)
		t->err = *err;
	job_wake(t->use->job, &t->use->is_over);
}

/* ---------------------------------------------------------------- on the stage thread */

static void fail_at_once(struct exchange *t, const struct err *err)
{
	t->err = *err;
	atomic_store(&t->use->is_over, true);
}

static const char *key_header(struct exchange *t, struct strbuf *b, struct err *err)
{
	char key[SECRET_MAX];
	if (t->use->spec->key_env == NULL)
		return NULL;
	strbuf_reserve(b);
	if (secret_read(t->use->spec->key_env, key, &t->secrets, err) < 0)
		return NULL;
	strbuf_addf(b, "Authorization: Bearer %s", key);
	explicit_bzero(key, sizeof key);
	return strbuf_text(b);
}

static void http_submit(struct exchange *t, const struct strbuf *url, const struct strbuf *body)
{
	struct tool_use *u = t->use;
	const struct job *job = u->job;
	const struct tool_spec *s = u->spec;
	struct strbuf key = STRBUF_INIT(SECRET_MAX + 64);
	struct err err = { .code = ERR_OK };
	char id[60], parent[TRACEPARENT_SIZE], callback[URL_HEADER_MAX];
	const char *headers[7] = { "Content-Type: application/json", id, NULL };
	int n = 2;
	usec_t left = (job->deadline - clock_mono()) / USEC_PER_MSEC;
	int total = (int)MAX(MIN(s->request_ms, left), 1);
	snprintf(id, sizeof id, "Idempotency-Key: %s", u->id);
	const char *authorization = key_header(t, &key, &err);
	if (authorization != NULL)
		headers[n++] = authorization;
	if (s->kind == &tool_kind_process && job->services->options->public_url[0] != '\0') {
		snprintf(callback, sizeof callback, "Callback-URL: %.900s/api/tasks/%s/callback",
		         job->services->options->public_url, u->id);
		headers[n++] = callback;
	}
	if (job->services->trace != NULL)
		headers[n++] = span_header(&u->span, parent);
	const struct net_request request = { .url = strbuf_text(url),
		                             .method = s->method,
		                             .headers = headers,
		                             .body = { strbuf_text(body), body->len },
		                             .connect_ms = MIN(CONNECT_MS, total),
		                             .first_byte_ms = total,
		                             .idle_ms = total,
		                             .total_ms = total,
		                             .is_public_only = !job->services->options->tool_private,
		                             .is_once = true,
		                             .handler = { NULL, http_on_data, http_on_done, t } };
	if (url->broken || body->broken)
		err_set(&err, ERR_TOO_BIG, "the request is too big");
	if (err.code != ERR_OK)
		fail_at_once(t, &err);
	else
		t->number = net_submit(job->services->engine, &request);
	if (key.ptr != NULL)
		explicit_bzero(key.ptr, key.size);
	strbuf_release(&key);
}

int toolbox_has_keys(const struct options *o, const struct tool_spec *specs, int n, struct err *err)
{
	char key[SECRET_MAX];
	for (int i = 0; i < n; i++) {
		struct secrets used = SECRETS_INIT(o->secret_names);
		bool has = specs[i].key_env == NULL || secret_read(specs[i].key_env, key, &used, err) == 0;
		explicit_bzero(key, sizeof key);
		secrets_release(&used);
		if (!has)
			return err_wrap(err, "the key of tool %s", specs[i].said.name);
	}
	return 0;
}

void http_begin(struct tool_use *u)
{
	struct exchange *t = u->private = xcalloc(1, sizeof *t);
	const struct tool_spec *s = u->spec;
	struct strbuf url = STRBUF_INIT(URL_MAX), body = STRBUF_INIT(BODY_MAX);
	t->use = u;
	t->answer = (struct strbuf)STRBUF_INIT(RESULT_MAX);
	t->secrets = (struct secrets)SECRETS_INIT(u->job->services->options->secret_names);
	strbuf_str(&url, s->url);
	if (s->method != NULL && (strcmp(s->method, "GET") == 0 || strcmp(s->method, "DELETE") == 0)) {
		size_t before = url.len;
		strbuf_char(&url, strchr(s->url, '?') != NULL ? '&' : '?');
		arguments_put_query(&url, s->payload, s->bound, u->arguments);
		if (url.len == before + 1)
			url.ptr[--url.len] = '\0';
	} else {
		arguments_put_body(&body, s->payload, s->bound, u->arguments);
	}
	http_submit(t, &url, &body);
	strbuf_release(&url);
	strbuf_release(&body);
}

bool http_has_ended(const struct tool_use *u)
{
	return atomic_load(&u->is_over);
}

void http_cancel(struct tool_use *u)
{
	const struct exchange *t = u->private;
	if (t->number != 0)
		net_cancel(u->job->services->engine, t->number, ERR_CANCELLED);
}

/* The answer as text that can be stored, without secrets that it repeats. */
static struct str answer_text(struct exchange *t)
{
	struct arena *a = &t->use->job->arena;
	struct strbuf b = STRBUF_INIT(RESULT_MAX * 3);
	utf8_repair(&b, (struct str){ strbuf_text(&t->answer), t->answer.len });
	struct str kept = { strbuf_text(&b), MIN(b.len, (size_t)RESULT_MAX) };
	kept.len -= utf8_unfinished(kept);
	char *text = arena_dup(a, kept.ptr, kept.len);
	secrets_blot(&t->secrets, text);
	strbuf_release(&b);
	return str_of(text);
}

void http_finish(struct tool_use *u)
{
	struct exchange *t = u->private;
	bool is_whole = t->err.code == ERR_OK;
	secrets_blot(&t->secrets, t->err.msg);
	u->status = t->status;
	u->result = answer_text(t);
	u->result_bytes = t->bytes > t->answer.len ? (int64_t)t->bytes : (int64_t)u->result.len;
	u->has_end = t->bytes <= t->answer.len;
	u->is_lost = t->was_sent && t->status < 200;
	u->state = t->status >= 200 && t->status < 300 ? USE_OK : USE_ERROR;
	if (u->state == USE_OK && !is_whole) /* it was done all the same */
		snprintf(u->why, sizeof u->why, "its answer broke off here: %s", err_name(t->err.code));
	else if (!is_whole)
		snprintf(u->why, sizeof u->why, "%s: %.200s", err_name(t->err.code), t->err.msg);
	else if (t->status >= 300 && t->status < 400)
		snprintf(u->why, sizeof u->why, "HTTP %d: redirects are not followed", t->status);
	else if (u->state != USE_OK)
		snprintf(u->why, sizeof u->why, "HTTP %d", t->status);
	strbuf_release(&t->answer);
	secrets_release(&t->secrets);
	free(t);
	u->private = NULL;
}

const struct tool_kind tool_kind_http = {
	.name = "http", .begin = http_begin, .has_ended = http_has_ended, .cancel = http_cancel, .finish = http_finish
};
