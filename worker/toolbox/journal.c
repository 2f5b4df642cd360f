#include "worker/toolbox/journal.h"

#include "worker/services.h"
#include "worker/writer.h"

#define ROUNDS_BYTES (64u << 20) /* of what is read */
#define BEGIN_BYTES (30u << 20)  /* of a record; the writer's batch holds 32 MB */
#define END_BYTES (8u << 20)     /* a result, each byte of it escaped at most six times */

/* ---------------------------------------------------------------- reading */

static enum use_state state_of(const char *word)
{
	for (int i = 0; i < USE_N; i++)
		if (word != NULL && strcmp(use_word((enum use_state)i), word) == 0)
			return (enum use_state)i;
	return USE_ERROR;
}

static void read_use(struct job *job, const struct json *j, const struct tool_spec *specs, int n_specs, struct tool_use *u)
{
	int64_t status = 0;
	u->job = job;
	snprintf(u->id, sizeof u->id, "%s", json_text(j, "call") != NULL ? json_text(j, "call") : "");
	u->asked.id = json_text(j, "call_id") != NULL ? json_text(j, "call_id") : "";
	u->asked.name = json_text(j, "name") != NULL ? json_text(j, "name") : "";
	u->asked.arguments = STR("{}");
	u->result = STR("");
	json_str(j, "arguments", &u->asked.arguments);
	json_str(j, "result", &u->result);
	json_int(j, "status", &status);
	json_int(j, "waits_ms", &u->waits_ms);
	u->status = (int)status;
	u->result_bytes = (int64_t)u->result.len;
	json_int(j, "result_bytes", &u->result_bytes);
	json_bool(j, "has_end", &u->has_end);
	json_bool(j, "repeatable", &u->may_repeat);
	u->note = json_text(j, "note");
	const struct json *arguments;
	struct err err;
	if (json_parse(&job->arena, u->asked.arguments, ROUNDS_BYTES, &arguments, &err) < 0 || !json_is_object(arguments)) {
		u->asked.bad = u->asked.arguments; /* as the model gave them; a vendor would refuse them */
		u->asked.arguments = STR("{}");
	}
	u->state = state_of(json_text(j, "state"));
	snprintf(u->why, sizeof u->why, "%s", json_text(j, "why") != NULL ? json_text(j, "why") : "");
	u->spec = toolbox_find(specs, n_specs, u->asked.name);
}

static void read_round(struct job *job, const struct json *j, const struct tool_spec *specs, int n_specs, struct round *r)
{
	const struct json *calls = json_get(j, "calls");
	const char *own = json_text(j, "own_protocol"), *at = own != NULL ? strchr(own, '@') : NULL;
	json_str(j, "said", &r->said);
	json_str(j, "own_turn", &r->native);
	if (at != NULL) {
		r->own_protocol = arena_dup(&job->arena, own, (size_t)(at - own));
		r->own_provider = at + 1;
	}
	r->n = json_count(calls);
	r->uses = arena_alloc(&job->arena, sizeof *r->uses * (size_t)MAX(r->n, 1));
	int i = 0;
	for (const struct json *c = json_first(calls); c != NULL; c = json_next(c))
		read_use(job, c, specs, n_specs, &r->uses[i++]);
}

int journal_read(struct job *job, struct str document, const struct tool_spec *specs, int n_specs, struct round **out, int *n,
                 struct err *err)
{
	const struct json *j;
	if (json_parse(&job->arena, document, ROUNDS_BYTES, &j, err) < 0)
		return err_wrap(err, "the journal of tools");
	struct round *rounds = arena_alloc(&job->arena, sizeof *rounds * (size_t)MAX(json_count(j), 1));
	*n = 0;
	for (const struct json *x = json_first(j); x != NULL; x = json_next(x)) {
		rounds[*n] = (struct round){ .number = *n + 1, .said = STR(""), .native = STR("") };
		read_round(job, x, specs, n_specs, &rounds[(*n)++]);
	}
	*out = rounds;
	return 0;
}

/* ---------------------------------------------------------------- writing */

static void entry_on_durable(struct record *record)
{
	struct entry *e = list_entry(record, struct entry, record);
	strbuf_release(&record->json);
	job_wake(e->job, &e->is_durable);
}

static struct strbuf *entry_init(struct entry *e, struct job *job, enum record_kind_id kind, size_t cap)
{
	e->job = job;
	e->record = (struct record){ .kind = kind,
		                     .json = STRBUF_INIT(cap),
		                     .job_id = job->job_id,
		                     .worker_key = job->worker_key,
		                     .on_durable = entry_on_durable };
	strbuf_char(&e->record.json, '{');
	json_put_int_field(&e->record.json, "message_id", job->message_id);
	json_put_field(&e->record.json, "job_id", job->job_id);
	return &e->record.json;
}

static void put_str_field(struct strbuf *b, const char *key, struct str text)
{
	json_put_key(b, key);
	json_put_str(b, text);
}

static void put_use(struct strbuf *b, const struct tool_use *u)
{
	strbuf_char(b, '{');
	json_put_field(b, "call", u->id);
	json_put_field(b, "tool", u->spec != NULL ? u->spec->said.name : NULL);
	json_put_field(b, "call_id", u->asked.id);
	json_put_field(b, "name", u->asked.name);
	put_str_field(b, "arguments", u->asked.bad.len > 0 ? u->asked.bad : u->asked.arguments);
	json_put_field(b, "note", u->note);
	json_put_field(b, "state", use_word(u->state));
	if (u->state == USE_REFUSED)
		json_put_field(b, "why", u->why);
	strbuf_char(b, '}');
}

int journal_begin(struct entry *e, struct job *job, const struct round *r, struct err *err)
{
	struct strbuf *b = entry_init(e, job, RECORD_tool_begun, BEGIN_BYTES);
	json_put_int_field(b, "round", r->number);
	put_str_field(b, "said", r->said);
	if (r->own_protocol != NULL && r->native.len > 0) {
		char own[120];
		snprintf(own, sizeof own, "%.20s@%.90s", r->own_protocol, r->own_provider);
		json_put_field(b, "own_protocol", own);
		put_str_field(b, "own_turn", r->native);
	}
	json_put_key(b, "calls");
	strbuf_char(b, '[');
	for (int i = 0; i < r->n; i++) {
		if (i > 0)
			strbuf_char(b, ',');
		put_use(b, &r->uses[i]);
	}
	strbuf_str(b, "]}");
	if (b->broken) {
		strbuf_release(b);
		return err_set(err, ERR_TOO_BIG, "what the model asked of tools is over %u bytes", BEGIN_BYTES);
	}
	writer_submit(job->services->writer, &e->record);
	return 0;
}

void journal_begin_again(struct entry *e, struct job *job, const struct round *r)
{
	struct strbuf *b = entry_init(e, job, RECORD_tool_begun, BEGIN_BYTES);
	json_put_key(b, "again");
	strbuf_char(b, '[');
	for (int i = 0, n = 0; i < r->n; i++)
		if (r->uses[i].state == USE_RUNNING && !r->uses[i].is_waiting)
			strbuf_addf(b, "%s\"%s\"", n++ > 0 ? "," : "", r->uses[i].id);
	strbuf_str(b, "]}");
	writer_submit(job->services->writer, &e->record);
}

void journal_end(struct entry *e, const struct tool_use *u)
{
	struct job *job = u->job;
	struct strbuf *b = entry_init(e, job, RECORD_tool_ended, END_BYTES);
	json_put_field(b, "call", u->id);
	json_put_field(b, "state", use_word(u->state));
	if (u->status > 0)
		json_put_int_field(b, "status", u->status);
	json_put_key(b, "duration_ms");
	strbuf_addf(b, "%.1f", (double)u->took / USEC_PER_MSEC);
	put_str_field(b, "result", u->result);
	json_put_int_field(b, "result_bytes", u->result_bytes);
	if (u->why[0] != '\0')
		json_put_field(b, "why", u->why);
	strbuf_str(b, u->goes_on ? ",\"goes_on\":true}" : "}");
	writer_submit(job->services->writer, &e->record);
}
