/*
 * Stage `code`: runs the blocks of code of an answer, for agents that say so (run_code), and puts their real output where the
 * model said what it would be. Lines of the model's own that look like a real result are taken out, also for agents that only
 * calculate: a conversation with real results in it invites a model to imitate them. With run_code=repair a block that fails goes
 * back to the model, once: what it answers then is put behind the first answer, because watchers have seen the beginning of that.
 */
#include "sql_embed.h"
#include "worker/code/blocks.h"
#include "worker/code/result.h"
#include "worker/llm/llm.h"
#include "worker/runs.h"
#include "worker/services.h"
#include "worker/stages/stages.h"

#define BLOCKS_MAX 8          /* of one answer; further ones are not run, which is said */
#define TIMEOUT_MS 10000      /* of one block, as that of signalbox exec */
#define SHOWN_MAX (16u << 10) /* bytes of output in the answer; the run's row has more */

struct coding {
	struct code_block *blocks; /* all n of them */
	struct real_result results[BLOCKS_MAX];
	int n, n_run, at;     /* n_run: so many are run, or were */
	const char *why_rest; /* why the others are not */
	struct run *run;
	bool is_begun, is_repair, is_french;
};

static struct str answer_of(const struct job *job)
{
	return (struct str){ strbuf_text(&job->live.text), job->live.text.len };
}

static void begin_coding(struct job *job, struct coding *c)
{
	c->n = job->live.runs_code ? code_blocks(&job->arena, answer_of(job), job->live.final, BLOCKS_MAX, &c->blocks) : 0;
	c->n_run = MIN(c->n, BLOCKS_MAX);
	c->why_rest = "only eight blocks of an answer are run";
	c->at = 0;
	c->is_french = is_rather_french(answer_of(job));
	c->is_begun = true;
}

/* Keeps the result of the run that has ended. False: the job is to stop. */
static bool keep_result(struct job *job, struct coding *c)
{
	struct real_result r = run_shown(c->run, SHOWN_MAX);
	bool is_over = run_result(c->run)->verdict == VERDICT_CANCELLED;
	if (is_over) { /* the attempt's time: the answer is paid for, and kept */
		c->n_run = c->at;
		c->why_rest = "no time was left";
	} else {
		r.why = arena_dup(&job->arena, r.why, strlen(r.why));
		r.output.ptr = arena_dup(&job->arena, r.output.ptr, r.output.len);
		r.with_status = true;
		c->results[c->at++] = r;
	}
	run_free(c->run);
	c->run = NULL;
	return !is_over || atomic_load(&job->stop) == ERR_OK;
}

static void put_result(struct strbuf *b, const struct coding *c, int i)
{
	const struct real_result none = { .verdict = verdict_word(VERDICT_REJECTED), .why = c->why_rest, .output = STR("") };
	if (b->len > 0 && b->ptr[b->len - 1] != '\n')
		strbuf_char(b, '\n');
	strbuf_char(b, '\n');
	result_put(b, i < c->n_run ? &c->results[i] : &none, c->is_french);
	strbuf_char(b, '\n');
}

/* The answer with the results in it, and without lines that only look like ours. What code_settled() let through stays as it is. */
static bool rewrite(struct job *job, const struct coding *c)
{
	struct live *live = &job->live;
	struct strbuf b = { .cap = live->text.cap };
	struct str answer = answer_of(job);
	size_t at = live->final;
	const char *notice = result_forged(c->is_french);
	bool is_changed = c->n > 0;
	strbuf_add(&b, answer.ptr, at);
	for (int i = 0; i < c->n; i++) {
		code_disarm(&b, answer, at, c->blocks[i].begin, live->runs_code, notice);
		strbuf_add(&b, answer.ptr + c->blocks[i].begin, c->blocks[i].end - c->blocks[i].begin);
		put_result(&b, c, i);
		at = c->blocks[i].simulated_end;
	}
	is_changed |= code_disarm(&b, answer, at, answer.len, live->runs_code, notice);
	bool is_whole = !b.broken;
	if (is_whole) {
		pthread_mutex_lock(&live->lock);
		struct strbuf old = live->text;
		live->text = b;
		live->final = b.len;
		live->scan = (struct code_scan){ .at = b.len };
		pthread_mutex_unlock(&live->lock);
		b = old;
	}
	job->is_rewritten |= is_changed;
	strbuf_release(&b);
	return is_whole;
}

/* True if a block was run and failed. */
static bool has_failed(const struct coding *c)
{
	for (int i = 0; i < c->n_run; i++)
		if (strcmp(c->results[i].verdict, verdict_word(VERDICT_OK)) != 0 && !result_is_of_no_run(&c->results[i]))
			return true;
	return false;
}

static const char *const AGAIN[] = {
	"The code was really run and failed, as shown above. Correct it, and give the whole corrected code.",
	"Le code a réellement été exécuté et a échoué, comme indiqué ci-dessus. Corrige-le et donne le code complet corrigé.",
};

/* Asks the model once more, with what it said, what really came of it, and the request to mend it. */
static enum step ask_again(struct job *job, struct coding *c)
{
	struct prompt *p = &job->prompt;
	struct llm_said said = llm_said(job); /* earlier rounds are turns already */
	struct turn *turns = arena_alloc(&job->arena, sizeof *turns * (size_t)(p->n_turns + 2));
	memcpy(turns, p->turns, sizeof *turns * (size_t)p->n_turns);
	turns[p->n_turns] = (struct turn){ .role = "assistant",
		                           .content = { arena_dup(&job->arena, said.text.ptr, said.text.len), said.text.len },
		                           .native = STR("") };
	turns[p->n_turns + 1] = (struct turn){
		.role = "user",
		.content = str_of(AGAIN[c->is_french]),
		.native = STR(""),
	};
	p->turns = turns;
	p->n_turns += 2;
	pthread_mutex_lock(&job->live.lock);
	strbuf_str(&job->live.text, "\n\n");
	job->live.final = job->live.text.len;
	job->live.scan = (struct code_scan){ .at = job->live.final };
	pthread_mutex_unlock(&job->live.lock);
	c->is_repair = true;
	c->is_begun = false;
	job_enter_place(job);
	llm_again(job, "repaired");
	return step_back(job, "generate");
}

static enum step finish_coding(struct job *job, struct coding *c, struct err *err)
{
	const char *run_code = job->columns[COL_CONTEXTS_RUN_CODE];
	if (!rewrite(job, c)) {
		err_set(err, ERR_TOO_BIG, "the answer with the results of its code is over %zu bytes", job->live.text.cap);
		return STEP_FAIL;
	}
	/* A budget has reserved one call. */
	if (run_code != NULL && strcmp(run_code, "repair") == 0 && !c->is_repair && !job->is_budgeted && has_failed(c))
		return ask_again(job, c);
	return STEP_NEXT;
}

enum step stage_code(struct job *job, struct err *err)
{
	struct coding *c = job->coding;
	if (!job->live.shows_real)
		return STEP_NEXT;
	if (c == NULL)
		c = job->coding = arena_alloc(&job->arena, sizeof *c);
	if (!c->is_begun)
		begin_coding(job, c);
	while (c->at < c->n_run) {
		const struct code_block *b = &c->blocks[c->at];
		if (c->run == NULL)
			c->run = run_begin(job, "answer", b->language, b->code, TIMEOUT_MS);
		if (!run_has_ended(c->run))
			return STEP_PARK;
		if (!keep_result(job, c)) {
			err_set(err, (enum err_code)atomic_load(&job->stop), "before its code was run");
			return STEP_FAIL;
		}
	}
	return finish_coding(job, c, err);
}

bool code_is_kept(struct job *job, struct err *err)
{
	enum err_class class = err_class(err->code);
	if (job->coding == NULL || !job->coding->is_repair || class == ERR_GONE || class == ERR_RELEASE)
		return false;
	pthread_mutex_lock(&job->live.lock);
	/* What could not be shown yet was not run: it goes. */
	struct strbuf *text = &job->live.text;
	struct code_scan scan = { .at = job->live.final };
	text->len = code_settled(answer_of(job), job->live.runs_code, &scan);
	if (text->ptr != NULL)
		text->ptr[text->len] = '\0';
	strbuf_addf(text,
	            job->coding->is_french ? "\n\n⚠ **La correction n'a pas abouti: %s.**"
	                                   : "\n\n⚠ **The correction did not come: %s.**",
	            err_name(err->code));
	pthread_mutex_unlock(&job->live.lock);
	*err = (struct err){ .code = ERR_OK };
	job->disposition = ERR_NONE;
	return true;
}
