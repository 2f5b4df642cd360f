/* Classifies texts in the same way as an agent's messages, without answering them: what `signalbox
 * intent --eval` measures. */
#include <pthread.h>

#include "shared/thread.h"
#include "worker/job.h"
#include "worker/llm/intent.h"
#include "worker/work/task.h"

#define WIDTH 8 /* texts in progress at once: no message must wait long behind an operator's work */

/* The result of one text; written by a stage thread under the lock. */
struct verdict_of {
	struct evaluation *of;
	char *intent, *best, *error;
	double confidence;
};

struct evaluation {
	struct task *task;
	struct verdict_of *verdicts;
	int n;
	const struct json *next;
	pthread_mutex_t lock; /* guards the fields below and the verdicts */
	pthread_cond_t ended; /* signalled when a text has ended */
	int n_done, n_open;
	struct intent_usage usage;
};

static char *evaluate_copy(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

static void evaluate_on_report(struct job *job)
{
	struct verdict_of *t = job->report_ctx;
	struct evaluation *e = t->of;
	struct intent_verdict v = intent_verdict(job);
	pthread_mutex_lock(&e->lock);
	t->intent = evaluate_copy(v.label);
	t->best = evaluate_copy(v.best);
	t->confidence = v.confidence;
	t->error = v.confidence < 0 ? evaluate_copy(v.err->msg) : NULL;
	intent_usage(job, &e->usage);
	e->n_done++;
	e->n_open--;
	pthread_cond_signal(&e->ended);
	pthread_mutex_unlock(&e->lock);
}

/* Starts one text. -1: the description of the intents (spec) is invalid. */
static int start_text(struct evaluation *e, struct verdict_of *t, struct str text, struct err *err)
{
	const struct task *task = e->task;
	const struct services *s = task->services;
	struct job *job = job_new(s, &PIPELINE_CLASSIFY);
	t->of = e;
	job->on_report = evaluate_on_report;
	job->report_ctx = t;
	job->deadline = job->claimed + s->options->timeout_ms * USEC_PER_MSEC;
	job->agent = arena_dup(&job->arena, task->agent, strlen(task->agent));
	snprintf(job->job_id, sizeof job->job_id, "%s", task->job_id);
	job->span = task->span;
	const char *own = arena_dup(&job->arena, text.ptr, text.len);
	if (intent_read(job, str_of(task->spec_text), own, err) < 0) {
		job_drop(job);
		return -1;
	}
	pthread_mutex_lock(&e->lock);
	e->n_open++;
	pthread_mutex_unlock(&e->lock);
	jobs_add_take(s->jobs, job);
	return 0;
}

/* Waits at most a second, until fewer than WIDTH texts are in progress (is_full), or none is.
 * Returns how many are in progress. */
static int wait_some(struct evaluation *e, bool is_full)
{
	usec_t until = clock_mono() + USEC_PER_SEC;
	pthread_mutex_lock(&e->lock);
	while (is_full ? e->n_open >= WIDTH : e->n_open > 0)
		if (!cond_wait_until(&e->ended, &e->lock, until))
			break;
	int n = e->n_open;
	e->task->n_done = e->n_done;
	pthread_mutex_unlock(&e->lock);
	return n;
}

static int run_texts(struct evaluation *e, struct err *err)
{
	struct task *task = e->task;
	int started = 0, n_open = 0, result = 0;
	bool is_cut = false;
	for (;;) {
		bool goes_on = task_goes_on(task), is_wanted = e->next != NULL && result == 0 && goes_on;
		if (!goes_on && (e->next != NULL || n_open > 0)) {
			is_cut = true;
			jobs_stop_job(task->services->jobs, task->job_id, task->is_lost ? ERR_CANCELLED : ERR_SHUTDOWN);
		}
		if (is_wanted && n_open < WIDTH) {
			result = start_text(e, &e->verdicts[started++], json_value(e->next), err);
			e->next = json_next(e->next);
		}
		if (!is_wanted && n_open == 0) {
			task->is_left &= is_cut;
			return result;
		}
		n_open = wait_some(e, is_wanted);
	}
}

static void put_verdicts(struct strbuf *b, const struct evaluation *e)
{
	strbuf_str(b, "{\"texts\":[");
	for (int i = 0; i < e->n; i++) {
		const struct verdict_of *t = &e->verdicts[i];
		strbuf_str(b, i > 0 ? ",{" : "{");
		if (t->error != NULL) {
			json_put_field(b, "error", t->error);
		} else {
			json_put_field(b, "intent", t->intent);
			json_put_field(b, "best", t->best);
			json_put_key(b, "confidence");
			strbuf_addf(b, "%.4f", t->confidence);
		}
		strbuf_char(b, '}');
	}
	strbuf_str(b, "]}");
}

static void put_usage(struct strbuf *b, const struct evaluation *e)
{
	const struct json *spec = e->task->spec;
	struct str way = STR(""), provider = STR(""), model = STR("");
	json_str(spec, "way", &way);
	json_str(spec, "route.provider", &provider);
	json_str(spec, "route.model", &model);
	strbuf_char(b, '{');
	json_put_field(b, "kind", str_eq(way, "embed") ? "embedding" : "intent");
	json_put_field(b, "provider", provider.ptr);
	json_put_field(b, "model_asked", model.ptr);
	json_put_field(b, "model", e->usage.model[0] != '\0' ? e->usage.model : model.ptr);
	json_put_int_field(b, "calls", e->usage.calls);
	json_put_int_field(b, "tokens_prompt", e->usage.input);
	json_put_int_field(b, "tokens_completion", e->usage.output);
	strbuf_char(b, '}');
}

int evaluate_intents(struct task *task, struct strbuf *result, struct err *err)
{
	const struct json *texts = json_get(task->args, "texts");
	struct evaluation e = { .task = task, .n = json_count(texts), .next = json_first(texts) };
	if (task->spec == NULL)
		return err_set(err, ERR_REFUSED, "the agent has no intents any more");
	e.verdicts = xcalloc((size_t)MAX(e.n, 1), sizeof *e.verdicts);
	pthread_mutex_init(&e.lock, NULL);
	cond_init_mono(&e.ended);
	int code = run_texts(&e, err);
	put_verdicts(result, &e);
	put_usage(&task->usage, &e);
	task->n_calls = e.usage.calls;
	for (int i = 0; i < e.n; i++) {
		free(e.verdicts[i].intent);
		free(e.verdicts[i].best);
		free(e.verdicts[i].error);
	}
	free(e.verdicts);
	pthread_mutex_destroy(&e.lock);
	pthread_cond_destroy(&e.ended);
	return code;
}
