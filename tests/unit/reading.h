#pragma once
/*
 * Reads a recorded reply of a provider, cut wherever a test wants it cut, and compares what came of it. Run from the top of the source tree:
 * the recordings are in tests/golden/. Included after cmocka.h, by one file of a program.
 */
#include "worker/llm/address.h"
#include "worker/llm/classify.h"
#include "worker/llm/reader.h"
#include "worker/llm/turns.h"

#define TEST(name) static void name(void **state __attribute__((unused)))
#define UNSAID USAGE_UNKNOWN
#define U(in, out, cached_, reasoning_)                                                                                         \
	{                                                                                                                       \
		.input = in, .output = out, .cached = cached_, .cache_write = -1, .cache_write_1h = -1, .reasoning = reasoning_ \
	}

struct golden {
	const char *file;
	const struct provider_ops *ops;
	const char *text, *finish, *model;
	struct usage usage;
	enum err_code code;
	const char *calls; /* "id name arguments; …"; NULL: none */
	const char *native;   /* NULL: none */
	bool is_mismatched;
};

struct reading {
	const struct provider_ops *ops;
	struct reader reader;
	struct reply *reply;
	struct verdict verdict;
	struct strbuf text;
};
#define READING_INIT                        \
	{                                   \
		.text = STRBUF_INIT(65536), \
	}

static inline struct str golden(const char *name)
{
	static char body[65536];
	char path[200];
	snprintf(path, sizeof path, "tests/golden/%s", name);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		fail_msg("cannot read %s: is this the top of the source tree?", path);
	size_t n = fread(body, 1, sizeof body - 1, f);
	fclose(f);
	body[n] = '\0';
	assert_in_range(n, 1, sizeof body - 2);
	return (struct str){ body, n };
}

static inline void reading_text(void *ctx, struct str text)
{
	struct reading *r = ctx;
	strbuf_add(&r->text, text.ptr, text.len);
}

static inline void reading_release(struct reading *r)
{
	if (r->reply != NULL)
		reader_release(&r->reader);
	r->reply = NULL;
	strbuf_release(&r->text);
}

/* Reads `in` in pieces of `step` bytes, or, with step 0, cut once at `cut`, and judges what came of it. */
static inline void read_stream(struct reading *r, struct str in, size_t cut, size_t step)
{
	struct err err = { .code = ERR_OK };
	int result = 0;
	if (r->reply != NULL)
		reader_release(&r->reader);
	strbuf_clear(&r->text);
	reader_init(&r->reader, r->ops, 0, reading_text, r);
	r->reply = &r->reader.reply;
	for (size_t i = 0; i < in.len && result >= 0;) {
		size_t n = MIN(step > 0 ? step : i == 0 && cut > 0 ? cut : in.len, in.len - i);
		/* a copy of exactly this size, so that a read past its end is seen by AddressSanitizer */
		char *piece = malloc(n);
		memcpy(piece, in.ptr + i, n);
		result = reader_feed(&r->reader, 200, (struct str){ piece, n }, &err);
		free(piece);
		i += n;
	}
	r->verdict = reader_end(&r->reader, 200, result < 0 ? &err : NULL);
}

/* A recording that has a reply to its end. */
static inline void read_whole(struct reading *r, const struct provider_ops *ops, const char *file)
{
	r->ops = ops;
	read_stream(r, golden(file), 0, 0);
	if (r->verdict.err.code != ERR_OK)
		fail_msg("%s: %s: %s", file, err_name(r->verdict.err.code), r->verdict.err.msg);
}

/* What was read, as a turn of the conversation; its memory is the reading's. */
static inline struct turn said(const struct reading *r)
{
	return (struct turn){ .role = "assistant",
		              .content = str_of(strbuf_text(&r->text)),
		              .calls = r->reply->calls,
		              .n_calls = r->reply->n_calls,
		              .own_protocol = r->ops->protocol,
		              .native = { strbuf_text(&r->reply->native), r->reply->native.len } };
}

static inline void print_calls(const struct reply *r, struct strbuf *b)
{
	for (int i = 0; i < r->n_calls; i++)
		strbuf_addf(b, "%s%s %s %.*s", i > 0 ? "; " : "", r->calls[i].id, r->calls[i].name,
		            (int)r->calls[i].arguments.len, r->calls[i].arguments.ptr);
}

/* What the reader gets to see and to run. */
static inline void compare_answer(const struct golden *g, const struct reading *r, size_t at)
{
	struct strbuf calls = STRBUF_INIT(65536);
	print_calls(r->reply, &calls);
	if (strcmp(strbuf_text(&r->text), g->text) != 0)
		fail_msg("%s at %zu: text '%s'", g->file, at, strbuf_text(&r->text));
	if (strcmp(strbuf_text(&calls), g->calls != NULL ? g->calls : "") != 0)
		fail_msg("%s at %zu: calls %s", g->file, at, strbuf_text(&calls));
	if (strcmp(strbuf_text(&r->reply->native), g->native != NULL ? g->native : "") != 0)
		fail_msg("%s at %zu: own %s", g->file, at, strbuf_text(&r->reply->native));
	strbuf_release(&calls);
}

static inline void compare(const struct golden *g, const struct reading *r, size_t at)
{
	const struct usage *u = &r->reply->usage, *v = &g->usage;
	if (strcmp(r->reply->finish, g->finish) != 0 || strcmp(r->reply->model, g->model) != 0)
		fail_msg("%s at %zu: text '%s', finish '%s', model '%s'", g->file, at, strbuf_text(&r->text), r->reply->finish,
		         r->reply->model);
	compare_answer(g, r, at);
	if (u->input != v->input || u->output != v->output || u->cached != v->cached || u->cache_write != v->cache_write ||
	    u->cache_write_1h != v->cache_write_1h || u->reasoning != v->reasoning || r->reply->is_mismatched != g->is_mismatched)
		fail_msg("%s at %zu: usage in %lld out %lld cached %lld written %lld (1h %lld) thought %lld, mismatched %d",
		         g->file, at, (long long)u->input, (long long)u->output, (long long)u->cached, (long long)u->cache_write,
		         (long long)u->cache_write_1h, (long long)u->reasoning, r->reply->is_mismatched);
	if (r->verdict.err.code != g->code)
		fail_msg("%s at %zu: %s %s", g->file, at, err_name(r->verdict.err.code), r->verdict.err.msg);
}

static inline void same_wherever_cut(const struct golden *all, size_t n_all)
{
	struct reading r = READING_INIT;
	for (size_t i = 0; i < n_all; i++) {
		const struct golden *g = &all[i];
		struct str in = golden(g->file);
		r.ops = g->ops;
		for (size_t cut = 0; cut < in.len; cut++) {
			read_stream(&r, in, cut, 0);
			compare(g, &r, cut);
		}
		for (size_t step = 1; step <= 7; step += 2) {
			read_stream(&r, in, 0, step);
			compare(g, &r, step);
		}
	}
	reading_release(&r);
}

/* However much has come: an answer is the whole answer. What was cut off is none, and no call and no turn of its own is handed over. */
static inline void never_complete_too_early(const struct golden *all, size_t n_all)
{
	struct reading r = READING_INIT;
	for (size_t i = 0; i < n_all; i++) {
		const struct golden *g = &all[i];
		struct str in = golden(g->file);
		r.ops = g->ops;
		for (size_t n = 0; n < in.len; n++) {
			read_stream(&r, (struct str){ in.ptr, n }, 0, 0);
			if (r.verdict.err.code == ERR_OK)
				compare_answer(g, &r, n);
			else if (r.reply->n_calls > 0 || r.reply->native.len > 0)
				fail_msg("%s: calls after %zu of %zu bytes", g->file, n, in.len);
			if (strncmp(strbuf_text(&r.text), g->text, r.text.len) != 0)
				fail_msg("%s: other text after %zu bytes", g->file, n);
		}
	}
	reading_release(&r);
}

/* What build() writes, read back. */
static inline const struct json *built(struct arena *a, const struct provider_ops *ops, const struct prompt *p)
{
	struct strbuf b = STRBUF_INIT(65536);
	const struct json *j;
	struct err err;
	ops->build(p, &b);
	if (json_parse(a, (struct str){ strbuf_text(&b), b.len }, 65536, &j, &err) < 0)
		fail_msg("%s: %s", err.msg, strbuf_text(&b));
	strbuf_release(&b);
	return j;
}

static inline void is_str(const struct json *j, const char *path, const char *want)
{
	struct str s = STR("(nothing)");
	json_str(j, path, &s);
	if (!str_eq(s, want))
		fail_msg("%s is %s, not %s", path, s.ptr, want);
}

static inline void is_built(const struct provider_ops *ops, const struct prompt *p, const char *want)
{
	struct strbuf b = STRBUF_INIT(65536);
	ops->build(p, &b);
	if (strcmp(strbuf_text(&b), want) != 0)
		fail_msg("built  %s\nwanted %s", strbuf_text(&b), want);
	strbuf_release(&b);
}

static inline void is_path(const struct provider_ops *ops, const char *model, const char *want)
{
	struct strbuf path = STRBUF_INIT(200), url = STRBUF_INIT(400);
	struct err err;
	ops->path(&(struct prompt){ .model = model }, &path);
	assert_int_equal(address_url(ops, "http://h", strbuf_text(&path), NULL, &url, NULL, &err), 0);
	assert_string_equal(strbuf_text(&url) + strlen("http://h"), want);
	strbuf_release(&path);
	strbuf_release(&url);
}
