#include "tui/views/requests.h"

#include "tui/format.h"
#include "tui/i18n.h"
#include "tui/views/facts.h"

static const struct list_sort SORTS[] = { { N_("requests"), COL_REQUESTS_REQUESTS, false, true },
	                                  { N_("failed"), COL_REQUESTS_FAILED, false, true },
	                                  { N_("limited"), COL_REQUESTS_LIMITED, false, true },
	                                  { N_("refused"), COL_REQUESTS_REFUSED, false, true } };

enum { C_AGENT, C_REQUESTS, C_DONE, C_LIMITED, C_REFUSED, C_FAILED, C_WORST, C_N };
static const struct column COLUMNS[C_N] = {
	[C_AGENT] = { "AGENT", 16, 24, 0, false },    [C_REQUESTS] = { "REQUESTS", 8, 9, 0, true },
	[C_DONE] = { "DONE", 6, 7, 50, true },        [C_LIMITED] = { "LIMITED", 7, 8, 0, true },
	[C_REFUSED] = { "REFUSED", 7, 8, 0, true },   [C_FAILED] = { "FAILED", 6, 7, 0, true },
	[C_WORST] = { "STATUSES FROM 400 ON", 0, 0, 76, false },
};
static const int COUNTS[C_N] = { [C_REQUESTS] = COL_REQUESTS_REQUESTS, [C_DONE] = COL_REQUESTS_DONE,
	                         [C_LIMITED] = COL_REQUESTS_LIMITED,   [C_REFUSED] = COL_REQUESTS_REFUSED,
	                         [C_FAILED] = COL_REQUESTS_FAILED };

const char *requests_agent(const struct list_row *r)
{
	return block_at(r->block, r->row, COL_REQUESTS_AGENT);
}

static struct str requests_cell(const struct list_row *r, int column, char *buf, enum style *style, void *ctx)
{
	(void)ctx;
	switch (column) {
	case C_AGENT:
		return str_of(requests_agent(r) != NULL ? requests_agent(r) : _("(none)"));
	case C_WORST:
		return block_at(r->block, r->row, COL_REQUESTS_WORST) != NULL ? block_str(r->block, r->row, COL_REQUESTS_WORST) : STR("-");
	default:
		if (block_int(r->block, r->row, COUNTS[column], 0) > 0)
			*style = column == C_FAILED ? S_CRIT : column == C_LIMITED || column == C_REFUSED ? S_WARN : *style;
		return str_of(format_count(block_double(r->block, r->row, COUNTS[column], 0), buf));
	}
}

void requests_init(struct list *l)
{
	list_init(l);
	l->sorts = SORTS;
	l->n_sorts = ARRAY_SIZE(SORTS);
}

void requests_bind(struct list *l, const struct snapshot *s)
{
	if (s->blocks[BLOCK_REQUESTS] != NULL)
		list_bind(l, s->blocks[BLOCK_REQUESTS], COL_REQUESTS_AGENT, 1, -1);
}

/* Of all rows, also of those that the list does not show yet. */
static double sum(const struct ui *ui, int column)
{
	const struct block *b = ui->snap->blocks[BLOCK_REQUESTS];
	double n = 0;
	for (int i = 0; b != NULL && i < b->n_rows; i++)
		n += block_double(b, i, column, 0);
	return n;
}

void requests_draw(struct list *l, struct ui *ui, int y, int height, bool has_focus)
{
	const struct list_style look = { COLUMNS, C_N, requests_cell, ui };
	char label[100], n[FORMAT_MAX];
	snprintf(label, sizeof label, _("requests over HTTP in 1h: %s, sort %s%s"), format_count(sum(ui, COL_REQUESTS_REQUESTS), n),
	         _(SORTS[l->sort].name), l->is_reversed ? " (O)" : "");
	screen_rule(ui->screen, y, 0, -1, label);
	list_put_new(l, ui->screen, y, screen_width(ui->screen) - 24);
	if (l->n == 0 && ui->snap->blocks[BLOCK_REQUESTS] != NULL)
		screen_put(ui->screen, y + 2, 2, -1, S_DIM, _("nobody has asked: see signalbox token create, and docs/HTTP.md"));
	list_draw(l, ui->screen, y + 1, height - 1, &look, has_focus);
}

bool requests_fact(struct ui *ui, int y)
{
	static const struct {
		const char *name;
		int column;
		enum style style;
	} SUMS[] = { { N_("done"), COL_REQUESTS_DONE, S_PLAIN },
		     { N_("limited"), COL_REQUESTS_LIMITED, S_WARN },
		     { N_("refused"), COL_REQUESTS_REFUSED, S_WARN },
		     { N_("failed"), COL_REQUESTS_FAILED, S_CRIT } };
	char text[80], n[FORMAT_MAX];
	double all = sum(ui, COL_REQUESTS_REQUESTS);
	if (all == 0)
		return false;
	int x = facts_line(ui->screen, y, _("http"));
	snprintf(text, sizeof text, _("%s requests in 1h"), format_count(all, n));
	fact(ui->screen, y, &x, "", S_PLAIN, str_of(text));
	for (size_t i = 0; i < ARRAY_SIZE(SUMS); i++)
		if (sum(ui, SUMS[i].column) > 0)
			fact(ui->screen, y, &x, _(SUMS[i].name), SUMS[i].style, str_of(format_count(sum(ui, SUMS[i].column), n)));
	return true;
}
