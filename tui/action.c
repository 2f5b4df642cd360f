#include "tui/action.h"

#include "tui/i18n.h"
#include "tui/snapshot.h"

/* ---- sentences that need more than the label */

static const char *cell(const struct block *b, int column)
{
	const char *s = b->n_rows > 0 ? block_at(b, 0, column) : NULL;
	return s != NULL ? s : "";
}

static void explain_retry(const struct action *a, const struct block *b, char *text, size_t size)
{
	(void)b;
	snprintf(text, size, _("retried %s: starts in %.0fs   u undo"), a->label,
	         strtod(a->args[ARG_ACT_RETRY_HOLD], NULL) / 1000);
}

static void explain_retry_many(const struct action *a, const struct block *b, char *text, size_t size)
{
	(void)a;
	snprintf(text, size, _("retried %s, skipped %s   u undo"), cell(b, COL_ACT_RETRY_MANY_DONE),
	         cell(b, COL_ACT_RETRY_MANY_SKIPPED));
}

static void explain_undo(const struct action *a, const struct block *b, char *text, size_t size)
{
	(void)a;
	snprintf(text, size, _("taken back: %s"), cell(b, COL_ACT_UNDO_DONE));
}

static void explain_force(const struct action *a, const struct block *b, char *text, size_t size)
{
	const char *becomes = a->args[ARG_ACT_BREAKER_BECOMES];
	(void)b;
	snprintf(text, size,
	         strcmp(becomes, "open") == 0     ? _("%s is forced open: nobody calls it until it is freed")
	         : strcmp(becomes, "closed") == 0 ? _("%s is forced closed: it is called whatever happens")
	                                          : _("%s is freed: its calls decide again"),
	         a->label);
}

static void explain_budget(const struct action *a, const struct block *b, char *text, size_t size)
{
	const char *usd = a->args[ARG_ACT_BUDGET_USD];
	(void)b;
	snprintf(text, size, usd != NULL ? _("%s: the budget is $%.40s") : _("%s has no such budget any more"), a->label,
	         usd != NULL ? usd : "");
}

/* ---- the table */

static const struct {
	const char *sql;
	int n_args;
	enum view_id view;
	const char *says;
	void (*explain)(const struct action *, const struct block *, char *text, size_t);
} ACTIONS[ACT_N] = {
#define ACTION(name, statement, view, says, explain) \
	[ACT_##name] = { sql_tui_##statement, sql_tui_##statement##_args, view, says, explain },
#include "tui/actions.def"
#undef ACTION
};

const char *action_sql(enum action_kind kind)
{
	return ACTIONS[kind].sql;
}

int action_n_args(enum action_kind kind)
{
	return ACTIONS[kind].n_args;
}

enum view_id action_view(enum action_kind kind)
{
	return ACTIONS[kind].view;
}

struct action *action_new(enum action_kind kind, const char *label, const char *const *args)
{
	struct action *a = xcalloc(1, sizeof *a);
	int n = action_n_args(kind);
	a->kind = kind;
	a->args = xcalloc((size_t)n + 1, sizeof *a->args);
	snprintf(a->label, sizeof a->label, "%s", label);
	for (int i = 0; i < n; i++)
		a->args[i] = args[i] != NULL ? xstrdup(args[i]) : NULL;
	return a;
}

void action_set(struct action *a, int arg, const char *value)
{
	free(a->args[arg]);
	a->args[arg] = xstrdup(value);
}

void action_free(struct action *a)
{
	if (a == NULL)
		return;
	for (int i = 0; i < action_n_args(a->kind); i++)
		free(a->args[i]);
	free(a->args);
	free(a);
}

void action_explain(const struct action *a, const struct block *answer, const struct err *err, struct action_result *out)
{
	*out = (struct action_result){ .kind = a->kind, .ok = err == NULL };
	if (err != NULL) {
		bool skipped = err->code == ERR_REFUSED || err->code == ERR_NOT_FOUND;
		snprintf(out->text, sizeof out->text, "%s %s: %.180s", skipped ? _("skipped") : _("not done"), a->label,
		         err->msg);
	} else if (ACTIONS[a->kind].explain != NULL) {
		ACTIONS[a->kind].explain(a, answer, out->text, sizeof out->text);
	} else if (ACTIONS[a->kind].says[0] != '\0') {
		snprintf(out->text, sizeof out->text, _(ACTIONS[a->kind].says), a->label);
	}
}
