#include "tui/views/calls.h"

#include "tui/i18n.h"

static const char *calls_word(const struct json *c, const char *path, const char *none)
{
	struct str s;
	return json_str(c, path, &s) && s.len > 0 ? s.ptr : none;
}

static void calls_add_text(struct text_view *t, struct arena *lines, const char *name, const struct json *c, const char *path)
{
	struct str s;
	if (!json_str(c, path, &s) || s.len == 0)
		return;
	text_addf(t, lines, S_DIM, 5, "%s", name);
	text_add(t, S_PLAIN, 7, s);
}

static enum style style_of_state(const char *state)
{
	return strcmp(state, "ok") == 0        ? S_OK
	       : strcmp(state, "running") == 0 ? S_PLAIN
	       : strcmp(state, "unknown") == 0 ? S_CRIT
	                                       : S_WARN;
}

static void calls_add_call(struct text_view *t, struct arena *lines, const struct json *c, bool all)
{
	const char *state = calls_word(c, "state", "-"), *why = calls_word(c, "why", ""), *note = calls_word(c, "note", "");
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
	text_addf(t, lines, style_of_state(state), 3, "%s: %s%s%s%s%s%s", calls_word(c, "name", "-"), state,
	          is_given_up ? _(" (given up)") : "", status, took, why[0] != '\0' ? "  " : "", why);
	if (!all)
		return;
	text_addf(t, lines, S_DIM, 5, _("call %s%s%s"), calls_word(c, "call", "-"), note[0] != '\0' ? "  " : "", note);
	calls_add_text(t, lines, _("arguments"), c, "arguments");
	calls_add_text(t, lines, is_cut ? _("result (only the beginning)") : _("result"), c, "result");
}

void calls_add(struct text_view *t, struct arena *lines, const struct json *calls, bool all)
{
	const struct json *c = json_first(calls);
	if (c != NULL)
		text_addf(t, lines, S_BOLD, 1, "%s", all ? _("calls of tools") : _("calls of tools (e shows them)"));
	for (; c != NULL; c = json_next(c))
		calls_add_call(t, lines, c, all);
}
