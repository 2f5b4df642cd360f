/*
 * Stage `settle`: gives the result of the attempt to the writer in one record: the answer or the
 * error, its cost, and what was sent to the model. This stage cannot fail. The database enforces
 * the fence: the record of a job that has lost its message changes only the attempt's own row and
 * its cost.
 */
#include "shared/json.h"
#include "shared/log.h"
#include "shared/utf8.h"
#include "shared/vocab.h"
#include "worker/llm/intent.h"
#include "worker/llm/llm.h"
#include "worker/services.h"
#include "worker/stages/stages.h"
#include "worker/telemetry/count.h"
#include "worker/telemetry/facts.h"
#include "worker/writer.h"

static const char *const OUTCOME[] = {
#define X(name, word) [OUTCOME_##name] = word,
	OUTCOMES(X)
#undef X
};

static enum err_class disposition_of(const struct job *job)
{
	return job->disposition != ERR_NONE ? job->disposition : err_class(job->err.code);
}

static enum outcome settle_outcome_of(const struct job *job)
{
	switch (disposition_of(job)) {
	case ERR_NONE:
		return OUTCOME_COMPLETED;
	case ERR_WAIT:
		return OUTCOME_RATE_LIMITED;
	case ERR_RELEASE:
		return OUTCOME_RELEASED;
	case ERR_GONE:
		return OUTCOME_GONE;
	default:
		return OUTCOME_ERROR;
	}
}

static void settle_compose(struct job *job)
{
	struct strbuf *b = &job->record.json;
	enum outcome outcome = settle_outcome_of(job);
	struct str said = { strbuf_text(&job->live.text), job->live.text.len };
	strbuf_char(b, '{');
	json_put_int_field(b, "message_id", job->message_id);
	json_put_field(b, "job_id", job->job_id);
	json_put_field(b, "outcome", OUTCOME[outcome]);
	if (outcome == OUTCOME_COMPLETED) {
		json_put_key(b, "content");
		json_put_str(b, said);
	} else {
		struct strbuf safe = STRBUF_INIT(1024 * 4);
		utf8_safe(&safe, str_of(job->err.msg), false);
		json_put_field(b, "error_class", err_name(job->err.code));
		json_put_field(b, "error", strbuf_text(&safe));
		strbuf_addf(b, ",\"is_permanent\":%s", disposition_of(job) == ERR_PERMANENT ? "true" : "false");
		strbuf_release(&safe);
		if (job->err.wait_ms > 0)
			json_put_int_field(b, "wait_ms", job->err.wait_ms);
		if (said.len > 0) {
			json_put_key(b, "said");
			json_put_str(b, said);
		}
	}
	llm_put(job, b);
	intent_put(job, b);
	if (job->prompt.n_turns > 0) {
		json_put_key(b, "context");
		llm_put_context(job, b);
	}
	strbuf_char(b, '}');
}

bool settled_refused(struct record *record, const struct err *why)
{
	const struct job *job = list_entry(record, struct job, record);
	struct strbuf *b = &record->json;
	strbuf_clear(b);
	strbuf_char(b, '{');
	json_put_int_field(b, "message_id", job->message_id);
	json_put_field(b, "job_id", job->job_id);
	json_put_field(b, "outcome", OUTCOME[OUTCOME_ERROR]);
	json_put_field(b, "error_class", err_name(ERR_DB_DATA));
	json_put_field(b, "error", why->msg);
	strbuf_str(b, ",\"is_permanent\":true}");
	return true;
}

void settled_written(struct record *const *records, int n, usec_t took)
{
	static const struct route none;
	struct counts *c = list_entry(records[0], struct job, record)->services->counts;
	count_add(c, SETTLE_BATCHES, 1, NULL);
	count_add(c, SETTLED, n, NULL);
	count_add(c, SETTLE_SECONDS, took, NULL);
	for (int i = 0; i < n; i++) {
		const struct job *job = list_entry(records[i], struct job, record);
		const struct route *r = job->called != NULL ? job->called : &none;
		struct message_facts facts = { .agent = job->agent,
			                       .provider = r->provider,
			                       .model = r->model,
			                       .base_url = r->base_url,
			                       .code = job->err.code,
			                       .duration = clock_mono() - job->claimed,
			                       .number = job->number };
		facts_message(c, &facts);
		trace_message(job->services->trace, &job->span, &(struct message_span){ &facts, job->conversation, job->waited });
	}
}

static void settle_on_durable(struct record *record)
{
	struct job *job = list_entry(record, struct job, record);
	job_wake(job, &job->is_durable);
}

static void settle_submit(struct job *job)
{
	job->record.kind = RECORD_settled;
	job->record.job_id = job->job_id;
	job->record.worker_key = job->worker_key;
	job->record.on_durable = settle_on_durable;
	job_leave_place(job);
	writer_submit(job->services->writer, &job->record);
}

enum step stage_settle(struct job *job, struct err *err)
{
	(void)err;
	if (job->record.json.len == 0) {
		llm_not_begun(job);
		settle_compose(job);
		if (job->record.json.broken) {
			/* The record is over its cap: write it again as an error, without the
			 * context and the text. */
			strbuf_clear(&job->record.json);
			err_set(&job->err, ERR_TOO_BIG, "the attempt's record is over %zu bytes", job->record.json.cap);
			job->prompt.n_turns = 0;
			strbuf_clear(&job->live.text);
			settle_compose(job);
		}
		settle_submit(job);
		return STEP_PARK;
	}
	if (!atomic_load(&job->is_durable))
		return STEP_PARK;
	log_event(job->err.code == ERR_OK ? LOG_INFO : LOG_WARN, "message attempt ended",
	          "message=%lld job=%s attempt=%d agent=%s outcome=%s code=%s ms=%lld", (long long)job->message_id, job->job_id,
	          job->number, job->agent != NULL ? job->agent : "-", OUTCOME[settle_outcome_of(job)], err_name(job->err.code),
	          (long long)((clock_mono() - job->claimed) / USEC_PER_MSEC));
	llm_free(job);
	intent_free(job);
	return STEP_END;
}
