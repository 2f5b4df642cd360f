/* Webhooks: who is told when a message ends, and what became of it. */
#include <unistd.h>

#include "shared/clock.h"
#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/i18n.h"

#define TEST_USEC (60 * USEC_PER_SEC)
#define POLL_USEC 200000

static bool is_number(const char *word)
{
	return word[0] != '\0' && word[strspn(word, "0123456789")] == '\0' && strlen(word) <= 9;
}

static int webhook_list(struct cli *cli)
{
	struct rows r;
	int code = cli_options(cli, NULL, 0, 1, 1);
	if (code == 0)
		code = cli_list(cli, sql_tui_list_webhooks, NULL, 0, &r);
	if (code != 0 || cli->json)
		return code;
	if (r.n_rows == 0)
		printf("%s\n", _("there is no webhook: signalbox webhook create --agent A --secret-env NAME URL"));
	else
		printf("%4s %-14s %7s %9s %6s  %s\n", "ID", "AGENT", "WAITING", "DELIVERED", "FAILED", "URL");
	for (int i = 0; i < r.n_rows; i++) {
		const char *agent = rows_at(&r, i, COL_LIST_WEBHOOKS_AGENT), *why = rows_at(&r, i, COL_LIST_WEBHOOKS_LAST_ERROR);
		bool is_removed = rows_at(&r, i, COL_LIST_WEBHOOKS_REMOVED_AT) != NULL;
		printf("%4s %-14s %7s %9s %6s  %s%s\n", rows_at(&r, i, COL_LIST_WEBHOOKS_ID), agent != NULL ? agent : "*",
		       rows_at(&r, i, COL_LIST_WEBHOOKS_WAITING), rows_at(&r, i, COL_LIST_WEBHOOKS_DELIVERED),
		       rows_at(&r, i, COL_LIST_WEBHOOKS_FAILED), cli_safe(cli, rows_at(&r, i, COL_LIST_WEBHOOKS_URL)),
		       is_removed ? _(" (removed)") : "");
		if (why != NULL && !is_removed)
			printf("%4s %s\n", "", cli_cut(cli, why, 75));
	}
	return EXIT_DONE;
}

static int webhook_deliveries(struct cli *cli)
{
	const char *limit = "50";
	const struct cli_option options[] = { { "limit", &limit, NULL } };
	struct rows r;
	int code = cli_options(cli, options, ARRAY_SIZE(options), 1, 2);
	if (code != 0)
		return code;
	const char *params[] = { cli->argc > 1 ? cli->argv[1] : NULL, NULL, limit };
	if (!is_number(limit) || (params[0] != NULL && !is_number(params[0])))
		return cli_usage_error("%s", _("webhook deliveries [ID] [--limit N]: numbers"));
	code = cli_list(cli, sql_tui_list_deliveries, params, 3, &r);
	if (code != 0 || cli->json)
		return code;
	printf("%6s %-20s %-18s %-9s %5s %6s %-24s %s\n", "ID", "AT", "EVENT", "STATE", "TRIES", "STATUS", "NEXT TRY", "WHY");
	for (int i = 0; i < r.n_rows; i++)
		printf("%6s %-20.19s %-18s %-9s %5s %6s %-24s %s\n", rows_at(&r, i, COL_LIST_DELIVERIES_ID),
		       rows_at(&r, i, COL_LIST_DELIVERIES_CREATED_AT), rows_at(&r, i, COL_LIST_DELIVERIES_EVENT),
		       rows_at(&r, i, COL_LIST_DELIVERIES_STATE), rows_at(&r, i, COL_LIST_DELIVERIES_TRIES),
		       or_dash(rows_at(&r, i, COL_LIST_DELIVERIES_LAST_STATUS)), or_dash(rows_at(&r, i, COL_LIST_DELIVERIES_NEXT_AT)),
		       cli_cut(cli, or_dash(rows_at(&r, i, COL_LIST_DELIVERIES_LAST_ERROR)), 60));
	return EXIT_DONE;
}

static int webhook_create(struct cli *cli)
{
	const char *agent = NULL, *secret = NULL;
	struct strbuf events = STRBUF_INIT(4096);
	const struct cli_option options[] = { { "agent", &agent, NULL }, { "secret-env", &secret, NULL } };
	struct rows r;
	struct err err;
	int code = cli_values(cli, "event", &events);
	if (code == 0)
		code = cli_options(cli, options, ARRAY_SIZE(options), 2, 2);
	if (code == 0 && secret == NULL)
		code = cli_usage_error("%s", _("--secret-env names the worker's variable with the secret, such as SHOP_WEBHOOK_TOKEN"));
	if (code == 0)
		code = cli_connect(cli);
	const char *params[] = { agent, cli->argc > 1 ? cli->argv[1] : NULL, secret, events.len > 0 ? strbuf_text(&events) : NULL,
		                 cli->options->operator_name };
	if (code == 0 && cli_try(cli, sql_tui_webhook_create, params, ARRAY_SIZE(params), &r, &err) < 0)
		code = cli_error(&err, "");
	strbuf_release(&events);
	if (code != 0)
		return code;
	if (cli->json)
		cli_json(rows_at(&r, 0, COL_WEBHOOK_CREATE_DOC));
	else
		printf(_("webhook %s\n"), rows_at(&r, 0, COL_WEBHOOK_CREATE_ID));
	return EXIT_DONE;
}

/* The number that is the command's word; NULL after printing why. */
static const char *webhook_number(struct cli *cli)
{
	if (cli_options(cli, NULL, 0, 2, 2) != 0)
		return NULL;
	if (is_number(cli->argv[1]))
		return cli->argv[1];
	cli_usage_error(_("a webhook is named by its number, see signalbox webhook list; '%.40s' is none"), cli->argv[1]);
	return NULL;
}

/* Runs a statement of a webhook and the operator. */
static int webhook_act(struct cli *cli, const char *sql, const char *id, struct rows *r)
{
	const char *params[] = { id, cli->options->operator_name };
	struct err err;
	return cli_try(cli, sql, params, 2, r, &err) < 0 ? cli_error(&err, "") : EXIT_DONE;
}

static int webhook_remove(struct cli *cli)
{
	struct rows r;
	const char *id = webhook_number(cli);
	int code = id == NULL ? EXIT_USAGE : cli_connect(cli);
	if (code == 0)
		code = webhook_act(cli, sql_tui_webhook_remove, id, &r);
	if (code != 0)
		return code;
	if (cli->json)
		cli_json(rows_at(&r, 0, COL_WEBHOOK_REMOVE_DOC));
	else
		printf(_("webhook %s is removed\n"), id);
	return EXIT_DONE;
}

/* Waits for the first try of a delivery. 0 if it was delivered. */
static int webhook_follow(struct cli *cli, const char *id)
{
	const char *params[] = { NULL, id, "1" };
	struct rows r;
	usec_t until = clock_mono() + TEST_USEC;
	do {
		int code = cli_query(cli, sql_tui_list_deliveries, params, 3, &r);
		if (code != 0)
			return code;
		const char *status = r.n_rows > 0 ? rows_at(&r, 0, COL_LIST_DELIVERIES_LAST_STATUS) : NULL,
			   *why = r.n_rows > 0 ? rows_at(&r, 0, COL_LIST_DELIVERIES_LAST_ERROR) : NULL;
		if (r.n_rows > 0 && strcmp(rows_at(&r, 0, COL_LIST_DELIVERIES_STATE), "delivered") == 0) {
			printf(_("delivered: status %s\n"), or_dash(status));
			return EXIT_DONE;
		}
		if (why != NULL || status != NULL) {
			fprintf(stderr, _("signalbox: not delivered: status %s %s\n"), or_dash(status), cli_safe(cli, why));
			return EXIT_FAILED;
		}
		usleep(POLL_USEC);
	} while (clock_mono() < until);
	fprintf(stderr, "signalbox: %s\n", _("no worker has tried it: none has the secret, see signalbox doctor"));
	return EXIT_FAILED;
}

static int webhook_test(struct cli *cli)
{
	struct rows r;
	const char *id = webhook_number(cli);
	int code = id == NULL ? EXIT_USAGE : cli_connect(cli);
	if (code != 0)
		return code;
	int alive = cli_workers_alive(cli);
	if (alive <= 0) {
		if (alive == 0)
			fprintf(stderr, "signalbox: %s\n", _("no worker is alive, and this needs one: start signalbox-worker"));
		return EXIT_FAILED;
	}
	code = webhook_act(cli, sql_tui_webhook_test, id, &r);
	return code != 0 ? code : webhook_follow(cli, rows_at(&r, 0, COL_WEBHOOK_TEST_ID));
}

int cmd_webhook(struct cli *cli)
{
	static const struct {
		const char *name;
		int (*run)(struct cli *);
	} VERBS[] = { { "create", webhook_create },
		      { "list", webhook_list },
		      { "remove", webhook_remove },
		      { "test", webhook_test },
		      { "deliveries", webhook_deliveries } };
	for (size_t i = 0; cli->argc > 0 && i < ARRAY_SIZE(VERBS); i++)
		if (strcmp(cli->argv[0], VERBS[i].name) == 0)
			return VERBS[i].run(cli);
	return cli_usage_error("%s", _("webhook create --secret-env NAME URL, list, remove ID, test ID, or deliveries [ID]"));
}
