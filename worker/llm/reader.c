#include "worker/llm/reader.h"

#include <strings.h>

#include "shared/utf8.h"
#include "worker/llm/classify.h"

static void on_reply_text(void *ctx, struct str piece)
{
	struct reader *r = ctx;
	text_add(&r->text, piece);
}

void reader_init(struct reader *r, const struct provider_ops *ops, usec_t now, void (*on_text)(void *, struct str), void *ctx)
{
	*r = (struct reader){ .ops = ops,
		              .arena = ARENA_INIT,
		              .text = TEXT_INIT(on_text, ctx),
		              .limits = LIMITS_AT(now),
		              .error_body = STRBUF_INIT(ERROR_BODY_MAX),
		              .error = { .code = ERR_OK },
		              .late = { .code = ERR_OK } };
	r->reply = (struct reply){ .usage = USAGE_UNKNOWN, .arena = &r->arena, .on_text = on_reply_text, .ctx = r };
	split_init(&r->split);
}

void reader_release(struct reader *r)
{
	reply_release(&r->reply);
	text_release(&r->text);
	split_release(&r->split);
	strbuf_release(&r->error_body);
	arena_release(&r->arena);
}

void reader_header(struct reader *r, const char *name, const char *value)
{
	if (strcasecmp(name, "location") == 0)
		snprintf(r->location, sizeof r->location, "%s", value);
	else
		limits_header(&r->limits, name, value);
}

static struct str trimmed(struct str s)
{
	while (s.len > 0 && strchr(" \t\r\n", s.ptr[0]) != NULL)
		s = (struct str){ s.ptr + 1, s.len - 1 };
	while (s.len > 0 && strchr(" \t\r\n", s.ptr[s.len - 1]) != NULL)
		s.len--;
	return s;
}

/* Keeps the first event that is not JSON, for the error's text. */
static void keep_odd(struct reader *r, struct str data)
{
	struct strbuf safe = STRBUF_INIT(1024);
	if (r->odd[0] != '\0')
		return;
	utf8_safe(&safe, (struct str){ data.ptr, MIN(data.len, 60) }, false);
	snprintf(r->odd, sizeof r->odd, "%s", strbuf_text(&safe));
	strbuf_release(&safe);
}

/* OpenAI's end mark. Gateways send it at the end of other protocols' streams too. */
static bool reader_is_mark(struct str data)
{
	return str_eq(data, "[DONE]") || str_eq(data, "[done]") || str_eq(data, "DONE");
}

static bool begins_json(struct str data)
{
	return data.ptr[0] == '{' || data.ptr[0] == '[';
}

/* Reads one event. An error counts until the reply is whole; after that it is only kept in `late`,
 * and events are read for text and usage. */
static int on_event(void *ctx, const char *name, struct str data, struct err *err)
{
	struct reader *r = ctx;
	struct arena own = ARENA_INIT, *a = r->scratch != NULL ? r->scratch : &own;
	bool was_whole = reply_is_whole(&r->reply);
	int result = 0;
	data = trimmed(data);
	while (str_starts(data, "data:")) /* a proxy added its own "data:" */
		data = trimmed((struct str){ data.ptr + 5, data.len - 5 });
	if (reader_is_mark(data))
		r->reply.has_mark = true;
	else if (data.len > 0 && (begins_json(data) || strcmp(name, "error") == 0))
		result = r->ops->feed(&r->reply, a, name, data, err);
	else if (data.len > 0) /* such as "ping": no part of a reply */
		keep_odd(r, data);
	arena_clear(a);
	arena_release(&own);
	if (result == 0 || !was_whole)
		return result;
	if (r->late.code == ERR_OK)
		r->late = *err;
	return 0;
}

static bool is_success(int status)
{
	return status >= 200 && status < 300;
}

/* Keeps the body of an error. Nothing more is needed once it is whole JSON, or has ERROR_BODY_MAX
 * bytes. */
static int feed_error(struct reader *r, struct str piece)
{
	strbuf_add(&r->error_body, piece.ptr, MIN(piece.len, ERROR_BODY_MAX - r->error_body.len));
	if (!brackets_closed(&r->error_json))
		brackets_follow(&r->error_json, piece);
	return brackets_closed(&r->error_json) || r->error_body.len == ERROR_BODY_MAX ? READER_MARK_MS : 0;
}

/* The state of the reply before a piece was read. */
struct before {
	bool was_whole, had_mark;
	size_t text;
	int64_t output;
};

/* Milliseconds for which the body may go on: the result of reader_feed. */
static int grace(struct reader *r, const struct before *b)
{
	const struct reply *reply = &r->reply;
	bool has_more = r->text.bytes_in != b->text;
	if (!reply_is_whole(reply))
		return 0;
	if (!reply->has_mark && !reply->is_document) {
		/* A finish reason before the first text of the answer, or between texts, is no end
		 * yet: some servers send it in each event. */
		r->is_chatty |= b->was_whole && has_more;
		if (r->is_chatty || (r->text.bytes_in == 0 && reply->n_begun == 0))
			return READER_ON_MS;
	}
	if (b->was_whole && !has_more && reply->has_mark == b->had_mark && reply->usage.output == b->output)
		return 0;
	return reply->has_mark ? READER_MARK_MS : READER_GRACE_MS;
}

int reader_feed(struct reader *r, int status, struct str piece, struct err *err)
{
	const struct reply *reply = &r->reply;
	const struct before before = { reply_is_whole(reply), reply->has_mark, r->text.bytes_in, reply->usage.output };
	r->body_bytes += piece.len;
	if (!is_success(status))
		return feed_error(r, piece);
	if (!r->is_over && split_feed(&r->split, piece, on_event, r, err) < 0) {
		r->is_over = true;
		if (!reply_is_whole(reply)) {
			r->error = *err;
			return -1;
		}
	}
	return grace(r, &before);
}

/* Ends the splitter. A last event without its end mark counts when it is whole. */
static void end_split(struct reader *r)
{
	struct err err = { .code = ERR_OK };
	if (!r->is_over && split_end(&r->split, on_event, r, &err) < 0 && !reply_is_whole(&r->reply))
		r->error = err;
	r->is_over = true;
}

static int judge_status(struct reader *r, int status, struct err *err)
{
	struct str body = { strbuf_text(&r->error_body), r->error_body.len };
	if (status >= 300 && status < 400)
		return classify_redirect(status, r->location, err);
	classify_http(status, body, r->limits.retry_after_ms, err);
	if (err->code == ERR_RATE_LIMITED && err->wait_ms == 0)
		err->wait_ms = limits_refused_ms(&r->limits);
	return -1;
}

/* True when this worker ended the transfer itself (cancelled, lease lost, shutdown). */
static bool reader_is_ours(const struct err *transport)
{
	return transport != NULL && err_class(transport->code) >= ERR_RELEASE;
}

struct verdict reader_end(struct reader *r, int status, const struct err *transport)
{
	struct err calls = { .code = ERR_OK };
	/* An error status names the cause better than an error of the connection after it. */
	if (status >= 300 && !reader_is_ours(transport)) {
		struct verdict v = { .finish_reason = NULL };
		judge_status(r, status, &v.err);
		return v;
	}
	end_split(r);
	text_end(&r->text);
	if (r->odd[0] != '\0' && r->error.code == ERR_OK && r->text.bytes_in == 0 && r->reply.n_begun == 0)
		err_set(&r->error, ERR_BAD_REPLY, "not JSON: %s", r->odd);
	r->reply.has_thought |= r->text.has_thought;
	r->is_unbilled = r->error.code != ERR_OK && r->error.code != ERR_BAD_REPLY && r->error.code != ERR_TOO_BIG &&
	                 !r->split.is_sse && r->text.bytes_in == 0 && r->reply.n_begun == 0 && !r->reply.has_thought;
	enum finish_kind kind = finish_kind(r->reply.finish);
	if (reply_is_whole(&r->reply) && (kind == FINISH_STOP || kind == FINISH_NONE) && r->ops->end != NULL)
		r->ops->end(&r->reply, &calls);
	return verdict(&(struct evidence){ .reply = &r->reply,
	                                   .has_text = r->text.has_words,
	                                   .error = &r->error,
	                                   .late = &r->late,
	                                   .calls = &calls,
	                                   .transport = transport,
	                                   .body_bytes = r->body_bytes });
}
