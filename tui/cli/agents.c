/* Agents: show, make and change. */
#include "shared/json.h"
#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/format.h"
#include "tui/i18n.h"

/* How much of a budget is spent or reserved; "-" if there is none. */
static const char *percent(const char *budget, const char *spent, const char *reserved, char buf[static FORMAT_MAX])
{
	if (budget == NULL)
		return "-";
	double usd = strtod(budget, NULL),
	       used = (spent != NULL ? strtod(spent, NULL) : 0) + (reserved != NULL ? strtod(reserved, NULL) : 0);
	snprintf(buf, FORMAT_MAX, "%.0f%%", usd > 0 ? MIN(999.0, 100 * used / usd) : 100);
	return buf;
}

static void put_agent(struct cli *cli, const struct rows *r, int i)
{
	char cost[FORMAT_MAX], day[FORMAT_MAX], month[FORMAT_MAX], p95[FORMAT_MAX];
	const char *d = percent(rows_at(r, i, COL_LIST_AGENTS_BUDGET_DAY), rows_at(r, i, COL_LIST_AGENTS_COST_TODAY_USD),
	                        rows_at(r, i, COL_LIST_AGENTS_RESERVED_USD), day);
	const char *m = percent(rows_at(r, i, COL_LIST_AGENTS_BUDGET_MONTH), rows_at(r, i, COL_LIST_AGENTS_COST_MONTH_USD),
	                        rows_at(r, i, COL_LIST_AGENTS_RESERVED_USD), month);
	bool unknown = rows_int(r, i, COL_LIST_AGENTS_COST_UNKNOWN_TODAY, 0) > 0;
	format_usd(rows_at(r, i, COL_LIST_AGENTS_COST_TODAY_USD), cost);
	if (unknown && strtod(or_dash(rows_at(r, i, COL_LIST_AGENTS_COST_TODAY_USD)), NULL) == 0)
		snprintf(cost, sizeof cost, "%s", _("unknown"));
	else if (unknown)
		snprintf(cost + strlen(cost), sizeof cost - strlen(cost), "+?");
	printf("%-12s %-8s %s %4s %3s %5s %5s %6s %9s %5s\n", rows_at(r, i, COL_LIST_AGENTS_SLUG),
	       rows_at(r, i, COL_LIST_AGENTS_STATE), cli_cell(cli, or_dash(rows_at(r, i, COL_LIST_AGENTS_MODEL)), 14),
	       rows_at(r, i, COL_LIST_AGENTS_QUEUED), rows_at(r, i, COL_LIST_AGENTS_RUNNING),
	       rows_at(r, i, COL_LIST_AGENTS_PER_MINUTE), or_dash(rows_at(r, i, COL_LIST_AGENTS_ERROR_PERCENT)),
	       format_latency(rows_at(r, i, COL_LIST_AGENTS_P95_SECONDS) != NULL
	                              ? strtod(rows_at(r, i, COL_LIST_AGENTS_P95_SECONDS), NULL)
	                              : -1,
	                      p95),
	       cost, strtol(d, NULL, 10) >= strtol(m, NULL, 10) && d[0] != '-' ? d : m);
	if (rows_at(r, i, COL_LIST_AGENTS_PAUSED_BY) != NULL)
		printf(_("%-12s paused by %s: %s\n"), "", cli_safe(cli, rows_at(r, i, COL_LIST_AGENTS_PAUSED_BY)),
		       cli_safe(cli, or_dash(rows_at(r, i, COL_LIST_AGENTS_PAUSE_REASON))));
}

int cmd_agents(struct cli *cli)
{
	struct rows r;
	int code = cli_options(cli, NULL, 0, 0, 0);
	if (code == 0)
		code = cli_list(cli, sql_tui_list_agents, NULL, 0, &r);
	if (code != 0 || cli->json)
		return code;
	if (r.n_rows == 0) {
		printf("%s\n", _("there is no agent yet: signalbox agent SLUG set provider=P model=M"));
		return EXIT_DONE;
	}
	printf("%-12s %-8s %-14s %4s %3s %5s %5s %6s %9s %5s\n", "AGENT", "STATE", "MODEL", "WAIT", "RUN", "MSG/m", "ERR%", "P95",
	       "COST DAY", "BUDG");
	for (int i = 0; i < r.n_rows; i++)
		put_agent(cli, &r, i);
	return EXIT_DONE;
}

/* ---- one agent */

static void put_budget(struct cli *cli, const struct json *doc, const char *label, const char *budget, const char *spent)
{
	char text[FORMAT_MAX], a[FORMAT_MAX], b[FORMAT_MAX], c[FORMAT_MAX];
	const char *usd = cli_value(cli, doc, budget), *reserved = cli_value(cli, doc, "reserved_usd");
	if (usd == NULL)
		return;
	printf(_("%-14s %s of %s (%s), of it %s reserved; warns at %s%%\n"), label,
	       format_usd(or_dash(cli_value(cli, doc, spent)), a), format_usd(usd, b),
	       percent(usd, cli_value(cli, doc, spent), reserved, text), format_usd(reserved, c),
	       or_dash(cli_value(cli, doc, "budget_soft")));
}

static int show_agents_put_chain(struct cli *cli, const char *slug)
{
	struct rows r;
	int n = 0, code = cli_query(cli, sql_tui_routes, NULL, 0, &r);
	for (int i = 0; code == 0 && i < r.n_rows; i++) {
		char time[FORMAT_MAX];
		if (strcmp(rows_at(&r, i, COL_ROUTES_AGENT), slug) != 0)
			continue;
		printf("%-14s %d %-12s %s %s", n == 0 ? _("chain") : "", n + 1, rows_at(&r, i, COL_ROUTES_PROVIDER),
		       cli_cell(cli, rows_at(&r, i, COL_ROUTES_MODEL), 12), rows_at(&r, i, COL_ROUTES_STATE));
		if (rows_at(&r, i, COL_ROUTES_SECONDS) != NULL && strcmp(rows_at(&r, i, COL_ROUTES_STATE), "held") == 0)
			printf(" %s", format_duration(strtod(rows_at(&r, i, COL_ROUTES_SECONDS), NULL), time));
		if (rows_at(&r, i, COL_ROUTES_REASON) != NULL)
			printf(" (%s)", cli_safe(cli, rows_at(&r, i, COL_ROUTES_REASON)));
		printf("%s\n", rows_bool(&r, i, COL_ROUTES_HAS_PRICE) ? "" : _("  no price"));
		n++;
	}
	if (code == 0 && n == 0)
		printf("%-14s %s\n", _("chain"), _("no route: it has no provider or no model"));
	return code;
}

static void show_agents_put_line(struct cli *cli, const char *label, const struct json *doc, const char *key)
{
	if (cli_value(cli, doc, key) != NULL)
		printf("%-14s %s\n", label, cli_safe(cli, cli_value(cli, doc, key)));
}

static const char *seconds(struct cli *cli, const struct json *doc, const char *key, char buf[static FORMAT_MAX])
{
	const char *s = cli_value(cli, doc, key);
	return format_latency(s != NULL ? strtod(s, NULL) : -1, buf);
}

static int show_agents_put_whole(struct cli *cli, const struct json *doc)
{
	char text[FORMAT_MAX], half[FORMAT_MAX], mean[FORMAT_MAX];
	const char *unknown = cli_value(cli, doc, "cost_unknown_today");
	show_agents_put_line(cli, _("agent"), doc, "slug");
	show_agents_put_line(cli, _("name"), doc, "name");
	show_agents_put_line(cli, _("state"), doc, "state");
	show_agents_put_line(cli, _("paused by"), doc, "paused_by");
	show_agents_put_line(cli, _("reason"), doc, "pause_reason");
	printf(_("%-14s %s wait, %s run\n"), _("messages"), or_dash(cli_value(cli, doc, "queued")),
	       or_dash(cli_value(cli, doc, "running")));
	printf(_("%-14s %s messages/min, %s%% errors, %s tokens/min\n"), _("last hour"),
	       or_dash(cli_value(cli, doc, "per_minute")), or_dash(cli_value(cli, doc, "error_percent")),
	       or_dash(cli_value(cli, doc, "tokens_per_minute")));
	printf(_("%-14s half within %s, 95%% within %s, mean %s\n"), "", seconds(cli, doc, "p50_seconds", half),
	       seconds(cli, doc, "p95_seconds", text), seconds(cli, doc, "mean_seconds", mean));
	printf("%-14s %s", _("cost today"), format_usd(cli_value(cli, doc, "cost_today_usd"), text));
	if (unknown != NULL && strcmp(unknown, "0") != 0)
		printf(_(", and what %s calls cost is unknown"), unknown);
	printf(_("; at this hour's pace %s by midnight UTC\n"), format_usd(cli_value(cli, doc, "projected_today_usd"), text));
	printf(_("%-14s %s in (%s of them cached), %s out; without an answer %s\n"), _("tokens today"),
	       or_dash(cli_value(cli, doc, "tokens_input_today")), or_dash(cli_value(cli, doc, "tokens_cached_today")),
	       or_dash(cli_value(cli, doc, "tokens_output_today")),
	       format_usd(cli_value(cli, doc, "cost_wasted_today_usd"), text));
	put_budget(cli, doc, _("budget, day"), "budget_day", "cost_today_usd");
	put_budget(cli, doc, _("budget, month"), "budget_month", "cost_month_usd");
	int code = show_agents_put_chain(cli, or_dash(cli_value(cli, doc, "slug")));
	printf(_("%-14s %s a minute, %s at once, %s tokens an answer\n"), _("limits"),
	       or_dash(cli_value(cli, doc, "rate_limit_per_min")), or_dash(cli_value(cli, doc, "concurrency_limit")),
	       or_dash(cli_value(cli, doc, "max_tokens")));
	printf(_("%-14s %s messages back\n"), _("context"), or_dash(cli_value(cli, doc, "context_window_size")));
	show_agents_put_line(cli, _("temperature"), doc, "temperature");
	show_agents_put_line(cli, _("top_p"), doc, "top_p");
	show_agents_put_line(cli, _("reasoning"), doc, "reasoning");
	show_agents_put_line(cli, _("retries"), doc, "retries");
	show_agents_put_line(cli, _("first byte"), doc, "first_byte_timeout");
	show_agents_put_line(cli, _("on cut"), doc, "on_cut");
	show_agents_put_line(cli, _("calculations"), doc, "calculations");
	show_agents_put_line(cli, _("run code"), doc, "run_code");
	show_agents_put_line(cli, _("tools"), doc, "tools");
	show_agents_put_line(cli, _("prompt"), doc, "system_prompt");
	return code;
}

int cmd_agent(struct cli *cli)
{
	const struct json *doc;
	int code = cli_set_or_show(cli, "agent", sql_tui_agent_set, sql_tui_show_agent, &doc);
	return code != 0 || doc == NULL ? code : show_agents_put_whole(cli, doc);
}
