/*
 * A provider's answer in any protocol, cut anywhere, comes to the same verdict, text, calls and usage. An answer has words or calls; its text is
 * whole
 * characters; its calls are JSON objects with a name; its own form is strict JSON and holds every call.
 */
#include "shared/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "worker/llm/reader.h"

static const struct provider_ops *const OPS[] = {
#define PROTOCOL(name) &provider_##name,
#include "shared/protocols.def"
#undef PROTOCOL
};

struct outcome {
	struct strbuf text, facts;
	struct reader reader;
};

static void on_text(void *ctx, struct str text)
{
	struct strbuf *b = ctx;
	RULE(utf8_valid(text), "text cut inside of a character");
	strbuf_add(b, text.ptr, text.len);
}

static bool is_object(struct str text)
{
	struct arena a = ARENA_INIT;
	const struct json *j;
	struct err err;
	bool is = json_parse(&a, text, SPLIT_LINE_MAX, &j, &err) == 0 && json_is_object(j);
	arena_release(&a);
	return is;
}

static void check_own(const struct reply *r, const struct provider_ops *ops)
{
	struct arena a = ARENA_INIT;
	const struct json *j;
	struct err err;
	int n = 0;
	RULE(json_parse(&a, (struct str){ r->native.ptr, r->native.len }, SPLIT_LINE_MAX, &j, &err) == 0, "own form: %s",
	     err.msg);
	for (const struct json *part = json_first(j); part != NULL; part = json_next(part))
		n += ops->is_call(part);
	RULE(n == r->n_calls, "%d calls in the own form, %d handed over", n, r->n_calls);
	arena_release(&a);
}

static void check(const struct outcome *h, const struct verdict *v, int status)
{
	const struct reply *r = &h->reader.reply;
	RULE(v->err.code >= ERR_OK && v->err.code < ERR_N, "no class");
	for (const char *p = v->err.code == ERR_OK ? "" : v->err.msg; *p != '\0'; p++)
		RULE((unsigned char)*p >= 0x20 && *p != 0x7F, "a control character in an error");
	if (v->err.code != ERR_OK)
		return;
	RULE(status >= 200 && status < 300, "an answer with status %d", status);
	RULE(v->proof != NULL, "an answer without a proof");
	RULE(!text_is_blank((struct str){ strbuf_text(&h->text), h->text.len }) || r->n_calls > 0, "an answer of nothing");
	for (int i = 0; i < r->n_calls; i++)
		RULE(r->calls[i].name[0] != '\0' && is_object(r->calls[i].arguments), "a call that cannot be run");
	if (r->native.len > 0)
		check_own(r, h->reader.ops);
}

static void run(struct outcome *h, const struct provider_ops *ops, int status, struct str in, size_t step)
{
	struct err err = { .code = ERR_OK };
	int result = 0;
	reader_init(&h->reader, ops, 0, on_text, &h->text);
	for (size_t i = 0; i < in.len && result >= 0; i += step)
		result = reader_feed(&h->reader, status, (struct str){ in.ptr + i, MIN(step, in.len - i) }, &err);
	struct verdict v = reader_end(&h->reader, status, result < 0 ? &err : NULL);
	const struct reply *r = &h->reader.reply;
	const struct usage *u = &r->usage;
	check(h, &v, status);
	strbuf_addf(&h->facts, "%d %s %s %s %s %s %lld %lld %lld %lld %lld %d", v.err.code, v.finish_reason, v.proof, r->finish,
	            r->model, r->id, (long long)u->input, (long long)u->output, (long long)u->cached, (long long)u->reasoning,
	            (long long)u->cost_pico, r->n_calls);
	for (int i = 0; i < r->n_calls; i++)
		strbuf_addf(&h->facts, " %s %s %.*s", r->calls[i].id, r->calls[i].name, (int)r->calls[i].arguments.len,
		            r->calls[i].arguments.ptr);
	strbuf_addf(&h->facts, " %s", strbuf_text(&r->native));
}

static void release(struct outcome *h)
{
	reader_release(&h->reader);
	strbuf_release(&h->text);
	strbuf_release(&h->facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int STATUS[] = { 200, 200, 200, 200, 200, 201, 400, 429 };
	if (size < 2)
		return 0;
	struct str in = { (const char *)data + 2, size - 2 };
	const struct provider_ops *ops = data[0] % 8 < ARRAY_SIZE(OPS) ? OPS[data[0] % 8] : NULL;
	int status = STATUS[data[0] / 8 % ARRAY_SIZE(STATUS)];
	if (ops == NULL || ops->is_null)
		return 0;
	size_t room = size * 40 + 10000;
	struct outcome whole = { .text = STRBUF_INIT(room), .facts = STRBUF_INIT(room) }, pieces = whole;
	run(&whole, ops, status, in, MAX(in.len, 1));
	run(&pieces, ops, status, in, 1 + data[1] % 9);
	RULE(strcmp(strbuf_text(&whole.facts), strbuf_text(&pieces.facts)) == 0, "in pieces: %s\nwhole:     %s",
	     strbuf_text(&pieces.facts), strbuf_text(&whole.facts));
	RULE(strcmp(strbuf_text(&whole.text), strbuf_text(&pieces.text)) == 0, "another text in pieces");
	RULE(whole.reader.arena.used <= 64 * size + 65536, "%zu bytes of memory for %zu", whole.reader.arena.used, size);
	release(&whole);
	release(&pieces);
	return 0;
}
