#include "worker/llm/report.h"

#include "shared/json.h"
#include "shared/utf8.h"
#include "worker/llm/breaker.h"
#include "worker/telemetry/facts.h"
#include "worker/telemetry/trace.h"

#define PARK_KEY_MS (10 * 60 * 1000LL) /* after it a probe tests whether the key works */
/* longest park because of a good answer's headers: they are a hint, only a refusal may ask for
 * more */
#define PARK_LEFT_MS 5000

void report_put_usage(struct strbuf *b, const struct call *c)
{
	const struct usage *u = &c->reply->usage;
	const struct {
		const char *name;
		int64_t n;
	} counts[] = { { "tokens_prompt", u->input },
		       { "tokens_completion", u->output },
		       { "tokens_cached", u->cached },
		       { "tokens_cache_write", u->cache_write },
		       { "tokens_cache_write_1h", u->cache_write_1h },
		       { "tokens_reasoning", u->reasoning },
		       { "tokens_audio_in", u->audio_in },
		       { "tokens_audio_out", u->audio_out },
		       { "vendor_cost_pico", u->cost_pico } };
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		if (counts[i].n >= 0)
			json_put_int_field(b, counts[i].name, counts[i].n);
	if (u->tier[0] != '\0')
		json_put_field(b, "service_tier", u->tier);
	strbuf_addf(b, ",\"is_estimated\":%s,\"was_called\":%s", c->is_estimated ? "true" : "false",
	            c->may_be_billed ? "true" : "false");
}

void report_put_route(struct strbuf *b, const struct route *r, const struct call *c)
{
	json_put_field(b, "provider", r->provider);
	json_put_field(b, "model_asked", r->model);
	json_put_field(b, "model", c != NULL && c->reply->model[0] != '\0' ? c->reply->model : r->model);
	if (c != NULL && c->request_id[0] != '\0')
		json_put_field(b, "request_id", c->request_id);
}

void report_put_error(struct strbuf *b, const struct err *err)
{
	struct strbuf safe = STRBUF_INIT(sizeof err->msg * 8); /* one byte becomes "<U+0085>" */
	utf8_safe(&safe, str_of(err->msg), false);
	json_put_field(b, "class", err_name(err->code));
	json_put_field(b, "error", strbuf_text(&safe));
	strbuf_release(&safe);
}

/* Updates counters and spans. */
static void report_tell(const struct job *job, const struct route *r, const struct call *c, const struct span *span,
                        const struct call_about *about)
{
	const struct usage *u = &c->reply->usage;
	struct call_facts facts = {
		.agent = job->agent,
		.provider = r->provider,
		.model = r->model,
		.base_url = r->base_url,
		.operation = about->operation,
		.code = c->err.code,
		.was_called = c->may_be_billed || c->err.code != ERR_CANCELLED,
		.duration = c->generation_ms * USEC_PER_MSEC,
		.ttft_ms = c->ttft_ms,
		.input = c->may_be_billed ? (int)u->input : -1,
		.output = c->may_be_billed ? (int)u->output : -1,
		.cached = (int)u->cached,
		.is_estimated = c->is_estimated,
		.is_mismatched = c->reply->is_mismatched,
	};
	facts_call(job->services->counts, &facts);
	trace_call(job->services->trace, span,
	           &(struct call_span){ .facts = &facts,
	                                .conversation = job->conversation,
	                                .response_id = c->reply->id,
	                                .response_model = c->reply->model,
	                                .finish = c->reply->finish,
	                                .max_tokens = about->max_tokens,
	                                .reasoning = (int)u->reasoning,
	                                .cache_write = (int)u->cache_write,
	                                .resend = about->resend });
}

/* Parks the model, or the key, for as long as the answer asks for. */
static void park(const struct job *job, const struct route *r, const struct call *c, bool is_again)
{
	struct breakers *b = job->services->breakers;
	const struct err *err = &c->err;
	int acts = err_acts(err->code), left_ms = limits_wait_ms(&c->limits);
	if (acts & ACT_PARK_KEY) {
		breakers_park(b, r, err, MAX(err->wait_ms, PARK_KEY_MS), !err->is_of_model);
	} else if (acts & ACT_PARK_MODEL) {
		if (err->wait_ms > job->services->options->patience_ms)
			breakers_park(b, r, err, err->wait_ms, false);
		else if (err->wait_ms == 0 || is_again)
			/* is_again: a retry was refused too, so the stated wait was too short; the
			 * fleet must wait longer */
			breakers_park(b, r, err, 0, false);
	} else if (left_ms > 0) {
		struct err used;
		err_set(&used, ERR_RATE_LIMITED, "its headers say that nothing is left for now");
		breakers_park(b, r, &used, MIN(left_ms, PARK_LEFT_MS), false);
	}
}

void report_call(struct job *job, const struct route *r, const struct call *c, const struct span *span,
                 const struct call_about *about)
{
	struct breakers *b = job->services->breakers;
	const struct err *err = &c->err;
	int acts = err_acts(err->code);
	enum err_class class = err_class(err->code);
	bool is_ours = class == ERR_GONE || class == ERR_RELEASE;
	report_tell(job, r, c, span, about);
	breakers_count(b, r, err, c->may_be_billed ? MAX(0, c->reply->usage.input) + MAX(0, c->reply->usage.output) : 0,
	               &c->limits);
	if (r->is_probe)
		breakers_probed(b, r, job->job_id, is_ours ? -1 : (acts & (ACT_BREAKER | ACT_PARK_KEY | ACT_PARK_MODEL)) == 0,
		                err);
	park(job, r, c, about->is_refused_again);
}
