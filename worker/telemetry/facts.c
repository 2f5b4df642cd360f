#include "worker/telemetry/facts.h"

#include "worker/telemetry/count.h"
#include "worker/telemetry/vendor.h"

static const char *class_of(enum err_code code)
{
	return code == ERR_OK ? "ok" : err_name(code);
}

static const char *facts_outcome_of(enum err_code code)
{
	static const char *const WORDS[] = { [ERR_NONE] = "completed",  [ERR_RETRY] = "error",      [ERR_WAIT] = "rate_limited",
		                             [ERR_PERMANENT] = "error", [ERR_RELEASE] = "released", [ERR_GONE] = "gone" };
	return WORDS[err_class(code)];
}

static void facts_count_usage(struct counts *c, const struct call_facts *f, const char *operation, const char *vendor)
{
	int cached = MAX(f->cached, 0), input = MAX(f->input, 0), output = MAX(f->output, 0);
	count_add(c, TOKENS, (int64_t)input + output, f->agent, f->provider, f->model);
	count_add(c, TOKENS_BY_KIND, MAX(input - cached, 0), f->agent, f->provider, f->model, "input");
	count_add(c, TOKENS_BY_KIND, MIN(cached, input), f->agent, f->provider, f->model, "cached");
	count_add(c, TOKENS_BY_KIND, output, f->agent, f->provider, f->model, "output");
	if (f->input >= 0)
		count_add(c, GEN_AI_TOKENS, input, operation, vendor, f->model, f->provider, "input");
	if (f->output >= 0)
		count_add(c, GEN_AI_TOKENS, output, operation, vendor, f->model, f->provider, "output");
	if (f->is_estimated)
		count_add(c, USAGE_ESTIMATED, 1, f->provider);
	if (f->is_mismatched)
		count_add(c, USAGE_MISMATCH, 1, f->provider);
}

void facts_call(struct counts *c, const struct call_facts *f)
{
	const char *operation = f->operation != NULL ? f->operation : "chat", *vendor = vendor_of(f->base_url, f->provider);
	count_add(c, LLM_ATTEMPTS, 1, f->provider, class_of(f->code));
	if (f->code == ERR_TRUNCATED)
		count_add(c, STREAM_TRUNCATED, 1, f->provider);
	if (!f->was_called)
		return;
	count_add(c, GEN_AI_DURATION, f->duration, operation, vendor, f->model, f->provider,
	          f->code == ERR_OK ? "" : err_name(f->code));
	if (f->ttft_ms >= 0)
		count_add(c, GEN_AI_TTFC, f->ttft_ms * USEC_PER_MSEC, operation, vendor, f->model, f->provider);
	facts_count_usage(c, f, operation, vendor);
}

void facts_retry(struct counts *c, const char *agent, const char *provider, const char *model, enum err_code code)
{
	count_add(c, RETRIES, 1, agent, provider, model);
	count_add(c, LLM_RETRIES, 1, provider, class_of(code));
}

void facts_fallback(struct counts *c, const char *from, const char *to, enum err_code code)
{
	count_add(c, LLM_FALLBACKS, 1, from, to, class_of(code));
}

void facts_message(struct counts *c, const struct message_facts *f)
{
	count_add(c, MESSAGES, 1, f->agent, facts_outcome_of(f->code));
	count_add(c, REQUEST_DURATION, f->duration, f->agent, f->provider, f->model);
	/* Attempts that were cancelled, lost or given back are not errors. */
	bool is_error = f->code != ERR_OK && err_class(f->code) < ERR_RELEASE;
	count_add(c, ERRORS, is_error, f->agent, f->provider, f->model);
	count_add(c, RETRIES, f->number > 1, f->agent, f->provider, f->model);
}

void facts_run(struct counts *c, const struct run_facts *f)
{
	count_add(c, RUNS, 1, f->agent, f->language, f->kind, f->verdict);
	count_add(c, RUN_SECONDS, f->took, f->language);
}

void facts_tool(struct counts *c, const struct tool_facts *f)
{
	count_add(c, TOOL_CALLS, 1, f->agent, f->tool, f->outcome);
	count_add(c, TOOL_SECONDS, f->took, f->tool);
}
