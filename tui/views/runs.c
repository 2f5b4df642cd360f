#include "tui/views/runs.h"

#include "tui/i18n.h"

static const char *runs_word(const struct json *r, const char *path, const char *none)
{
	struct str s;
	return json_str(r, path, &s) && s.len > 0 ? s.ptr : none;
}

static void add_text(struct text_view *t, struct arena *lines, const char *name, const struct json *r, const char *path)
{
	struct str s;
	if (!json_str(r, path, &s) || s.len == 0)
		return;
	while (s.len > 0 && s.ptr[s.len - 1] == '\n')
		s.len--;
	text_addf(t, lines, S_DIM, 5, "%s", name);
	text_add(t, S_PLAIN, 7, s);
}

static void add_run(struct text_view *t, struct arena *lines, const struct json *r, bool all)
{
	const char *verdict = runs_word(r, "verdict", "-"), *why = runs_word(r, "why", "");
	int64_t exit = -1, ms = 0;
	bool is_cut = false, is_code_cut = false, is_ended = strcmp(verdict, "-") != 0;
	json_int(r, "exit_code", &exit);
	json_int(r, "duration_ms", &ms);
	json_bool(r, "truncated", &is_cut);
	json_bool(r, "code_truncated", &is_code_cut);
	char status[32] = "", took[32] = "";
	if (exit >= 0)
		snprintf(status, sizeof status, _("  exit %lld"), (long long)exit);
	if (is_ended)
		snprintf(took, sizeof took, _("  %lld ms"), (long long)ms);
	text_addf(t, lines,
	          !is_ended                    ? S_PLAIN
	          : strcmp(verdict, "ok") == 0 ? S_OK
	                                       : S_WARN,
	          3, "%s: %s  %s%s%s%s%s", runs_word(r, "kind", "-"), runs_word(r, "language", "-"),
	          is_ended ? verdict : _("running"), status, took, why[0] != '\0' ? "  " : "", why);
	if (!all)
		return;
	text_addf(t, lines, S_DIM, 5, _("run %s"), runs_word(r, "run", "-"));
	add_text(t, lines, is_code_cut ? _("code (only the beginning)") : _("code"), r, "code");
	add_text(t, lines, is_cut ? _("output (only the beginning)") : _("output"), r, "output");
}

void runs_add(struct text_view *t, struct arena *lines, const struct json *runs, bool all)
{
	const struct json *r = json_first(runs);
	if (r != NULL)
		text_addf(t, lines, S_BOLD, 1, "%s", all ? _("code that was run") : _("code that was run (e shows it)"));
	for (; r != NULL; r = json_next(r))
		add_run(t, lines, r, all);
}

static enum style style_of_state(const char *state)
{
	return strcmp(state, "ok") == 0        ? S_OK
	       : strcmp(state, "running") == 0 ? S_PLAIN
	       : strcmp(state, "unknown") == 0 ? S_CRIT
	                                       : S_WARN;
}

static void add_tool_call(struct text_view *t, struct arena *lines, const struct json *c, bool all)
{
	const char *state = runs_word(c, "state", "-"), *why = runs_word(c, "why", ""), *note = runs_word(c, "note", "");
	char status[32] = "", took[32] = "";
	int64_t http = 0, ms = -1;
	bool is_cut = false, is_given_up = false;
	json_int(c, "status", &http);
	json_int(c, "duration_ms", &ms);
	json_bool(c, "truncated", &is_cut);
	json_bool(c, "given_up", &is_given_up);
	if (http > 0)
		snprintf(status, sizeof status, "  HTTP %lld", (long long)http);
	if (ms >= 0)
		snprintf(took, sizeof took, _("  %lld ms"), (long long)ms);
	text_addf(t, lines, style_of_state(state), 3, "%s: %s%s%s%s%s%s", runs_word(c, "name", "-"), state,
	          is_given_up ? _(" (given up)") : "", status, took, why[0] != '\0' ? "  " : "", why);
	if (!all)
		return;
	text_addf(t, lines, S_DIM, 5, _("call %s%s%s"), runs_word(c, "call", "-"), note[0] != '\0' ? "  " : "", note);
	add_text(t, lines, _("arguments"), c, "arguments");
	add_text(t, lines, is_cut ? _("result (only the beginning)") : _("result"), c, "result");
}

void calls_add(struct text_view *t, struct arena *lines, const struct json *calls, bool all)
{
	const struct json *c = json_first(calls);
	if (c != NULL)
		text_addf(t, lines, S_BOLD, 1, "%s", all ? _("calls of tools") : _("calls of tools (e shows them)"));
	for (; c != NULL; c = json_next(c))
		add_tool_call(t, lines, c, all);
}
