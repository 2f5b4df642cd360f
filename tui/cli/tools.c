/* Tools that agents may use: show, make, change, remove. */
#include "shared/json.h"
#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/format.h"
#include "tui/i18n.h"

int cmd_tools(struct cli *cli)
{
	const char *agent = NULL;
	const struct cli_option options[] = { { "agent", &agent, NULL } };
	struct rows r;
	int code = cli_options(cli, options, ARRAY_SIZE(options), 0, 0);
	const char *params[] = { agent };
	if (code == 0)
		code = cli_list(cli, sql_tui_list_tools, params, 1, &r);
	if (code != 0 || cli->json)
		return code;
	if (r.n_rows == 0)
		printf("%s\n",
		       agent != NULL
		               ? _("this agent has no tools: signalbox agent SLUG set tools=\"NAME NAME\"")
		               : _("there is no tool yet: signalbox tool NAME set kind=http url=https://... description=... schema=@FILE"));
	else
		printf("%-24s %-7s %7s %6s %8s %-10s %s\n", "TOOL", "KIND", "CALLS/h", "FAIL/h", "MEAN", "REPEAT", "AGENTS");
	for (int i = 0; i < r.n_rows; i++) {
		const char *kind = rows_at(&r, i, COL_LIST_TOOLS_KIND);
		bool is_repeatable = strcmp(kind, "sql") == 0 || strcmp(kind, "code") == 0 ||
		                     (strcmp(kind, "http") == 0 && (rows_bool(&r, i, COL_LIST_TOOLS_IDEMPOTENT) ||
		                                                    !rows_bool(&r, i, COL_LIST_TOOLS_SIDE_EFFECTS)));
		char mean[FORMAT_MAX];
		printf("%-24s %-7s %7s %6s %8s %-10s %s\n", rows_at(&r, i, COL_LIST_TOOLS_NAME),
		       rows_at(&r, i, COL_LIST_TOOLS_KIND), or_dash(rows_at(&r, i, COL_LIST_TOOLS_CALLS_LAST_HOUR)),
		       or_dash(rows_at(&r, i, COL_LIST_TOOLS_ERRORS_LAST_HOUR)),
		       format_latency(rows_double(&r, i, COL_LIST_TOOLS_MEAN_MS, -1000) / 1000, mean),
		       is_repeatable ? _("safe") : _("never"), or_dash(rows_at(&r, i, COL_LIST_TOOLS_AGENTS)));
	}
	return EXIT_DONE;
}

static void show_tool(struct cli *cli, const struct json *doc)
{
	static const char *const FIELDS[] = {
		"kind",       "description",  "url",    "method",          "function",         "payload", "key_env",
		"timeout_ms", "result_bytes", "agents", "calls_last_hour", "errors_last_hour", "unknown"
	};
	bool has_effects = true, is_idempotent = false, waits = true;
	json_bool(doc, "side_effects", &has_effects);
	json_bool(doc, "idempotent", &is_idempotent);
	json_bool(doc, "waits", &waits);
	printf("%-18s %s\n", "tool", cli_safe(cli, or_dash(cli_value(cli, doc, "name"))));
	for (size_t i = 0; i < ARRAY_SIZE(FIELDS); i++)
		if (cli_value(cli, doc, FIELDS[i]) != NULL)
			printf("%-18s %s\n", FIELDS[i], cli_safe(cli, cli_value(cli, doc, FIELDS[i])));
	printf("%-18s %s\n", "side_effects", has_effects ? "yes" : "no");
	printf("%-18s %s\n", "idempotent", is_idempotent ? "yes" : "no");
	if (strcmp(or_dash(cli_value(cli, doc, "kind")), "process") == 0)
		printf("%-18s %s\n", "waits", waits ? "yes" : "no");
	if (cli_value(cli, doc, "schema") != NULL)
		printf("%-18s %s\n", "schema", cli_safe(cli, cli_value(cli, doc, "schema")));
}

static int tool_remove(struct cli *cli)
{
	int code = cli_options(cli, NULL, 0, 2, 2);
	if (code != 0)
		return code;
	const char *params[] = { cli->argv[0], cli->options->operator_name };
	code = cli_query(cli, sql_tui_tool_remove, params, 2, NULL);
	if (code == 0)
		printf(_("tool %s is removed; the journal keeps its calls\n"), cli->argv[0]);
	return code;
}

int cmd_tool(struct cli *cli)
{
	const struct json *doc;
	if (cli->argc == 2 && strcmp(cli->argv[1], "remove") == 0)
		return tool_remove(cli);
	int code = cli_set_or_show(cli, "tool", sql_tui_tool_set, sql_tui_show_tool, &doc);
	if (code == 0 && doc != NULL)
		show_tool(cli, doc);
	return code;
}
