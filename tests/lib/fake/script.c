/*
 * The words between [[ and ]], and what each of several providers meets. ask=NAME{ARGUMENTS};NAME{...}/NAME{...}: the calls of tools
 * that the first reply asks for, after / those of the next, without blanks; then the answer comes in words.
 */
#include "tests/lib/fake/fake.h"

#define STAGES 64

const char *default_script;
int default_rate = 20;

static struct stage stages[STAGES];
static int n_stages;
static struct {
	uint64_t hash;
	int n;
} fails[1024];
static int n_fails;

/* The one without a name is there from the start. All over the 64th are the last one. */
struct stage *stage_find(const char *name, size_t len)
{
	for (int i = 0; i < n_stages; i++)
		if (strlen(stages[i].name) == len && memcmp(stages[i].name, name, len) == 0)
			return &stages[i];
	if (n_stages == STAGES)
		return &stages[STAGES - 1];
	snprintf(stages[n_stages].name, sizeof stages[0].name, "%.*s", (int)MIN(len, sizeof stages[0].name - 1), name);
	return &stages[n_stages++];
}

void stage_set(struct stage *s, struct str words)
{
	snprintf(s->script, sizeof s->script, "%.*s", (int)MIN(words.len, sizeof s->script - 1), words.ptr);
	s->script[strcspn(s->script, "\r\n")] = '\0';
	s->down_since = 0;
}

/* What stands after `key` where it is a word of its own: "" for a bare word, NULL when it is not there. The first one counts. */
static const char *find(const char *text, const char *key)
{
	size_t n = strlen(key);
	for (const char *p = text; *p != '\0'; p += strcspn(p, " ")) {
		p += strspn(p, " ");
		if (strncmp(p, key, n) == 0 && p[n] == '=')
			return p + n + 1;
		if (strncmp(p, key, n) == 0 && (p[n] == ' ' || p[n] == '\0'))
			return "";
	}
	return NULL;
}

static int number(const char *text, const char *key, int none)
{
	const char *p = find(text, key);
	return p != NULL && *p != '\0' ? atoi(p) : none;
}

static double real(const char *text, const char *key, double none)
{
	const char *p = find(text, key);
	return p != NULL && *p != '\0' ? atof(p) : none;
}

static bool word(const char *text, const char *key)
{
	return find(text, key) != NULL;
}

static int failures(const char *text)
{
	uint64_t h = 1469598103934665603u;
	for (const char *p = text; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	for (int i = 0; i < n_fails; i++)
		if (fails[i].hash == h)
			return ++fails[i].n;
	if (n_fails < (int)ARRAY_SIZE(fails))
		fails[n_fails++].hash = h;
	return fails[n_fails - 1].n = 1;
}

/* For so many seconds since the first request that met it. */
static bool is_down(struct stage *stage, int seconds)
{
	usec_t now = clock_mono();
	if (stage->down_since == 0)
		stage->down_since = now;
	return now - stage->down_since < seconds * USEC_PER_SEC;
}

static enum failure failure_of(const char *text)
{
	static const char *const WORDS[N_FAILURES] = {
		[FAIL_QUOTA] = "quota", [FAIL_OVERLOADED] = "overloaded", [FAIL_AUTH] = "authfail", [FAIL_TOO_LONG] = "toolong"
	};
	for (int i = 0; i < N_FAILURES; i++)
		if (WORDS[i] != NULL && word(text, WORDS[i]))
			return (enum failure)i;
	return FAIL_NONE;
}

static void read_words(struct script *s, const char *text)
{
	*s = (struct script){
		.slow_ms = number(text, "slow", 0),
		.words = number(text, "words", 0),
		.rate = number(text, "rate", default_rate),
		.cut = number(text, "cut", -1),
		.end = number(text, "end", -1),
		.stall = number(text, "stall", -1),
		.split = number(text, "split", 0),
		.rst = number(text, "rst", -1),
		.flood = number(text, "flood", 0),
		.status = number(text, "status", 0),
		.fail = number(text, "fail", 0),
		.error_mid = number(text, "errormid", -1),
		.down = number(text, "down", 0),
		.remaining = number(text, "remaining", -1),
		.cached = number(text, "cached", 0),
		.retry_after = real(text, "retry_after", 0),
		.reset = real(text, "reset", 2),
		.failure = failure_of(text),
		.hang = word(text, "hang"),
		.malformed = word(text, "malformed"),
		.html = word(text, "html"),
		.whole = word(text, "whole"),
		.no_usage = word(text, "nousage"),
		.is_signed = word(text, "signed"),
		.empty = word(text, "empty"),
		.tools = word(text, "tools"),
	};
}

void read_script(struct script *s, struct stage *stage, const char *message)
{
	char text[2 * SCRIPT_MAX + 1] = "", own[SCRIPT_MAX] = "";
	const char *from = strstr(message, "[["), *to = from != NULL ? strstr(from, "]]") : NULL;
	if (to != NULL)
		snprintf(own, sizeof own, "%.*s", (int)MIN((size_t)(to - from - 2), sizeof own - 1), from + 2);
	/* The provider's own trouble goes before what the message wishes for. */
	snprintf(text, sizeof text, "%s %s", stage->script, own);
	if (stage->script[0] == '\0' && to == NULL && default_script != NULL)
		snprintf(text, sizeof text, "%s", default_script);
	read_words(s, text);
	const char *say = find(text, "say");
	if (say != NULL) {
		snprintf(s->say, sizeof s->say, "%.*s", (int)strcspn(say, " "), say);
		for (char *p = s->say; *p != '\0'; p++)
			*p = *p == '_' ? ' ' : *p == '|' ? '\n' : *p;
	}
	const char *ask = find(text, "ask");
	if (ask != NULL)
		snprintf(s->ask, sizeof s->ask, "%.*s", (int)strcspn(ask, " "), ask);
	if (s->fail > 0 && failures(message) <= s->fail)
		s->status = 500;
	if (s->down > 0 && is_down(stage, s->down))
		s->failure = FAIL_DOWN;
}

/* The part of `text` between the n-th and the next `mark`; empty: there is none. */
static struct str nth(struct str text, int n, char mark)
{
	for (; text.len > 0; n--) {
		const char *end = memchr(text.ptr, mark, text.len);
		size_t len = end != NULL ? (size_t)(end - text.ptr) : text.len;
		if (n == 0)
			return (struct str){ text.ptr, len };
		len = MIN(len + 1, text.len);
		text = (struct str){ text.ptr + len, text.len - len };
	}
	return STR("");
}

bool asks_for_tools(const struct conn *c)
{
	return (c->script.tools && !c->asked.is_after_tool) || nth(str_of(c->script.ask), c->asked.rounds, '/').len > 0;
}

bool pick_call(struct conn *c, int i)
{
	if (c->script.ask[0] == '\0')
		return i == 0;
	struct str call = nth(nth(str_of(c->script.ask), c->asked.rounds, '/'), i, ';');
	const char *args = call.len > 0 ? memchr(call.ptr, '{', call.len) : NULL;
	size_t n = args != NULL ? (size_t)(args - call.ptr) : call.len;
	snprintf(c->asked.tool, sizeof c->asked.tool, "%.*s", (int)MIN(n, sizeof c->asked.tool - 1), call.ptr);
	strbuf_clear(&c->asked.arguments);
	strbuf_add(&c->asked.arguments, args != NULL ? args : "{}", args != NULL ? call.len - n : 2);
	return call.len > 0;
}

void compose(struct strbuf *text, const struct script *s, const char *message)
{
	const char *from = strstr(message, "[["), *end = strstr(message, "]]");
	strbuf_clear(text);
	if (s->say[0] != '\0') {
		strbuf_str(text, s->say);
		return;
	}
	strbuf_str(text, "[practice] No model wrote this. You said: ");
	if (from != NULL && end != NULL && from < end)
		strbuf_addf(text, "%.*s%.2000s", (int)MIN(from - message, 2000), message,
		            end + 2 + (from == message ? strspn(end + 2, " ") : 0));
	else
		strbuf_addf(text, "%.2000s", message);
	for (int i = 0; i < s->words; i++)
		strbuf_addf(text, " word%d", i + 1);
}
