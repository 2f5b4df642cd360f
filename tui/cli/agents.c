/* Agents and providers: seen, made and changed. */
#include "shared/json.h"
#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/format.h"
#include "tui/i18n.h"

/* Columns of sql/tui/list_providers.sql. */
enum {
	P_SLUG,
	P_PROTOCOL,
	P_BASE_URL,
	P_KEY_ENV,
	P_DAILY_TOKENS,
	P_TIMEZONE,
	P_TOKENS,
	P_AGENTS,
	P_CALLS,
	P_ERRORS,
	P_TTFT,
	P_LAST_ERROR,
	P_BREAKER,
	P_SECONDS,
	P_REASON,
	P_HELD
};

static const char *or_dash(const char *s)
{
	return s != NULL ? s : "-";
}

int cmd_agents(struct cli *cli)
{
	char cost[FORMAT_MAX];
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
	printf("%-14s %-9s %-22s %6s %4s %6s %6s %7s %10s\n", "AGENT", "STATE", "MODEL", "QUEUED", "RUN", "MSG/m", "ERR%",
	       "MEAN s", "COST TODAY");
	for (int i = 0; i < r.n_rows; i++)
		printf("%-14s %-9s %-22.22s %6s %4s %6s %6s %7s %10s%s\n", cli_safe(cli, rows_at(&r, i, 0)), rows_at(&r, i, 2),
		       cli_safe(cli, or_dash(rows_at(&r, i, 4))), rows_at(&r, i, 5), rows_at(&r, i, 6), rows_at(&r, i, 7),
		       or_dash(rows_at(&r, i, 8)), or_dash(rows_at(&r, i, 9)), format_usd(rows_at(&r, i, 11), cost),
		       rows_int(&r, i, 12, 0) > 0 ? _(" + unknown") : "");
	return EXIT_DONE;
}

static void put_provider(struct cli *cli, const struct rows *r, int i)
{
	const char *breaker = rows_at(r, i, P_BREAKER), *seconds = rows_at(r, i, P_SECONDS),
		   *quota = rows_at(r, i, P_DAILY_TOKENS);
	printf("%-14s %-9s %-40s key: %s  agents: %s  calls/h: %s  errors/h: %s  breaker: %s",
	       cli_safe(cli, rows_at(r, i, P_SLUG)), rows_at(r, i, P_PROTOCOL), cli_safe(cli, rows_at(r, i, P_BASE_URL)),
	       or_dash(rows_at(r, i, P_KEY_ENV)), rows_at(r, i, P_AGENTS), rows_at(r, i, P_CALLS), rows_at(r, i, P_ERRORS),
	       breaker);
	if (seconds != NULL && atoll(seconds) > 0 && strncmp(breaker, "forced", 6) != 0)
		printf(" %ss", seconds);
	if (quota != NULL)
		printf("  tokens today: %s of %s", rows_at(r, i, P_TOKENS), quota);
	putchar('\n');
	if (strcmp(breaker, "closed") != 0)
		printf("%-14s %s; %s messages wait for it\n", "", cli_safe(cli, or_dash(rows_at(r, i, P_REASON))),
		       rows_at(r, i, P_HELD));
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
	for (int i = 0; i < r.n_rows; i++)
		put_provider(cli, &r, i);
	return EXIT_DONE;
}

/* Words KEY=VALUE to a JSON object; an empty value means none. */
static const char *changes(struct cli *cli, int from, int *code)
{
	struct strbuf b = STRBUF_INIT(4u << 20);
	strbuf_char(&b, '{');
	for (int i = from; i < cli->argc; i++) {
		const char *eq = strchr(cli->argv[i], '=');
		if (eq == NULL) {
			*code = cli_usage_error(_("expected KEY=VALUE, not '%.60s'"), cli->argv[i]);
			strbuf_release(&b);
			return NULL;
		}
		if (i > from)
			strbuf_char(&b, ',');
		json_put_str(&b, (struct str){ cli->argv[i], (size_t)(eq - cli->argv[i]) });
		strbuf_char(&b, ':');
		if (eq[1] == '\0')
			strbuf_str(&b, "null");
		else
			json_put_str(&b, str_of(eq + 1));
	}
	strbuf_char(&b, '}');
	const char *text = arena_dup(&cli->arena, strbuf_text(&b), b.len);
	strbuf_release(&b);
	return text;
}

static int set_or_show(struct cli *cli, const char *what, const char *set_sql, const char *show_sql)
{
	struct rows r;
	int code = cli_options(cli, NULL, 0, 1, 100);
	if (code != 0)
		return code;
	const char *slug = cli->argv[0];
	if (cli->argc > 1) {
		if (strcmp(cli->argv[1], "set") != 0 || cli->argc < 3)
			return cli_usage_error(_("usage: signalbox %s SLUG set KEY=VALUE..."), what);
		const char *json = changes(cli, 2, &code);
		if (json == NULL)
			return code;
		const char *params[] = { slug, json, cli->options->operator_name };
		if ((code = cli_query(cli, set_sql, params, 3, NULL)) != 0)
			return code;
		if (strstr(json, "\"budget_") != NULL || strstr(json, "\"chain\"") != NULL || strstr(json, "\"tools\"") != NULL ||
		    strstr(json, "\"daily_tokens\"") != NULL)
			fprintf(stderr, "signalbox: %s\n",
			        _("note: budgets, daily_tokens, chain and tools are kept, but this version does not act on them yet"));
	}
	const char *params[] = { slug };
	code = cli_query(cli, show_sql, params, 1, &r);
	if (code != 0)
		return code;
	if (r.n_rows == 0) {
		struct err err;
		err_set(&err, ERR_NOT_FOUND, "no %s is called '%.60s'", what, slug);
		return cli_error(&err, "");
	}
	if (cli->json) {
		cli_json(rows_at(&r, 0, 0));
		return EXIT_DONE;
	}
	const struct json *doc;
	struct err err;
	if (json_parse(&cli->arena, str_of(rows_at(&r, 0, 0)), 8u << 20, &doc, &err) < 0)
		return cli_error(&err, what);
	for (const struct json *f = json_first(doc); f != NULL; f = json_next(f)) {
		struct str s;
		double d;
		printf("%-20s ", json_key(f));
		if (json_str(f, "", &s))
			cli_text(s.ptr, false);
		else if (json_double(f, "", &d))
			printf("%.12g", d);
		else
			printf("-");
		putchar('\n');
	}
	return EXIT_DONE;
}

int cmd_agent(struct cli *cli)
{
	return set_or_show(cli, "agent", "select signalbox.agent_set($1, $2, $3)", sql_tui_show_agent);
}

int cmd_provider(struct cli *cli)
{
	return set_or_show(cli, "provider", "select signalbox.provider_set($1, $2, $3)", sql_tui_show_provider);
}
