#include "tui/action.h"

#include "sql_embed.h"
#include "tui/i18n.h"

const char *action_sql(enum action_kind kind)
{
	switch (kind) {
	case ACT_RETRY:
		return sql_tui_act_retry;
	case ACT_RETRY_MANY:
		return sql_tui_act_retry_many;
	case ACT_PLAN:
		return sql_tui_plan;
	case ACT_UNDO:
		return sql_tui_act_undo;
	case ACT_CANCEL:
		return sql_tui_act_cancel;
	case ACT_PAUSE:
		return sql_tui_act_pause;
	case ACT_RESUME:
		return sql_tui_act_resume;
	case ACT_FORCE:
		return sql_tui_act_breaker;
	case ACT_BUDGET:
		return sql_tui_act_budget;
	case ACT_DRAIN:
		return sql_tui_act_drain;
	case ACT_SEND:
		return sql_tui_act_send;
	case ACT_WATCH:
		return sql_tui_watch;
	default:
		BUG("no such action: %d", (int)kind);
	}
}

struct action *action_new(enum action_kind kind, const char *label, int n_args, const char *const *args)
{
	struct action *a = xcalloc(1, sizeof *a);
	a->kind = kind;
	a->n_args = n_args;
	snprintf(a->label, sizeof a->label, "%s", label);
	for (int i = 0; i < n_args; i++)
		a->args[i] = args[i] != NULL ? xstrdup(args[i]) : NULL;
	return a;
}

void action_free(struct action *a)
{
	if (a == NULL)
		return;
	for (int i = 0; i < a->n_args; i++)
		free(a->args[i]);
	free(a);
}

void action_explain(const struct action *a, const char *cell0, const char *cell1, const struct err *err,
                    struct action_result *out)
{
	*out = (struct action_result){ .kind = a->kind, .ok = err == NULL };
	char *text = out->text;
	size_t size = sizeof out->text;
	if (err != NULL) {
		bool skipped = err->code == ERR_REFUSED || err->code == ERR_NOT_FOUND;
		snprintf(text, size, "%s %s: %.180s", skipped ? _("skipped") : _("not done"), a->label, err->msg);
		return;
	}
	switch (a->kind) {
	case ACT_RETRY:
		snprintf(text, size, _("retried %s: starts in %.0fs   u undo"), a->label, strtod(a->args[3], NULL) / 1000);
		break;
	case ACT_RETRY_MANY:
		snprintf(text, size, _("retried %s, skipped %s   u undo"), cell0, cell1);
		break;
	case ACT_UNDO:
		snprintf(text, size, _("taken back: %s"), cell0);
		break;
	case ACT_CANCEL:
		snprintf(text, size, _("cancelled %s"), a->label);
		break;
	case ACT_PAUSE:
		snprintf(text, size, _("%s is paused; what runs goes on"), a->label);
		break;
	case ACT_RESUME:
		snprintf(text, size, _("%s goes on"), a->label);
		break;
	case ACT_FORCE:
		snprintf(text, size,
		         strcmp(a->args[1], "open") == 0     ? _("%s is forced open: nobody calls it until it is freed")
		         : strcmp(a->args[1], "closed") == 0 ? _("%s is forced closed: it is called whatever happens")
		                                             : _("%s is freed: its calls decide again"),
		         a->label);
		break;
	case ACT_BUDGET:
		snprintf(text, size, a->args[3] != NULL ? _("%s: the budget is $%.40s") : _("%s has no such budget any more"),
		         a->label, a->args[3] != NULL ? a->args[3] : "");
		break;
	case ACT_DRAIN:
		snprintf(text, size, _("%s ends when it is done with what it runs"), a->label);
		break;
	case ACT_SEND:
		snprintf(out->value, sizeof out->value, "%s", cell0);
		break;
	case ACT_PLAN:
	case ACT_WATCH:
	case ACT_N:
		break;
	}
}
