/* Providers: show, make and change; those that breakers and quotas hold. */
#include "shared/json.h"
#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/format.h"
#include "tui/i18n.h"

/* "open, probe in 42s", "parked 3m05s", "closed". */
static const char *show_providers_breaker_text(const char *breaker, const char *seconds, char buf[static 64])
{
	char time[FORMAT_MAX];
	double left = seconds != NULL ? strtod(seconds, NULL) : 0;
	if (strcmp(breaker, "open") == 0 && left > 0)
		snprintf(buf, 64, _("open, probe in %s"), format_duration(left, time));
	else if (strcmp(breaker, "open") == 0)
		snprintf(buf, 64, "%s", _("open, next one tries"));
	else if (strcmp(breaker, "parked") == 0)
		snprintf(buf, 64, _("parked %s"), format_duration(left, time));
	else
		snprintf(buf, 64, "%s", breaker);
	return buf;
}

static const char *ms_text(const char *ms, char buf[static FORMAT_MAX])
{
	return format_latency(ms != NULL ? strtod(ms, NULL) / 1000 : -1, buf);
}

static void show_providers_put_provider(struct cli *cli, const struct rows *r, int i)
{
	char breaker[64], first[FORMAT_MAX], used[FORMAT_MAX], all[FORMAT_MAX], tokens[80];
	const char *quota = rows_at(r, i, COL_LIST_PROVIDERS_DAILY_TOKENS);
	format_count((double)rows_int(r, i, COL_LIST_PROVIDERS_TOKENS_TODAY, 0), used);
	snprintf(tokens, sizeof tokens, quota != NULL ? _("%s of %s") : "%s", used,
	         quota != NULL ? format_count(strtod(quota, NULL), all) : "");
	printf("%-14s %-21s %7s %6s %8s %14s %4s\n", rows_at(r, i, COL_LIST_PROVIDERS_SLUG),
	       show_providers_breaker_text(rows_at(r, i, COL_LIST_PROVIDERS_BREAKER),
	                                   rows_at(r, i, COL_LIST_PROVIDERS_BREAKER_SECONDS), breaker),
	       or_dash(rows_at(r, i, COL_LIST_PROVIDERS_CALLS_LAST_HOUR)),
	       or_dash(rows_at(r, i, COL_LIST_PROVIDERS_ERRORS_LAST_HOUR)),
	       ms_text(rows_at(r, i, COL_LIST_PROVIDERS_MEAN_TTFT_MS), first), tokens,
	       or_dash(rows_at(r, i, COL_LIST_PROVIDERS_HELD_MESSAGES)));
	if (strcmp(rows_at(r, i, COL_LIST_PROVIDERS_BREAKER), "closed") != 0)
		printf("%-14s %s\n", "", cli_cut(cli, or_dash(rows_at(r, i, COL_LIST_PROVIDERS_BREAKER_REASON)), 65));
}

int cmd_providers(struct cli *cli)
{
	struct rows r;
	int code = cli_options(cli, NULL, 0, 0, 0);
	if (code == 0)
		code = cli_list(cli, sql_tui_list_providers, NULL, 0, &r);
	if (code != 0 || cli->json)
		return code;
	if (r.n_rows == 0)
		printf("%s\n",
		       _("there is no provider yet: signalbox provider SLUG set protocol=ollama base_url=http://127.0.0.1:11434"));
	else
		printf("%-14s %-21s %7s %6s %8s %14s %4s\n", "PROVIDER", "BREAKER", "CALLS/h", "FAIL/h", "1st TEXT",
		       "TOKENS TODAY", "HELD");
	for (int i = 0; i < r.n_rows; i++)
		show_providers_put_provider(cli, &r, i);
	return EXIT_DONE;
}

/* {"requests": percent, …}: what is left of its limits, as its last headers said. */
static void show_providers_put_limits(struct cli *cli, const struct json *limits)
{
	bool any = false;
	for (const struct json *l = json_first(limits); l != NULL; l = json_next(l)) {
		int64_t percent = 0;
		json_int(l, "", &percent);
		if (!any)
			printf("%-14s", _("left"));
		printf("%s %s %lld%%", any ? "," : "", cli_safe(cli, json_key(l)), (long long)percent);
		any = true;
	}
	if (any)
		putchar('\n');
}

/* Prints each line of the text, the label before the first. */
static void put_lines(struct cli *cli, const char *label, const char *text)
{
	for (bool is_first = true; text != NULL && *text != '\0'; is_first = false) {
		size_t n = strcspn(text, "\n");
		printf("%-14s %s\n", is_first ? label : "", cli_safe(cli, arena_strf(&cli->arena, "%.*s", (int)n, text)));
		text += n + (text[n] == '\n');
	}
}

static void show_providers_put_whole(struct cli *cli, const struct json *doc)
{
	char breaker[64], first[FORMAT_MAX], p95[FORMAT_MAX], used[FORMAT_MAX], all[FORMAT_MAX];
	const char *quota = cli_value(cli, doc, "daily_tokens"), *tokens = cli_value(cli, doc, "tokens_today"),
		   *reason = cli_value(cli, doc, "breaker_reason"), *error = cli_value(cli, doc, "last_error");
	printf("%-14s %s\n", _("provider"), or_dash(cli_value(cli, doc, "slug")));
	printf("%-14s %s\n", _("breaker"),
	       show_providers_breaker_text(or_dash(cli_value(cli, doc, "breaker")), cli_value(cli, doc, "breaker_seconds"),
	                                   breaker));
	if (reason != NULL)
		printf("%-14s %s\n", _("reason"), cli_safe(cli, reason));
	printf(_("%-14s %s messages wait for it\n"), _("held"), or_dash(cli_value(cli, doc, "held_messages")));
	printf("%-14s %s  %s\n", _("address"), or_dash(cli_value(cli, doc, "protocol")),
	       cli_safe(cli, or_dash(cli_value(cli, doc, "base_url"))));
	printf("%-14s %s\n", _("key"), or_dash(cli_value(cli, doc, "key_env")));
	put_lines(cli, _("header"), cli_value(cli, doc, "header"));
	put_lines(cli, _("query"), cli_value(cli, doc, "query"));
	printf("%-14s %s\n", _("agents"), or_dash(cli_value(cli, doc, "agents")));
	format_count(strtod(or_dash(tokens), NULL), used);
	if (quota == NULL)
		printf(_("%-14s %s tokens today, no limit\n"), _("quota"), used);
	else
		printf(_("%-14s %s of %s tokens today; the day ends at midnight in %s\n"
		         "%-14s soft: calls that are under way when it is reached are not stopped, and count\n"),
		       _("quota"), used, format_count(strtod(quota, NULL), all),
		       cli_safe(cli, or_dash(cli_value(cli, doc, "timezone"))), "");
	printf(_("%-14s %s calls, %s failed, first text after %s, 95%% of the answers within %s\n"), _("last hour"),
	       or_dash(cli_value(cli, doc, "calls_last_hour")), or_dash(cli_value(cli, doc, "errors_last_hour")),
	       ms_text(cli_value(cli, doc, "mean_ttft_ms"), first), ms_text(cli_value(cli, doc, "p95_ms"), p95));
	printf(_("%-14s %s calls under way\n"), _("now"), or_dash(cli_value(cli, doc, "calls_now")));
	show_providers_put_limits(cli, json_get(doc, "limits"));
	if (error != NULL)
		printf("%-14s %s\n", _("last error"), cli_safe(cli, error));
	if (cli_value(cli, doc, "breaker") != NULL && strcmp(cli_value(cli, doc, "breaker"), "closed") != 0)
		printf(_("%-14s signalbox provider %s set breaker=auto (or open, closed)\n"), _("by hand"),
		       or_dash(cli_value(cli, doc, "slug")));
}

int cmd_provider(struct cli *cli)
{
	const struct json *doc;
	int code = cli_set_or_show(cli, "provider", sql_tui_provider_set, sql_tui_show_provider, &doc);
	if (code == 0 && doc != NULL)
		show_providers_put_whole(cli, doc);
	return code;
}
