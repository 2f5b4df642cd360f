#include "worker/toolbox/toolbox.h"

#include "shared/utf8.h"

#define PROCESS_REQUEST_MS 30000 /* to begin a process */
#define SPECS_MAX (4u << 20)     /* bytes of the document */

#define KIND(name) extern const struct tool_kind tool_kind_##name;
#include "worker/toolbox/kinds.def"
#undef KIND

static const struct tool_kind *const KINDS[] = {
#define KIND(name) &tool_kind_##name,
#include "worker/toolbox/kinds.def"
#undef KIND
};

static const char *const STATE_WORDS[] = {
#define X(name, word) [USE_##name] = word,
	USE_STATES(X)
#undef X
};

const char *use_word(enum use_state state)
{
	return STATE_WORDS[state];
}

static const struct tool_kind *kind_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++)
		if (name != NULL && strcmp(KINDS[i]->name, name) == 0)
			return KINDS[i];
	return NULL;
}

static int read_tool_spec(struct job *job, const struct json *j, struct tool_spec *s, struct err *err)
{
	int64_t bytes = 0;
	*s = (struct tool_spec){ .said = { .name = json_text(j, "name"), .description = json_text(j, "description") },
		                 .kind = kind_of(json_text(j, "kind")),
		                 .url = json_text(j, "url"),
		                 .method = json_text(j, "method"),
		                 .key_env = json_text(j, "key_env"),
		                 .payload = json_text(j, "payload") };
	if (s->said.name == NULL || s->kind == NULL)
		return err_set(err, ERR_NOT_CONFIGURED, "this worker knows no tools of the kind %.40s",
		               json_text(j, "kind") != NULL ? json_text(j, "kind") : "-");
	json_str(j, "schema", &s->said.schema);
	json_int(j, "timeout_ms", &s->timeout_ms);
	json_int(j, "result_bytes", &bytes);
	json_bool(j, "is_repeatable", &s->is_repeatable);
	json_bool(j, "has_effects", &s->has_effects);
	json_bool(j, "waits", &s->waits);
	s->request_ms = s->kind->is_later ? MIN(s->timeout_ms, PROCESS_REQUEST_MS) : s->timeout_ms;
	s->result_bytes = (size_t)bytes;
	if (s->said.schema.len > 0 && json_parse(&job->arena, s->said.schema, SPECS_MAX, &s->schema, err) < 0)
		return err_wrap(err, "the schema of tool %s", s->said.name);
	return 0;
}

int toolbox_read(struct job *job, struct str document, struct str bound, const struct tool_spec **out, int *n, struct err *err)
{
	const struct json *j, *b;
	if (json_parse(&job->arena, document, SPECS_MAX, &j, err) < 0 || json_parse(&job->arena, bound, SPECS_MAX, &b, err) < 0)
		return err_wrap(err, "tools");
	struct tool_spec *specs = arena_alloc(&job->arena, sizeof *specs * (size_t)MAX(json_count(j), 1));
	struct tool *said = arena_alloc(&job->arena, sizeof *said * (size_t)MAX(json_count(j), 1));
	*n = 0;
	for (const struct json *x = json_first(j); x != NULL; x = json_next(x)) {
		if (read_tool_spec(job, x, &specs[*n], err) < 0)
			return -1;
		specs[*n].bound = b;
		said[*n] = specs[*n].said;
		(*n)++;
	}
	*out = specs;
	job->prompt.tools = said;
	job->prompt.n_tools = *n;
	return 0;
}

const struct tool_spec *toolbox_find(const struct tool_spec *specs, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(specs[i].said.name, name) == 0)
			return &specs[i];
	return NULL;
}

bool toolbox_is_repeatable(const struct tool_use *u)
{
	return u->may_repeat && u->spec != NULL && (u->spec->is_repeatable || u->spec->kind->is_repeatable);
}

/* The text, or its beginning and its end with a word about what lies between. */
static void put_cut(struct strbuf *b, struct str text, int64_t bytes, bool has_end, size_t max)
{
	if (text.len <= max && (int64_t)text.len >= bytes) {
		strbuf_add(b, text.ptr, text.len);
		return;
	}
	size_t head = MIN(text.len, has_end ? max * 3 / 4 : max), tail = has_end ? MIN(text.len - head, max - max * 3 / 4) : 0;
	head -= utf8_unfinished((struct str){ text.ptr, head });
	while (tail > 0 && ((unsigned char)text.ptr[text.len - tail] & 0xC0) == 0x80)
		tail--;
	strbuf_add(b, text.ptr, head);
	strbuf_addf(b, "\n[... %lld bytes of this result are left out here ...]\n",
	            (long long)(MAX(bytes, (int64_t)text.len) - (int64_t)(head + tail)));
	strbuf_add(b, text.ptr + text.len - tail, tail);
}

struct str toolbox_told(struct arena *a, const struct tool_use *u)
{
	size_t max = u->spec != NULL && u->spec->result_bytes > 0 ? u->spec->result_bytes : 16384;
	struct strbuf b = STRBUF_INIT(max + 1000);
	if (u->state != USE_OK)
		strbuf_addf(&b, "%s: %s%s",
		            u->state == USE_REFUSED   ? "not run"
		            : u->state == USE_UNKNOWN ? "unknown"
		                                      : "error",
		            u->why[0] != '\0' ? u->why : "it failed", u->result.len > 0 ? "\n" : "");
	put_cut(&b, u->result, u->result_bytes, u->has_end, max);
	if (u->state == USE_OK && u->why[0] != '\0')
		strbuf_addf(&b, "\n(%.200s)", u->why);
	if (u->note != NULL)
		strbuf_addf(&b, "\n(%.200s)", u->note);
	struct str told = { arena_dup(a, strbuf_text(&b), b.len), b.len };
	strbuf_release(&b);
	return told;
}
