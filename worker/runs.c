#include "worker/runs.h"

#include "shared/json.h"
#include "shared/log.h"
#include "shared/thread.h"
#include "shared/utf8.h"
#include "worker/services.h"
#include "worker/telemetry/facts.h"
#include "worker/telemetry/trace.h"
#include "worker/writer.h"

#define SLOTS_MAX 64
#define RECORD_MAX (8u << 20) /* a megabyte of code, each byte of it escaped at most six times */

struct runs {
	struct sandbox *sandbox;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t some;
	struct list queue; /* of struct run, durable and not yet begun */
	bool is_off, ending;
	int n;
	pthread_t threads[SLOTS_MAX];
};

struct run {
	struct list node;
	struct job *job;
	struct record begun;
	char id[40];
	const char *kind;
	struct sandbox_run asked;
	struct sandbox_result result;
	struct span span;
	atomic_bool has_ended;
	bool is_calculation;
};

/* ---------------------------------------------------------------- what is recorded */

static void put_begun(struct run *run)
{
	struct strbuf *b = &run->begun.json;
	strbuf_char(b, '{');
	json_put_field(b, "run", run->id);
	json_put_int_field(b, "message_id", run->job->message_id);
	json_put_field(b, "job_id", run->job->job_id);
	json_put_field(b, "agent", run->job->agent);
	json_put_field(b, "kind", run->kind);
	json_put_field(b, "language", run->asked.language);
	json_put_key(b, "code");
	json_put_str(b, run->asked.code);
	json_put_int_field(b, "timeout_ms", run->asked.timeout_ms);
	strbuf_char(b, '}');
}

/* The record of an end: it outlives the run. */
struct ended {
	struct record record;
	char job_id[40], worker_key[40];
};

static void ended_on_durable(struct record *record)
{
	struct ended *e = list_entry(record, struct ended, record);
	strbuf_release(&record->json);
	free(e);
}

static void submit_end(const struct run *run)
{
	const struct job *job = run->job;
	struct ended *e = xcalloc(1, sizeof *e);
	struct strbuf *b = &e->record.json;
	snprintf(e->job_id, sizeof e->job_id, "%s", job->job_id);
	snprintf(e->worker_key, sizeof e->worker_key, "%s", job->worker_key);
	e->record = (struct record){ .kind = RECORD_run,
		                     .json = STRBUF_INIT(RECORD_MAX),
		                     .job_id = e->job_id,
		                     .worker_key = e->worker_key,
		                     .on_durable = ended_on_durable };
	strbuf_char(b, '{');
	json_put_field(b, "run", run->id);
	json_put_field(b, "job_id", e->job_id);
	sandbox_put_result(b, &run->result);
	strbuf_char(b, '}');
	writer_submit(job->services->writer, &e->record);
}

/* ---------------------------------------------------------------- threads */

static bool run_goes_on(void *ctx)
{
	const struct run *run = ctx;
	return atomic_load(&run->job->stop) == ERR_OK && clock_mono() < run->job->deadline;
}

static void report_run(struct run *run)
{
	const struct sandbox_result *r = &run->result;
	struct job *job = run->job;
	const struct run_facts facts = { job->agent, run->asked.language, run->kind, verdict_word(r->verdict), r->took };
	facts_run(job->services->counts, &facts);
	trace_run(job->services->trace, &run->span, &facts);
	log_event(LOG_INFO, "run ended", "run=%s message=%lld kind=%s language=%s verdict=%s ms=%lld", run->id,
	          (long long)job->message_id, run->kind, run->asked.language, verdict_word(r->verdict),
	          (long long)(r->took / USEC_PER_MSEC));
	submit_end(run);
	job_wake(job, &run->has_ended);
}

struct slot {
	struct runs *runs;
	int number;
};

/* The next to run: one that is over already, else the oldest calculation, which is short, else the oldest. With the lock; the
 * queue is not empty. */
static struct run *pick(struct runs *runs)
{
	struct list *best = NULL;
	for (struct list *l = runs->queue.next; l != &runs->queue; l = l->next) {
		struct run *run = list_entry(l, struct run, node);
		if (!run_goes_on(run)) {
			best = l;
			break;
		}
		if (best == NULL && run->is_calculation)
			best = l;
	}
	best = best != NULL ? best : runs->queue.next;
	list_remove(best);
	return list_entry(best, struct run, node);
}

static void do_run(struct runs *runs, struct run *run, int slot)
{
	run->asked.slot = slot;
	if (run_goes_on(run))
		sandbox_run(runs->sandbox, &run->asked, &run->result);
	else
		run->result.verdict = VERDICT_CANCELLED;
	report_run(run);
}

static void *runs_main(void *arg)
{
	struct slot slot = *(struct slot *)arg;
	struct runs *runs = slot.runs;
	free(arg);
	pthread_mutex_lock(&runs->lock);
	for (;;) {
		while (list_is_empty(&runs->queue) && !runs->ending)
			pthread_cond_wait(&runs->some, &runs->lock);
		if (list_is_empty(&runs->queue))
			break;
		struct run *run = pick(runs);
		pthread_mutex_unlock(&runs->lock);
		do_run(runs, run, slot.number);
		pthread_mutex_lock(&runs->lock);
	}
	pthread_mutex_unlock(&runs->lock);
	return NULL;
}

static void refuse_run(struct run *run)
{
	run->result.verdict = VERDICT_SANDBOX;
	snprintf(run->result.why, sizeof run->result.why, "this worker runs no code");
	report_run(run);
}

static void run_on_begun(struct record *record)
{
	struct run *run = list_entry(record, struct run, begun);
	struct runs *runs = run->job->services->runs;
	strbuf_release(&record->json);
	pthread_mutex_lock(&runs->lock);
	bool is_off = runs->is_off;
	if (!is_off) {
		list_push(&runs->queue, &run->node);
		pthread_cond_signal(&runs->some);
	}
	pthread_mutex_unlock(&runs->lock);
	if (is_off)
		refuse_run(run);
}

/* ---------------------------------------------------------------- for stages */

struct run *run_begin(struct job *job, const char *kind, const char *language, struct str code, int64_t timeout_ms)
{
	struct run *run = xcalloc(1, sizeof *run);
	list_init(&run->node);
	run->job = job;
	run->kind = kind;
	run->is_calculation = strcmp(kind, "calculation") == 0;
	run->asked = (struct sandbox_run){
		.language = language, .code = code, .timeout_ms = timeout_ms, .goes_on = run_goes_on, .ctx = run
	};
	run->span = span_child(&job->span);
	uuid_new(run->id);
	run->begun = (struct record){ .kind = RECORD_run,
		                      .json = STRBUF_INIT(RECORD_MAX),
		                      .job_id = job->job_id,
		                      .worker_key = job->worker_key,
		                      .on_durable = run_on_begun };
	put_begun(run);
	job_go_away(job);
	writer_submit(job->services->writer, &run->begun);
	return run;
}

bool run_has_ended(const struct run *run)
{
	return atomic_load(&run->has_ended);
}

const struct sandbox_result *run_result(const struct run *run)
{
	return &run->result;
}

struct real_result run_shown(const struct run *run, size_t max)
{
	const struct sandbox_result *r = &run->result;
	struct str output = { strbuf_text(&r->output), MIN(r->output.len, max) };
	output.len -= utf8_unfinished(output);
	return (struct real_result){
		.verdict = verdict_word(r->verdict),
		.why = r->why,
		.output = output,
		.is_cut = r->output.len > output.len || r->output_bytes > (int64_t)OUTPUT_KEPT,
		.exit_code = r->exit_code,
		.took_ms = (r->took + USEC_PER_MSEC / 2) / USEC_PER_MSEC,
	};
}

const char *run_id(const struct run *run)
{
	return run->id;
}

void run_free(struct run *run)
{
	strbuf_release(&run->result.output);
	free(run);
}

bool runs_are_off(struct runs *runs)
{
	pthread_mutex_lock(&runs->lock);
	bool is_off = runs->is_off;
	pthread_mutex_unlock(&runs->lock);
	return is_off;
}

/* ---------------------------------------------------------------- life */

struct runs *runs_new(void)
{
	struct runs *runs = xcalloc(1, sizeof *runs);
	pthread_mutex_init(&runs->lock, NULL);
	pthread_cond_init(&runs->some, NULL);
	list_init(&runs->queue);
	return runs;
}

void runs_open(struct runs *runs, struct sandbox *sandbox, int n, int slot)
{
	runs->sandbox = sandbox;
	runs->n = sandbox != NULL ? MIN(n, SLOTS_MAX) : 0;
	for (int i = 0; i < runs->n; i++) {
		struct slot *s = xcalloc(1, sizeof *s);
		*s = (struct slot){ runs, slot + i };
		thread_start(&runs->threads[i], 0, runs_main, s, "runs");
	}
	struct list none;
	list_init(&none);
	pthread_mutex_lock(&runs->lock);
	runs->is_off = sandbox == NULL;
	while (runs->is_off && !list_is_empty(&runs->queue)) {
		struct list *l = runs->queue.next;
		list_remove(l);
		list_push(&none, l);
	}
	pthread_mutex_unlock(&runs->lock);
	while (!list_is_empty(&none)) {
		struct run *run = list_entry(none.next, struct run, node);
		list_remove(&run->node);
		refuse_run(run);
	}
}

void runs_stop(struct runs *runs)
{
	pthread_mutex_lock(&runs->lock);
	runs->ending = true;
	pthread_cond_broadcast(&runs->some);
	pthread_mutex_unlock(&runs->lock);
	for (int i = 0; i < runs->n; i++)
		pthread_join(runs->threads[i], NULL);
	pthread_mutex_destroy(&runs->lock);
	pthread_cond_destroy(&runs->some);
	free(runs);
}
