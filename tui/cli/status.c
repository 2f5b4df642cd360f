/* The state of the queue and its alerts, each with what to do about it. */
#include "shared/json.h"
#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/format.h"
#include "tui/i18n.h"

static void line_int(const struct json *doc, const char *label, const char *key)
{
	int64_t n = 0;
	json_int(doc, key, &n);
	printf("%-28s %lld\n", label, (long long)n);
}

static void line_duration(const struct json *doc, const char *label, const char *key)
{
	char buf[FORMAT_MAX];
	double s;
	printf("%-28s %s\n", label, json_double(doc, key, &s) ? format_duration(s, buf) : "-");
}

static void show_status_print_text(const struct json *doc)
{
	double percent = 0;
	int64_t failed = 0, workers = 0, slots = 0;
	bool known = json_double(doc, "failed_last_hour_percent", &percent);
	json_int(doc, "failed_today", &failed);
	json_int(doc, "workers_alive", &workers);
	json_int(doc, "slots", &slots);
	line_int(doc, _("Pending (scheduled):"), "pending");
	line_int(doc, _("Queued:"), "queued");
	line_int(doc, _("Processing:"), "processing");
	line_int(doc, _("Completed today:"), "completed_today");
	printf("%-28s %lld", _("Failed today:"), (long long)failed);
	if (known)
		printf(_(" (%.1f%% in the last hour)"), percent);
	putchar('\n');
	line_duration(doc, _("Oldest pending:"), "oldest_pending_seconds");
	line_duration(doc, _("Mean processing time today:"), "mean_processing_seconds_today");
	printf("%-28s %lld", _("Workers alive:"), (long long)workers);
	if (workers > 0)
		printf(_(" (%lld slots)\n"), (long long)slots);
	else
		printf("%s\n", _(" - no worker is running: start signalbox-worker"));
	const struct json *alert = json_first(json_get(doc, "alerts"));
	printf("%-28s %s\n", _("Alerts:"), alert == NULL ? _("none") : "");
	for (; alert != NULL; alert = json_next(alert)) {
		struct str level = STR(""), message = STR(""), action = STR("");
		json_str(alert, "level", &level);
		json_str(alert, "message", &message);
		json_str(alert, "action", &action);
		printf("  ! %-5s", level.ptr);
		cli_text(message.ptr, false);
		printf("\n          ");
		cli_text(action.ptr, false);
		putchar('\n');
	}
}

int cmd_status(struct cli *cli)
{
	bool check = false;
	const struct cli_option options[] = { { "check", NULL, &check } };
	const struct json *doc;
	struct rows r;
	struct err err;
	int code = cli_options(cli, options, 1, 0, 0);
	if (code == 0)
		code = cli_query(cli, sql_tui_status, NULL, 0, &r);
	if (code != 0)
		return code;
	if (json_parse(&cli->arena, str_of(rows_at(&r, 0, COL_STATUS_STATUS)), 1u << 20, &doc, &err) < 0)
		return cli_error(&err, "status");
	if (cli->json)
		cli_json(rows_at(&r, 0, COL_STATUS_STATUS));
	else
		show_status_print_text(doc);
	return check && json_first(json_get(doc, "alerts")) != NULL ? EXIT_FAILED : EXIT_DONE;
}
