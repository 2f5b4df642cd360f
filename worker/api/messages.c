/* Messages: sent, looked at, followed, brought back, ended. */
#include <ctype.h>

#include "shared/log.h"
#include "sql_embed.h"
#include "worker/api/dispatcher.h"
#include "worker/api/routes.h"
#include "worker/api/signed.h"
#include "worker/llm/address.h"

#define WAIT_MAX_SEC 300

/* The statements of a message give the same columns. */
enum { DOCUMENT, MESSAGE_ID, AGENT, RATE_LIMIT };
#define SAME(name)                                                                                                      \
	_Static_assert((int)COL_##name##_DOCUMENT == (int)DOCUMENT && (int)COL_##name##_MESSAGE_ID == (int)MESSAGE_ID && \
	                       (int)COL_##name##_AGENT == (int)AGENT && (int)COL_##name##_RATE_LIMIT == (int)RATE_LIMIT, \
	               #name);
SAME(HTTP_DISPATCH)
SAME(HTTP_STATUS)
SAME(HTTP_ACT)

/* The message of the path; NULL with the error in the reply. */
static const char *message_of(const struct request *request, struct reply_http *r)
{
	const char *message = request->params.value[0];
	if (str_is_uuid(message))
		return message;
	reply_error(r, 404, "not_found", "a message is named by its UUID");
	return NULL;
}

static void note_agent(struct reply_http *r, const char *agent)
{
	snprintf(r->agent, sizeof r->agent, "%s", agent != NULL ? agent : "");
}

static void put_document(struct reply_http *r, int status, const struct rows *rows)
{
	r->status = status;
	note_agent(r, rows_at(rows, 0, AGENT));
	strbuf_str(&r->body, rows_at(rows, 0, DOCUMENT));
	strbuf_char(&r->body, '\n');
	put_rate(r, rows, RATE_LIMIT);
}

/* ---------------------------------------------------------------- send */

static void reply_too_many(struct reply_http *r, const struct rows *rows)
{
	char text[120];
	const char *reset = rows_at(rows, 0, COL_HTTP_DISPATCH_RATE_RESET);
	snprintf(text, sizeof text, "over %.12s messages a minute with this token and agent: again in %.12s s",
	         rows_at(rows, 0, COL_HTTP_DISPATCH_RATE_LIMIT), reset);
	reply_error(r, 429, "rate_limited", text);
	reply_header(r, "Retry-After", "%s", reset);
	note_agent(r, rows_at(rows, 0, AGENT));
	put_rate(r, rows, RATE_LIMIT);
}

enum route_end accept_message(struct api *api, struct request *request, const struct accepted *m, struct reply_http *r)
{
	note_agent(r, m->agent);
	if (m->share != NULL) {
		waiters_add(api->waiters, m->share, request, r, m->message, m->document, clock_mono() + m->wait);
		return ROUTE_PARKED;
	}
	r->status = 202;
	strbuf_str(&r->body, m->document);
	strbuf_char(&r->body, '\n');
	if (m->wait > 0) /* it wanted to wait, and too many do with this token */
		reply_header(r, "Retry-After", "5");
	return ROUTE_DONE;
}

enum route_end send_message(struct api *api, struct request *request, const struct sending *in, usec_t wait, struct reply_http *r)
{
	struct arena a = ARENA_INIT;
	struct rows rows;
	char priority[24];
	enum route_end end = ROUTE_DONE;
	snprintf(priority, sizeof priority, "%lld", (long long)in->priority);
	struct share *share = wait > 0 ? waiters_share(api->waiters, request) : NULL;
	const char *params[] = { request->token, ask_local(request), in->agent,  in->content, in->session,         in->user,
		                 in->collection, in->thread,         priority,   in->key,     share != NULL ? "t" : "f", in->is_signed ? "t" : "f" };
	_Static_assert((int)ARRAY_SIZE(params) == (int)sql_worker_http_dispatch_args, "params");
	int result = ask(api, request, &a, sql_worker_http_dispatch, params, ARRAY_SIZE(params), &rows, r);
	if (result < 0) {
		if (result == -(int)ERR_DB_TIMEOUT && in->key != NULL) /* the key's row is locked, or the session's */
			reply_error(r, 409, "under_way", "a request with this Idempotency-Key is under way: try again");
		if (result == -(int)ERR_BAD_INPUT || result == -(int)ERR_REFUSED || result == -(int)ERR_CONFLICT)
			note_agent(r, in->agent); /* it was let in to the agent: other errors come before that, or say nothing of it */
	} else if (rows_at(&rows, 0, DOCUMENT) == NULL) {
		reply_too_many(r, &rows);
	} else if (rows_bool(&rows, 0, COL_HTTP_DISPATCH_IS_ENDED)) {
		put_document(r, 200, &rows);
	} else {
		const struct accepted m = { .agent = rows_at(&rows, 0, AGENT),
			                    .document = rows_at(&rows, 0, DOCUMENT),
			                    .message = rows_int(&rows, 0, MESSAGE_ID, 0),
			                    .share = share,
			                    .wait = wait };
		put_rate(r, &rows, RATE_LIMIT);
		end = accept_message(api, request, &m, r);
		share = NULL;
	}
	waiters_unshare(api->waiters, share);
	arena_release(&a);
	return end;
}

/* ?wait=SECONDS */
static bool read_wait(const struct request *request, usec_t *wait, struct reply_http *r)
{
	char *end;
	const char *text = request_query(request, "wait");
	if (text == NULL)
		return true;
	double seconds = strtod(text, &end);
	if (!isdigit((unsigned char)text[0]) || *end != '\0' || !(seconds <= WAIT_MAX_SEC)) {
		reply_error(r, 400, "bad_input", "wait: must be a number of seconds, at most 300");
		return false;
	}
	*wait = (usec_t)(seconds * USEC_PER_SEC);
	return true;
}

/* Takes who the caller is from a value that the application signed. False: the reply has the error. */
static bool take_signed(struct api *api, const struct request *request, struct arena *a, const char *jwt, struct sending *in,
                        struct reply_http *r)
{
	struct secrets used = SECRETS_INIT(api->services->options->secret_names);
	char secret[SECRET_MAX];
	struct claims claims;
	struct rows rows;
	struct err err;
	if (ask(api, request, a, sql_worker_http_signer, &request->token, 1, &rows, r) < 0)
		return false;
	const char *name = rows_at(&rows, 0, COL_HTTP_SIGNER_NAME);
	bool is = false;
	if (name == NULL) { /* no such token, or it takes no signed value: http_dispatch() says which */
		in->is_signed = true;
		return true;
	}
	if (secret_read(name, secret, &used, &err) < 0) {
		log_event(LOG_WARN, "signed values cannot be checked", "variable=%s code=%s", name, err_name(err.code));
		reply_error(r, 503, err_name(err.code), "this worker cannot check signed values now");
	} else if (signed_read(a, jwt, str_of(secret), clock_wall() / USEC_PER_SEC, &claims, &err) < 0) {
		reply_error(r, 403, err_name(err.code), err.msg);
	} else {
		is = true;
	}
	explicit_bzero(secret, sizeof secret);
	secrets_release(&used);
	if (is) {
		in->user = claims.user;
		in->collection = claims.collection;
		in->thread = claims.thread;
		in->is_signed = true;
	}
	return is;
}

/* jwt: where the signed value is after the body was read; NULL: the route takes none. */
static enum route_end post(struct api *api, struct request *request, struct sending *in, const struct field *fields, size_t n,
                           const char **jwt, struct reply_http *r)
{
	struct arena a = ARENA_INIT;
	usec_t wait = 0;
	enum route_end end = ROUTE_DONE;
	in->key = request_header(request, "Idempotency-Key");
	if (allow_origin(api, request, r) && read_wait(request, &wait, r) && read_body(&a, request->body, fields, n, r)) {
		if (jwt == NULL && dispatcher_add(api->dispatcher, request, in, wait, r)) {
			arena_release(&a);
			return ROUTE_PARKED;
		}
		request_drop_body(request);
		if (in->session != NULL && !str_is_uuid(in->session))
			reply_error(r, 400, "bad_input", "session_id: must be a UUID");
		else if (in->priority < INT32_MIN || in->priority > INT32_MAX)
			reply_error(r, 400, "bad_input", "priority: must be a number of 32 bits");
		else if (jwt == NULL || *jwt == NULL || take_signed(api, request, &a, *jwt, in, r))
			end = send_message(api, request, in, wait, r);
	}
	arena_release(&a);
	return end;
}

enum route_end post_message(void *ctx, struct request *request, struct reply_http *r)
{
	struct sending in = { .agent = request->params.value[0] };
	const struct field fields[] = { { "content", &in.content, NULL, true },
		                        { "session_id", &in.session, NULL, false },
		                        { "user_id", &in.user, NULL, false },
		                        { "collection_name", &in.collection, NULL, false },
		                        { "thread_key", &in.thread, NULL, false },
		                        { "priority", NULL, &in.priority, false } };
	return post(ctx, request, &in, fields, ARRAY_SIZE(fields), NULL, r);
}

/* The token is in the path: the caller is anybody who has the page. */
enum route_end post_public_message(void *ctx, struct request *request, struct reply_http *r)
{
	struct sending in = { .content = NULL };
	const char *jwt = NULL;
	const struct field fields[] = { { "content", &in.content, NULL, true },
		                        { "session_id", &in.session, NULL, false },
		                        { "signed", &jwt, NULL, false } };
	request_sign_in(request, request->params.value[0]);
	return post(ctx, request, &in, fields, ARRAY_SIZE(fields), &jwt, r);
}

/* ---------------------------------------------------------------- look */

enum route_end get_status(void *ctx, struct request *request, struct reply_http *r)
{
	struct arena a = ARENA_INIT;
	struct rows rows;
	const char *params[] = { request->token, ask_local(request), message_of(request, r), request->scope, "f" };
	if (params[2] != NULL && allow_origin(ctx, request, r) &&
	    ask(ctx, request, &a, sql_worker_http_status, params, 5, &rows, r) == 0)
		put_document(r, 200, &rows);
	arena_release(&a);
	return ROUTE_DONE;
}

/* "2:120": the client has 120 bytes of the second attempt. Anything else: it has nothing. */
static void read_last_event(const struct request *request, int *number, size_t *at)
{
	char *end;
	const char *text = request_header(request, "Last-Event-ID");
	if (text == NULL || !isdigit((unsigned char)text[0]))
		return;
	unsigned long n = strtoul(text, &end, 10);
	if (*end != ':' || !isdigit((unsigned char)end[1]) || n > INT32_MAX)
		return;
	unsigned long long bytes = strtoull(end + 1, &end, 10);
	if (*end != '\0' || bytes > INT32_MAX)
		return;
	*number = (int)n;
	*at = (size_t)bytes;
}

enum route_end get_stream(void *ctx, struct request *request, struct reply_http *r)
{
	struct api *api = ctx;
	struct arena a = ARENA_INIT;
	struct rows rows;
	int number = 0;
	size_t at = 0;
	const char *params[] = { request->token, ask_local(request), message_of(request, r), request->scope, "t" };
	if (params[2] != NULL && allow_origin(ctx, request, r) &&
	    ask(ctx, request, &a, sql_worker_http_status, params, 5, &rows, r) == 0) {
		read_last_event(request, &number, &at);
		note_agent(r, rows_at(&rows, 0, AGENT));
		put_rate(r, &rows, RATE_LIMIT);
		waiters_stream(api->waiters, request, r, rows_int(&rows, 0, MESSAGE_ID, 0), number, at);
	}
	arena_release(&a);
	return ROUTE_DONE;
}

/* ---------------------------------------------------------------- act */

static enum route_end act(struct api *api, struct request *request, struct reply_http *r)
{
	struct arena a = ARENA_INIT;
	struct rows rows;
	const char *params[] = { request->token, ask_local(request), message_of(request, r), request->scope };
	if (params[2] != NULL && allow_origin(api, request, r) && ask(api, request, &a, sql_worker_http_act, params, 4, &rows, r) == 0)
		put_document(r, 200, &rows);
	arena_release(&a);
	return ROUTE_DONE;
}

enum route_end post_retry(void *ctx, struct request *request, struct reply_http *r)
{
	return act(ctx, request, r);
}

enum route_end post_cancel(void *ctx, struct request *request, struct reply_http *r)
{
	return act(ctx, request, r);
}
