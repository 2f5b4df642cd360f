/* Prints one whole message. */
#include "shared/json.h"
#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/format.h"
#include "tui/i18n.h"

static void field(const struct json *j, const char *label, const char *path)
{
	struct str s;
	double d;
	char number[32];
	if (json_str(j, path, &s)) {
		printf("%-12s ", label);
		cli_text(s.ptr, false);
		putchar('\n');
	} else if (json_double(j, path, &d)) {
		printf("%-12s %s\n", label, cli_number(d, number));
	}
}

static void block(const struct json *j, const char *label, const char *path)
{
	struct str s;
	if (!json_str(j, path, &s))
		return;
	printf("\n%s\n", label);
	cli_text(s.ptr, true);
	putchar('\n');
}

/* A call of an attempt that gave no answer: failed, passed over, or made to classify the
 * question. */
static void chain_entry(const struct json *c)
{
	struct str provider = STR("-"), model = STR("-"), what = STR("answered"), error = STR(""), request = STR("");
	int64_t ms = -1, wait = 0;
	json_str(c, "provider", &provider);
	json_str(c, "model", &model);
	if (!json_str(c, "class", &what))
		json_str(c, "kind", &what);
	json_str(c, "error", &error);
	json_str(c, "request_id", &request);
	json_int(c, "ms", &ms);
	json_int(c, "wait_ms", &wait);
	printf("     - ");
	cli_text(provider.ptr, false);
	putchar(' ');
	cli_text(model.ptr, false);
	printf("  %s", what.ptr);
	if (ms >= 0)
		printf("  %lld ms", (long long)ms);
	if (wait > 0)
		printf(_("  (asked to wait %lld ms)"), (long long)wait);
	if (error.len > 0) {
		printf("  ");
		cli_text(error.ptr, false);
	}
	if (request.len > 0) {
		printf(_("  request "));
		cli_text(request.ptr, false);
	}
	putchar('\n');
}

static void attempt(const struct json *a)
{
	struct str worker = STR("-"), model = STR("-"), outcome = STR("running"), error = STR(""), at = STR(""), finish, proof;
	double vendor;
	int64_t number = 0, ms = -1, ttft = -1, in = -1, out = -1;
	json_int(a, "number", &number);
	json_int(a, "generation_ms", &ms);
	json_int(a, "ttft_ms", &ttft);
	json_int(a, "tokens_prompt", &in);
	json_int(a, "tokens_completion", &out);
	json_str(a, "worker", &worker);
	json_str(a, "model", &model);
	json_str(a, "outcome", &outcome);
	json_str(a, "error", &error);
	json_str(a, "started_at", &at);
	printf("  #%lld %s  ", (long long)number, at.ptr);
	cli_text(worker.ptr, false);
	printf("  ");
	cli_text(model.ptr, false);
	printf("  %s", outcome.ptr);
	if (ms >= 0)
		printf("  %lld ms", (long long)ms);
	if (ttft >= 0)
		printf(_(" (first text %lld ms)"), (long long)ttft);
	if (in >= 0 || out >= 0)
		printf("  %lld > %lld tok", (long long)MAX(in, 0), (long long)MAX(out, 0));
	if (json_str(a, "finish_reason", &finish)) {
		printf("  ");
		cli_text(finish.ptr, false);
		if (json_str(a, "proof", &proof))
			printf(_(" (by %s)"), proof.ptr);
	}
	if (json_double(a, "vendor_cost_usd", &vendor))
		printf(_("  the vendor says $%.12g"), vendor);
	if (error.len > 0) {
		printf("  ");
		cli_text(error.ptr, false);
	}
	putchar('\n');
	for (const struct json *c = json_first(json_get(a, "chain")); c != NULL; c = json_next(c))
		chain_entry(c);
}

/* Code that was run for the message. */
static void print_run(const struct json *r)
{
	struct str kind = STR("-"), language = STR("-"), verdict = STR("running"), why = STR(""), run = STR("-"),
		   worker = STR("-");
	int64_t code = -1, ms = -1;
	json_str(r, "kind", &kind);
	json_str(r, "language", &language);
	json_str(r, "verdict", &verdict);
	json_str(r, "why", &why);
	json_str(r, "run", &run);
	json_str(r, "worker", &worker);
	json_int(r, "exit_code", &code);
	json_int(r, "duration_ms", &ms);
	printf("  %s  %s  %s", kind.ptr, language.ptr, verdict.ptr);
	if (code >= 0)
		printf("  exit %lld", (long long)code);
	if (ms >= 0)
		printf("  %lld ms", (long long)ms);
	printf("  %s  ", run.ptr);
	cli_text(worker.ptr, false);
	if (why.len > 0) {
		printf("  ");
		cli_text(why.ptr, false);
	}
	putchar('\n');
	bool is_cut = false;
	block(r, json_bool(r, "code_truncated", &is_cut) && is_cut ? _("code (only the beginning)") : _("code"), "code");
	block(r, json_bool(r, "truncated", &is_cut) && is_cut ? _("output (only the beginning)") : _("output"), "output");
}

static void print_runs(const struct json *doc)
{
	const struct json *r = json_first(json_get(doc, "runs"));
	if (r != NULL)
		printf("\n%s\n", _("runs"));
	for (; r != NULL; r = json_next(r))
		print_run(r);
}

static void print_tool_call(const struct json *c)
{
	struct str name = STR("-"), state = STR("-"), why = STR(""), note = STR(""), id = STR("-");
	int64_t ms = -1, round = 0, status = 0, runs = 1;
	json_str(c, "name", &name);
	json_str(c, "state", &state);
	json_str(c, "why", &why);
	json_str(c, "note", &note);
	json_str(c, "call", &id);
	json_int(c, "duration_ms", &ms);
	json_int(c, "round", &round);
	json_int(c, "status", &status);
	json_int(c, "runs", &runs);
	printf("  %lld  ", (long long)round);
	cli_text(name.ptr, false);
	bool is_given_up = false;
	printf("  %s%s", state.ptr, json_bool(c, "given_up", &is_given_up) && is_given_up ? _(" (given up)") : "");
	if (status > 0)
		printf("  HTTP %lld", (long long)status);
	if (ms >= 0)
		printf("  %lld ms", (long long)ms);
	if (runs > 1)
		printf(_("  begun %lld times"), (long long)runs);
	printf("  %s  ", id.ptr);
	cli_text(why.ptr, false);
	if (note.len > 0) {
		printf("  ");
		cli_text(note.ptr, false);
	}
	putchar('\n');
	bool is_cut = false;
	block(c, _("arguments"), "arguments");
	block(c, json_bool(c, "truncated", &is_cut) && is_cut ? _("result (only the beginning)") : _("result"), "result");
}

static void print_tool_calls(const struct json *doc)
{
	const struct json *c = json_first(json_get(doc, "tool_calls"));
	if (c != NULL)
		printf("\n%s\n", _("tool calls"));
	for (; c != NULL; c = json_next(c))
		print_tool_call(c);
}

static void print_context(const struct json *doc)
{
	const struct json *m = json_first(json_get(doc, "context.messages"));
	printf("\n%s\n", _("context sent"));
	if (m == NULL)
		printf("  %s\n", json_is_null(doc, "message.processing_completed_at") ? _("(not sent yet)")
		                                                                      : _("(none: no model was called)"));
	field(json_get(doc, "context"), "  provider", "provider");
	field(json_get(doc, "context"), "  model", "model");
	block(json_get(doc, "context"), _("system prompt"), "system_prompt");
	for (; m != NULL; m = json_next(m)) {
		struct str role = STR("");
		json_str(m, "role", &role);
		block(m, role.ptr, "content");
		for (const struct json *c = json_first(json_get(m, "tool_calls")); c != NULL; c = json_next(c)) {
			struct str name = STR("");
			json_str(c, "name", &name);
			block(c, name.ptr, "arguments");
		}
	}
}

static void print_texts(const struct json *doc)
{
	struct str answer;
	printf("\n%s\n", _("attempts"));
	for (const struct json *a = json_first(json_get(doc, "attempts")); a != NULL; a = json_next(a))
		attempt(a);
	block(doc, _("question"), "text");
	if (json_str(doc, "message.content", &answer)) {
		printf("\n%s\n", _("answer"));
		cli_answer(answer, answer.len);
		putchar('\n');
	}
}

int cmd_show(struct cli *cli)
{
	bool context = false;
	const struct cli_option options[] = { { "context", NULL, &context } };
	const struct json *doc, *m;
	struct rows r;
	struct err err;
	const char *uuid;
	int code = cli_options(cli, options, 1, 1, 1);
	if (code == 0)
		code = cli_message(cli, cli->argv[0], &uuid);
	if (code != 0)
		return code;
	const char *params[] = { uuid, context ? "t" : "f" };
	code = cli_query(cli, sql_tui_show_message, params, 2, &r);
	if (code != 0)
		return code;
	if (r.n_rows == 0) {
		err_set(&err, ERR_NOT_FOUND, "no message %.60s", cli->argv[0]);
		return cli_error(&err, "");
	}
	if (cli->json) {
		cli_json(rows_at(&r, 0, COL_SHOW_MESSAGE_DOC));
		return EXIT_DONE;
	}
	if (json_parse(&cli->arena, str_of(rows_at(&r, 0, COL_SHOW_MESSAGE_DOC)), 64u << 20, &doc, &err) < 0)
		return cli_error(&err, "show");
	m = json_get(doc, "message");
	field(m, "message", "message_id");
	field(doc, "id", "id");
	field(m, "session", "session_id");
	field(m, "agent", "agent");
	field(doc, "sent by", "sent_by");
	field(m, "status", "status");
	field(m, "waits for", "waits_for");
	field(m, "position", "queue_position");
	field(m, "eta seconds", "eta_seconds");
	field(m, "queued", "queued_at");
	field(m, "started", "processing_started_at");
	field(m, "ended", "processing_completed_at");
	field(doc, "intent", "intent");
	field(doc, "confidence", "intent_confidence");
	field(m, "model", "model_used");
	field(m, "tokens in", "tokens_prompt");
	field(m, "tokens out", "tokens_completion");
	field(m, "finish", "finish_reason");
	if (strcmp(or_dash(json_text(m, "finish_reason")), "length") == 0)
		printf("%-12s %s\n", "", _("cut by max_tokens, or by the model's window: the answer is not all of it"));
	if (json_get(doc, "costs[0]") != NULL && json_is_null(m, "cost_usd"))
		printf("%-12s %s\n", "cost $", _("unknown"));
	field(m, "cost $", "cost_usd");
	field(m, "error", "error");
	print_texts(doc);
	print_tool_calls(doc);
	print_runs(doc);
	if (context)
		print_context(doc);
	return EXIT_DONE;
}
