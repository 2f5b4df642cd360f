/*
 * Stage `tools`: makes the calls of tools that the model asked for, and gives it their results
 * (docs/decisions/023-tools.md). A round is one reply of the model with its calls: it is in the journal before
 * any of them begins, and each result is there before the model is called again. An attempt goes on where the
 * journal ends: what has ended is not done again, and a call of which nobody knows whether it was done fails
 * the message, unless doing it twice does no harm.
 */
#include <ctype.h>

#include "shared/log.h"
#include "sql_embed.h"
#include "worker/llm/llm.h"
#include "worker/services.h"
#include "worker/stages/stages.h"
#include "worker/telemetry/facts.h"
#include "worker/telemetry/trace.h"
#include "worker/toolbox/arguments.h"
#include "worker/toolbox/journal.h"

#define ROUNDS_MAX 16        /* of one message */
#define CALLS_MAX 128        /* of one message */
#define SAME_MAX 3           /* the same call with the same arguments, of one message */
#define REFUSED_MAX 3        /* rounds in a row of which nothing could be run */
#define LACK_WAIT_MS 3000    /* before another worker is tried for a key that this one lacks; doubled, up to three minutes */
#define WAIT_MAX_MS 86400000 /* then it is looked again whether its time is over */
#define TIMES_MAX 2          /* a call that may be made twice is begun so often in an attempt */

static const char LEFT[] = "its worker was lost, or ended, before the call did; it was not made again";
static const char LATE[] = "no answer came within its time; it was not begun again";

struct tooling {
	const struct tool_spec *specs;
	int n_specs;
	int n_rounds;                           /* in the conversation */
	int n_refused;                          /* rounds in a row of which nothing was run */
	const struct tool_use *seen[CALLS_MAX]; /* calls of all rounds */
	int n_seen;
	struct round *round;       /* whose calls are made; NULL: none */
	struct entry begun, *ends; /* ends: one for each call of the round */
	bool is_begun;
	const struct tool_use *unsafe; /* nobody knows whether it was done; NULL: none */
	bool is_told;                  /* that was so when the attempt began: nothing is begun */
};

/* ---------------------------------------------------------------- the conversation */

/* Appends a round with its results to the conversation. */
static void add_turns(struct job *job, const struct round *r)
{
	struct prompt *p = &job->prompt;
	struct turn *turns = arena_alloc(&job->arena, sizeof *turns * (size_t)(p->n_turns + 1 + r->n));
	struct tool_call *calls = arena_alloc(&job->arena, sizeof *calls * (size_t)MAX(r->n, 1));
	if (p->n_turns > 0)
		memcpy(turns, p->turns, sizeof *turns * (size_t)p->n_turns);
	for (int i = 0; i < r->n; i++)
		calls[i] = r->uses[i].asked;
	turns[p->n_turns++] = (struct turn){ .role = "assistant",
		                             .content = r->said,
		                             .calls = calls,
		                             .n_calls = r->n,
		                             .own_protocol = r->own_protocol,
		                             .own_provider = r->own_provider,
		                             .native = r->native };
	for (int i = 0; i < r->n; i++)
		turns[p->n_turns++] = (struct turn){ .role = "tool",
			                             .content = toolbox_told(&job->arena, &r->uses[i]),
			                             .call_id = calls[i].id,
			                             .call_name = calls[i].name,
			                             .is_error = r->uses[i].state != USE_OK,
			                             .native = STR("") };
	p->turns = turns;
}

/* The text of the next round begins a paragraph of its own. With live.lock where others read. */
static void begin_paragraph(struct live *live)
{
	size_t n = live->text.len;
	if (n > 0 && (n < 2 || memcmp(live->text.ptr + n - 2, "\n\n", 2) != 0))
		strbuf_str(&live->text, "\n\n");
}

static void remember_calls(struct tooling *t, const struct round *r)
{
	bool any_run = false;
	for (int i = 0; i < r->n; i++) {
		any_run |= r->uses[i].state != USE_REFUSED;
		if (t->n_seen < CALLS_MAX)
			t->seen[t->n_seen++] = &r->uses[i];
	}
	t->n_refused = any_run ? 0 : t->n_refused + 1;
	t->n_rounds++;
}

static bool has_running(const struct round *r)
{
	for (int i = 0; i < r->n; i++)
		if (r->uses[i].state == USE_RUNNING)
			return true;
	return false;
}

/* Reads the agent's tools, and goes on where the journal ends. -1 with err. */
static int tools_resume(struct job *job, struct tooling *t, struct err *err)
{
	const char *const *c = job->columns;
	struct round *rounds = NULL;
	int n = 0;
	if (toolbox_read(job, str_of(c[COL_CONTEXTS_TOOLS]), str_of(c[COL_CONTEXTS_BOUND]), &t->specs, &t->n_specs, err) < 0)
		return -1;
	if (toolbox_has_keys(job->services->options, t->specs, t->n_specs, err) < 0) {
		/* another worker may have it: the message waits, and uses no try */
		err->wait_ms = LACK_WAIT_MS << MIN(job->number - 1, 6);
		return -1;
	}
	if (c[COL_CONTEXTS_ROUNDS] != NULL &&
	    journal_read(job, str_of(c[COL_CONTEXTS_ROUNDS]), t->specs, t->n_specs, &rounds, &n, err) < 0)
		return -1;
	if (t->n_specs > 0 && json_text(t->specs[0].bound, "profile") != NULL)
		log_event(LOG_INFO, "profile", "message=%lld session=%s profile=%s", (long long)job->message_id,
		          json_text(t->specs[0].bound, "session_id"), json_text(t->specs[0].bound, "profile"));
	for (int i = 0; i < n; i++) {
		pthread_mutex_lock(&job->live.lock);
		strbuf_add(&job->live.text, rounds[i].said.ptr, rounds[i].said.len);
		begin_paragraph(&job->live);
		pthread_mutex_unlock(&job->live.lock);
		if (has_running(&rounds[i])) { /* only of the last one */
			t->round = &rounds[i];
			break;
		}
		remember_calls(t, &rounds[i]);
		add_turns(job, &rounds[i]);
	}
	return 0;
}

/* ---------------------------------------------------------------- a round begins */

static bool is_same_call(const struct tool_use *a, const struct tool_call *b)
{
	return strcmp(a->asked.name, b->name) == 0 && a->asked.arguments.len == b->arguments.len &&
	       memcmp(a->asked.arguments.ptr, b->arguments.ptr, b->arguments.len) == 0;
}

/* How often this very call was made: in earlier rounds, and before it in this one. unknown: nobody knows of one whether it was. */
static int n_same(const struct tooling *t, const struct tool_use *first, const struct tool_use *u, bool *unknown)
{
	int n = 0;
	for (int i = 0; i < t->n_seen; i++) {
		if (t->seen[i]->state == USE_REFUSED || !is_same_call(t->seen[i], &u->asked))
			continue;
		n++;
		*unknown |= t->seen[i]->state == USE_UNKNOWN;
	}
	for (const struct tool_use *x = first; x < u; x++)
		n += x->state != USE_REFUSED && is_same_call(x, &u->asked);
	return n;
}

static void refuse_use(struct tool_use *u, const char *why)
{
	u->state = USE_REFUSED;
	snprintf(u->why, sizeof u->why, "%s", why);
}

/* Decides whether a call is made, and with which arguments. */
static void judge_use(struct job *job, const struct tooling *t, const struct tool_use *first, struct tool_use *u)
{
	struct arguments arguments;
	bool is_unknown = false;
	int n = n_same(t, first, u, &is_unknown);
	u->may_repeat = true;
	u->state = USE_RUNNING;
	u->spec = toolbox_find(t->specs, t->n_specs, u->asked.name);
	if (u->spec == NULL) {
		refuse_use(u, "there is no tool of this name");
	} else if (!arguments_check(&job->arena, u->spec->said.schema, u->spec->schema, u->spec->payload,
	                            u->asked.bad.len > 0 ? u->asked.bad : u->asked.arguments, &arguments)) {
		refuse_use(u, arguments.why);
	} else if (is_unknown) {
		refuse_use(u, "nobody knows whether this very call was done; it is not made again");
	} else if (n >= SAME_MAX) {
		refuse_use(u, "this very call was made three times already; use its results");
	} else {
		u->arguments = arguments.text;
		u->note = arguments.note;
	}
}

static const char *keep_text(struct job *job, const char *text)
{
	return text != NULL ? arena_dup(&job->arena, text, strlen(text)) : NULL;
}

static struct str keep_str(struct job *job, struct str s)
{
	return (struct str){ arena_dup(&job->arena, s.ptr != NULL ? s.ptr : "", s.len), s.len };
}

/* A name as every vendor takes it back: letters, digits, _ and -, at most 64. *is_odd: it was another. */
static const char *keep_name(struct job *job, const char *name, bool *is_odd)
{
	char *kept = arena_dup(&job->arena, name, strnlen(name, 64));
	for (char *c = kept; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-')
			*c = '_';
	*is_odd |= strcmp(kept, name) != 0;
	return kept;
}

/* An id that no call of the conversation has: servers without ids of their own repeat those that we make. */
static const char *keep_id(struct job *job, const struct tooling *t, const struct tool_use *u, const char *id, bool *is_odd)
{
	for (int i = 0; i < t->n_seen; i++)
		if (strcmp(t->seen[i]->asked.id, id) == 0) {
			*is_odd = true;
			return u->id;
		}
	return keep_text(job, id);
}

/* The round that the model's last reply asks for. NULL with err: it asks for too much. */
static struct round *new_round(struct job *job, const struct tooling *t, struct err *err)
{
	struct llm_said said = llm_said(job);
	struct round *r = arena_alloc(&job->arena, sizeof *r);
	if (t->n_rounds >= ROUNDS_MAX || t->n_seen + said.n_calls > CALLS_MAX || t->n_refused >= REFUSED_MAX) {
		if (t->n_refused >= REFUSED_MAX)
			err_set(err, ERR_TOOL_LIMIT, "the model asked %d times in a row for what cannot be run: %.120s",
			        REFUSED_MAX, t->seen[t->n_seen - 1]->why);
		else
			err_set(err, ERR_TOOL_LIMIT, "the model asks for tools and does not end: %d rounds, %d calls, and more",
			        t->n_rounds, t->n_seen);
		return NULL;
	}
	*r = (struct round){ .number = t->n_rounds + 1,
		             .said = keep_str(job, said.text),
		             .native = keep_str(job, said.native),
		             .own_protocol = keep_text(job, said.native.len > 0 ? said.protocol : NULL),
		             .own_provider = keep_text(job, said.native.len > 0 ? said.provider : NULL),
		             .uses = arena_alloc(&job->arena, sizeof *r->uses * (size_t)said.n_calls),
		             .n = said.n_calls };
	bool is_odd = false;
	for (int i = 0; i < r->n; i++) {
		const struct tool_call *asked = &said.calls[i];
		struct tool_use *u = &r->uses[i];
		uuid_new(u->id);
		u->result = STR("");
		u->job = job;
		u->asked = (struct tool_call){ .id = keep_id(job, t, u, asked->id, &is_odd),
			                       .name = keep_name(job, asked->name, &is_odd),
			                       .arguments = keep_str(job, asked->arguments) };
		if (asked->bad.len > 0)
			u->asked.bad = keep_str(job, asked->bad);
		judge_use(job, t, r->uses, u);
	}
	if (is_odd) {
		r->own_protocol = r->own_provider = NULL;
		r->native = STR("");
	}
	return r;
}

/* Writes the end of a call that this attempt did not begin. */
static void end_left(struct tooling *t, int i, enum use_state state)
{
	struct tool_use *u = &t->round->uses[i];
	u->state = state;
	u->times = 1;
	journal_end(&t->ends[i], u);
}

/* An attempt finds calls that another one began: those that may not be made twice are not. */
static void judge_left(struct job *job, struct tooling *t)
{
	struct round *r = t->round;
	for (int i = 0; i < r->n; i++) {
		struct tool_use *u = &r->uses[i];
		struct arguments arguments;
		if (u->state != USE_RUNNING)
			continue;
		if (u->waits_ms > 0) { /* a process, which is not begun again */
			u->is_waiting = true;
		} else if (!toolbox_is_repeatable(u)) {
			t->unsafe = u;
		} else if (u->spec->kind->is_later) {
			snprintf(u->why, sizeof u->why, "no answer came within its time");
			end_left(t, i, USE_ERROR);
		} else if (arguments_check(&job->arena, u->spec->said.schema, u->spec->schema, u->spec->payload,
		                           u->asked.arguments, &arguments)) {
			u->arguments = arguments.text;
		} else { /* the tool was changed meanwhile */
			snprintf(u->why, sizeof u->why, "%s", arguments.why);
			end_left(t, i, USE_REFUSED);
		}
	}
}

/* ---------------------------------------------------------------- a round runs */

static void begin_use(struct tool_use *u)
{
	u->began = clock_mono();
	u->span = span_child(&u->job->span);
	u->times++;
	u->why[0] = '\0';
	u->is_lost = false;
	atomic_store(&u->is_over, false);
	u->spec->kind->begin(u);
	u->is_running = true;
}

static void report_use(const struct tool_use *u)
{
	const struct tool_facts facts = { u->job->agent, u->spec->said.name, u->asked.id, use_word(u->state), u->took };
	facts_tool(u->job->services->counts, &facts);
	trace_tool(u->job->services->trace, &u->span, &facts);
}

/* A call has ended: its result, once more, or nobody knows. */
static void end_use(struct tooling *t, struct tool_use *u, struct entry *end)
{
	bool is_stopped = atomic_load(&u->job->stop) != ERR_OK;
	u->is_running = false;
	u->spec->kind->finish(u);
	u->took = clock_mono() - u->began;
	if (u->is_waiting) {
		u->is_left = true;
		return;
	}
	if (u->is_open || (u->is_lost && is_stopped)) { /* the next attempt decides, by the journal */
		u->state = USE_RUNNING;
		u->is_left = true;
		return;
	}
	bool is_unclear = u->is_lost || (u->was_lost && u->state != USE_OK && u->status == 0);
	u->was_lost |= u->is_lost;
	if (is_unclear && !toolbox_is_repeatable(u)) {
		u->state = USE_UNKNOWN;
		t->unsafe = u;
	} else if (is_unclear && u->times < TIMES_MAX) {
		begin_use(u);
		return;
	} else if (is_unclear && u->spec->has_effects && !u->spec->kind->is_repeatable) {
		/* with the same key, by the next attempt: told as an error, the model would ask with another one */
		u->state = USE_RUNNING;
		u->is_left = u->is_open = true;
		return;
	}
	report_use(u);
	if (u->is_written)
		atomic_store(&end->is_durable, true);
	else
		journal_end(end, u);
}

/* True when no call of the round runs, and each end is in the journal. */
static bool has_run(struct job *job, struct tooling *t)
{
	bool is_over = true, is_stopped = atomic_load(&job->stop) != ERR_OK;
	for (int i = 0; i < t->round->n; i++) {
		struct tool_use *u = &t->round->uses[i];
		while (u->is_running && u->spec->kind->has_ended(u))
			end_use(t, u, &t->ends[i]);
		if (u->is_running && is_stopped && !u->is_cancelled && u->spec->kind->cancel != NULL) {
			u->is_cancelled = true;
			u->spec->kind->cancel(u);
		}
		is_over &= !u->is_running && (u->times == 0 || u->is_left || atomic_load(&t->ends[i].is_durable));
	}
	return is_over;
}

/* ---------------------------------------------------------------- a round ends */

static enum step fail_unsafe(const struct tool_use *u, struct err *err)
{
	struct str a = u->asked.arguments;
	int n = (int)MIN(a.len, 120);
	err_set(err, ERR_UNSAFE, "nobody knows whether %.40s was done (%.40s): %.*s%s", u->asked.name,
	        u->why[0] != '\0' ? u->why : "its worker was lost", n, a.ptr, a.len > 120 ? "..." : "");
	return STEP_FAIL;
}

/* The message waits for its processes: it leaves this worker until one has answered, or its time is over. */
static enum step wait_for_tasks(int64_t ms, struct err *err)
{
	err_set(err, ERR_TASK, "a process of its tools answers later");
	err->wait_ms = (int)MIN(MAX(ms, 100), WAIT_MAX_MS);
	return STEP_FAIL;
}

/* How long the first of the round's processes may still take; -1: none is waited for. */
static int64_t tasks_ms(const struct round *r)
{
	int64_t least = -1;
	for (int i = 0; i < r->n; i++)
		if (r->uses[i].is_waiting && (least < 0 || r->uses[i].waits_ms < least))
			least = MAX(r->uses[i].waits_ms, 0);
	return least;
}

static enum step end_round(struct job *job, struct tooling *t, struct err *err)
{
	struct round *r = t->round;
	int stop = atomic_load(&job->stop);
	if (stop != ERR_OK) {
		err_set(err, (enum err_code)stop, "while its tools ran");
		return STEP_FAIL;
	}
	if (t->unsafe != NULL)
		return fail_unsafe(t->unsafe, err);
	for (int i = 0; i < r->n; i++) {
		if (r->uses[i].is_open) {
			err_set(err, ERR_TIMEOUT, "%.40s did not answer (%.100s); it is called again with the same key",
			        r->uses[i].asked.name, r->uses[i].why);
			return STEP_FAIL;
		}
		if (t->ends[i].record.is_lost) {
			err_set(err, ERR_NEXT_ROUND, "the journal has another end of a call");
			return STEP_FAIL;
		}
	}
	if (tasks_ms(r) >= 0)
		return wait_for_tasks(tasks_ms(r), err);
	remember_calls(t, r);
	add_turns(job, r);
	t->round = NULL;
	t->is_begun = false;
	job_enter_place(job); /* code leaves it */
	if (job->llm == NULL)
		return STEP_NEXT;
	if (job->is_budgeted) { /* it has reserved one call */
		err_set(err, ERR_NEXT_ROUND, "the next round is an attempt of its own");
		return STEP_FAIL;
	}
	pthread_mutex_lock(&job->live.lock);
	begin_paragraph(&job->live);
	pthread_mutex_unlock(&job->live.lock);
	llm_again(job, "tools");
	return STEP_NEXT;
}

static void begin_round(struct job *job, struct tooling *t)
{
	bool is_stopped = atomic_load(&job->stop) != ERR_OK;
	for (int i = 0; i < t->round->n; i++) {
		struct tool_use *u = &t->round->uses[i];
		if (u->state != USE_RUNNING || u->is_waiting)
			continue;
		if (!is_stopped) {
			begin_use(u);
			continue;
		}
		snprintf(u->why, sizeof u->why, "its worker ended before it could begin");
		end_left(t, i, USE_REFUSED);
	}
}

/* The calls of a round are in the journal: begins them, and waits for their ends. */
static enum step run_round(struct job *job, struct tooling *t, struct err *err)
{
	if (!atomic_load(&t->begun.is_durable))
		return STEP_PARK;
	if (!t->is_begun && t->begun.record.is_lost) {
		err_set(err, ERR_NEXT_ROUND,
		        "the journal is not as this attempt knows it"); /* or it lost the message: then nothing is written */
		return STEP_FAIL;
	}
	if (!t->is_begun) {
		t->is_begun = true;
		begin_round(job, t);
	}
	return has_run(job, t) ? end_round(job, t, err) : STEP_PARK;
}

/* Nothing of a round that was left is begun when one of its calls may not be made twice: the operator is told.
 * */
static enum step tell_unsafe(struct job *job, struct tooling *t, struct err *err)
{
	struct round *r = t->round;
	if (!t->is_begun) {
		t->is_begun = true;
		for (int i = 0; i < r->n; i++) {
			struct tool_use *u = &r->uses[i];
			if (u->state != USE_RUNNING || u->is_waiting || toolbox_is_repeatable(u))
				continue;
			snprintf(u->why, sizeof u->why, "%s", u->spec != NULL && u->spec->kind->is_later ? LATE : LEFT);
			end_left(t, i, USE_UNKNOWN);
		}
	}
	return has_run(job, t) ? fail_unsafe(t->unsafe, err) : STEP_PARK;
}

static bool has_to_begin(const struct round *r)
{
	for (int i = 0; i < r->n; i++)
		if (r->uses[i].state == USE_RUNNING && !r->uses[i].is_waiting)
			return true;
	return false;
}

enum step stage_tools(struct job *job, struct err *err)
{
	struct tooling *t = job->tooling;
	bool is_left = false;
	if (job->columns[COL_CONTEXTS_TOOLS] == NULL)
		return STEP_NEXT;
	if (t == NULL) {
		t = job->tooling = arena_alloc(&job->arena, sizeof *t);
		if (tools_resume(job, t, err) < 0)
			return STEP_FAIL;
		if (t->round == NULL)
			return STEP_NEXT;
		is_left = true;
	} else if (t->unsafe != NULL && t->is_told) {
		return tell_unsafe(job, t, err);
	} else if (t->round != NULL) {
		return run_round(job, t, err);
	} else if ((t->round = new_round(job, t, err)) == NULL) {
		return STEP_FAIL;
	}
	t->ends = arena_alloc(&job->arena, sizeof *t->ends * (size_t)t->round->n);
	t->begun = (struct entry){ .job = job };
	if (is_left)
		judge_left(job, t);
	if (t->unsafe != NULL) {
		t->is_told = true;
		return tell_unsafe(job, t, err);
	}
	if (is_left && !has_to_begin(t->round)) {
		atomic_store(&t->begun.is_durable, true);
		t->is_begun = true;
		return run_round(job, t, err);
	}
	if (is_left)
		journal_begin_again(&t->begun, job, t->round);
	else if (journal_begin(&t->begun, job, t->round, err) < 0)
		return STEP_FAIL;
	return STEP_PARK;
}
