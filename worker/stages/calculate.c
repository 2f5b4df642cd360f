/* Stage `calculate`: a message that is surely a calculation is run as code, and the model is not called. */
#include "worker/calculate/calculate.h"

#include "sql_embed.h"
#include "worker/calculate/cache.h"
#include "worker/runs.h"
#include "worker/services.h"
#include "worker/stages/stages.h"
#include "worker/telemetry/count.h"

struct calculating {
	struct calculation calculation;
	struct run *run;
};

static enum step answer_with(struct job *job, const struct calculation *c, const struct real_result *r, const char *cached_from)
{
	pthread_mutex_lock(&job->live.lock);
	calculation_answer(&job->live.text, c, r, cached_from);
	pthread_mutex_unlock(&job->live.lock);
	job->prompt.n_turns = 0; /* nothing was sent to a model */
	count_add(job->services->counts, CALCULATIONS, 1, job->agent, cached_from != NULL ? "cache" : "run");
	return STEP_DONE;
}

static enum step begin_calculation(struct job *job)
{
	const char *limit = job->columns[COL_CONTEXTS_CALCULATION_MS];
	const struct turn *asked = job->prompt.n_turns > 0 ? &job->prompt.turns[job->prompt.n_turns - 1] : NULL;
	struct calculation c;
	struct cached cached;
	if (limit == NULL || asked == NULL || runs_are_off(job->services->runs) ||
	    !calculation_read(&job->arena, asked->content, &c))
		return STEP_NEXT;
	if (cache_get(job->services->cache, c.code, &cached))
		return answer_with(job, &c,
		                   &(struct real_result){ .verdict = verdict_word(VERDICT_OK),
		                                          .output = str_of(cached.output),
		                                          .took_ms = cached.took_ms },
		                   cached.run);
	job->calculating = arena_alloc(&job->arena, sizeof *job->calculating);
	job->calculating->calculation = c;
	job->calculating->run = run_begin(job, "calculation", "python", str_of(c.code), strtoll(limit, NULL, 10));
	return STEP_PARK;
}

static enum step finish_calculation(struct job *job, struct err *err)
{
	const struct calculating *c = job->calculating;
	const struct sandbox_result *r = run_result(c->run);
	const struct real_result done = run_shown(c->run, OUTPUT_KEPT);
	int stop = atomic_load(&job->stop);
	switch (r->verdict) {
	case VERDICT_CANCELLED:
		err_set(err, stop != ERR_OK ? (enum err_code)stop : ERR_TIMEOUT, "before the calculation was done");
		return STEP_FAIL;
	case VERDICT_SANDBOX:
		if (runs_are_off(job->services->runs)) {
			job_enter_place(job);
			return STEP_NEXT; /* the sandbox was tried when this had begun already */
		}
		/* fall through */
	case VERDICT_REJECTED:
		err_set(err, ERR_REFUSED, "the calculation was not run: %.180s", r->why);
		return STEP_FAIL;
	case VERDICT_OK:
		cache_put(job->services->cache, c->calculation.code, done.output, run_id(c->run), done.took_ms);
		/* fall through */
	default:
		return answer_with(job, &c->calculation, &done, NULL);
	}
}

enum step stage_calculate(struct job *job, struct err *err)
{
	if (job->calculating == NULL)
		return begin_calculation(job);
	if (!run_has_ended(job->calculating->run))
		return STEP_PARK;
	enum step step = finish_calculation(job, err);
	run_free(job->calculating->run);
	return step;
}
