/* The lists of the queue and of the failed messages. */
#include "shared/clock.h"
#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/filter.h"
#include "tui/format.h"
#include "tui/i18n.h"

#define TEXT_CELLS 120

/* Reads --limit and --filter into the parameters of a statement. */
static int list_options(struct cli *cli, const char *params[2])
{
	const char *limit = "50", *filter = "";
	const struct cli_option options[] = { { "limit", &limit, NULL }, { "filter", &filter, NULL } };
	struct strbuf json = STRBUF_INIT(65536);
	struct err err;
	int code = cli_options(cli, options, 2, 0, 0);
	if (code != 0)
		return code;
	char *end;
	long n = strtol(limit, &end, 10);
	if (*end != '\0' || n < 1 || n > 100000)
		return cli_usage_error(_("--limit takes a number from 1 to 100000"));
	if (filter_to_json(filter, &json, &err) < 0) {
		strbuf_release(&json);
		return cli_error(&err, "--filter");
	}
	params[0] = arena_dup(&cli->arena, strbuf_text(&json), json.len);
	params[1] = limit;
	strbuf_release(&json);
	return 0;
}

static double age(const char *iso)
{
	return iso != NULL ? (double)(clock_wall() - clock_parse(iso)) / USEC_PER_SEC : 0;
}

int cmd_queue(struct cli *cli)
{
	const char *params[2];
	char buf[FORMAT_MAX], eta[FORMAT_MAX];
	struct rows r;
	int code = list_options(cli, params);
	if (code == 0)
		code = cli_list(cli, sql_tui_list_queue, params, 2, &r);
	if (code != 0 || cli->json)
		return code;
	if (r.n_rows == 0)
		printf("%s\n", _("the queue is empty"));
	else
		printf("%4s %8s %-8s %-12s %-8s %7s %7s %3s %s\n", "POS", "ID", "STATE", "AGENT", "WAITS", "AGE", "EST", "ATT",
		       "MESSAGE");
	for (int i = 0; i < r.n_rows; i++) {
		const char *pos = rows_at(&r, i, COL_LIST_QUEUE_QUEUE_POSITION),
			   *est = rows_at(&r, i, COL_LIST_QUEUE_ETA_SECONDS), *waits = rows_at(&r, i, COL_LIST_QUEUE_WAITS_FOR);
		printf("%4s %8s %-8s %-12s %-8s %7s %7s %3d %s\n", pos != NULL ? pos : "-", rows_at(&r, i, COL_LIST_QUEUE_ID),
		       rows_at(&r, i, COL_LIST_QUEUE_STATE), cli_safe(cli, rows_at(&r, i, COL_LIST_QUEUE_AGENT)),
		       waits != NULL ? waits : "-", format_duration(age(rows_at(&r, i, COL_LIST_QUEUE_QUEUED_AT)), buf),
		       est != NULL ? format_duration(strtod(est, NULL), eta) : "-",
		       (int)rows_int(&r, i, COL_LIST_QUEUE_RETRY_COUNT, 0) + 1,
		       cli_cut(cli, rows_at(&r, i, COL_LIST_QUEUE_TEXT), TEXT_CELLS));
	}
	return EXIT_DONE;
}

int cmd_failed(struct cli *cli)
{
	const char *params[2];
	char buf[FORMAT_MAX];
	struct rows r;
	int code = list_options(cli, params);
	if (code == 0)
		code = cli_list(cli, sql_tui_list_failed, params, 2, &r);
	if (code != 0 || cli->json)
		return code;
	if (r.n_rows == 0)
		printf("%s\n", _("no message has failed"));
	for (int i = 0; i < r.n_rows; i++)
		printf("%8s  %s  %s  %s ago  %lld tries\n          %s\n          > %s\n", rows_at(&r, i, COL_LIST_FAILED_ID),
		       rows_at(&r, i, COL_LIST_FAILED_MESSAGE_ID), cli_safe(cli, rows_at(&r, i, COL_LIST_FAILED_AGENT)),
		       format_duration(age(rows_at(&r, i, COL_LIST_FAILED_FAILED_AT)), buf),
		       (long long)rows_int(&r, i, COL_LIST_FAILED_TRIES, 0), cli_safe(cli, rows_at(&r, i, COL_LIST_FAILED_ERROR)),
		       cli_cut(cli, rows_at(&r, i, COL_LIST_FAILED_TEXT), TEXT_CELLS));
	return EXIT_DONE;
}
