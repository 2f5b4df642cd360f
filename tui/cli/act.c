/* Commands that change messages and agents: retry, cancel, pause, resume, prune. One line for each
 * message; the first failure gives the exit code. */
#include <unistd.h>

#include "shared/clock.h"
#include "shared/json.h"
#include "shared/settings.h"
#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/filter.h"
#include "tui/i18n.h"

/* sql: cancel.sql or retry.sql, which have the same parameters and columns. */
static int one(struct cli *cli, const char *sql, const char *word)
{
	const char *uuid;
	struct rows r;
	struct err err;
	int code = cli_message(cli, word, &uuid);
	if (code != 0)
		return code;
	const char *params[] = { uuid, cli->options->operator_name };
	if (cli_try(cli, sql, params, 2, &r, &err) < 0)
		return cli_error(&err, cli_safe(cli, word));
	if (cli->json)
		cli_json(rows_at(&r, 0, COL_CANCEL_DOC));
	else
		printf("%s %s\n", uuid, rows_at(&r, 0, COL_CANCEL_STATUS));
	return EXIT_DONE;
}

static int each(struct cli *cli, const char *sql)
{
	int first = cli_connect(cli);
	for (int i = 0; first != EXIT_NO_DB && i < cli->argc; i++) {
		int code = one(cli, sql, cli->argv[i]);
		if (first == EXIT_DONE)
			first = code;
	}
	return first;
}

int cmd_cancel(struct cli *cli)
{
	int code = cli_options(cli, NULL, 0, 1, 10000);
	return code != 0 ? code : each(cli, sql_tui_cancel);
}

/* --filter, --agent and --since as one filter. A slug is literal, whatever characters it has; an
 * unknown agent is an error, not an empty list. */
static int retry_filter(struct cli *cli, const char *agent, const char *since, const char *filter, const char **out)
{
	struct strbuf json = STRBUF_INIT(65536), terms = STRBUF_INIT(65536);
	struct err err;
	struct rows r;
	char seconds[32];
	int64_t age = since != NULL ? duration_ms(since) : 0;
	int code = 0;
	if (age < 0)
		return cli_usage_error(_("--since takes a duration such as 2h, not '%.40s'"), since);
	if (filter_to_json(filter, &json, &err) < 0)
		code = cli_error(&err, "--filter");
	if (code == 0 && agent != NULL)
		code = cli_query(cli, sql_tui_agent_exists, &agent, 1, &r);
	if (code == 0 && agent != NULL && !rows_bool(&r, 0, COL_AGENT_EXISTS_IS_THERE)) {
		err_set(&err, ERR_NOT_FOUND, "no agent is called '%.60s'", agent);
		code = cli_error(&err, "");
	}
	if (agent != NULL)
		filter_term(&terms, "agent", "is", agent);
	snprintf(seconds, sizeof seconds, "%lld.%03d", (long long)(age / 1000), (int)(age % 1000));
	if (since != NULL)
		filter_term(&terms, "age", "<", seconds);
	size_t size = json.len + terms.len + 2;
	*out = filter_and(arena_dup(&cli->arena, strbuf_text(&json), json.len), strbuf_text(&terms),
	                  arena_alloc(&cli->arena, size), size);
	strbuf_release(&json);
	strbuf_release(&terms);
	return code;
}

/* Retries all failed messages that match: lists them first, then, with --yes, retries exactly
 * these. */
static int retry_failed(struct cli *cli, const char *agent, const char *since, const char *filter, bool dry_run, bool yes)
{
	struct err err;
	struct rows r;
	const char *params[1];
	int code = retry_filter(cli, agent, since, filter, params);
	if (code != 0)
		return code;
	code = cli_query(cli, sql_tui_failed_all, params, 1, &r);
	if (code != 0)
		return code;
	int permanent = 0, held = 0;
	for (int i = 0; i < r.n_rows; i++) {
		permanent += rows_bool(&r, i, COL_FAILED_ALL_IS_PERMANENT);
		held += rows_bool(&r, i, COL_FAILED_ALL_IS_HELD);
	}
	if (dry_run && cli->json) {
		printf("{\"matched\":%d,\"skipped\":%d,\"held_already\":%d,\"unlikely_to_help\":%d}\n", r.n_rows, held, held,
		       permanent);
		return EXIT_DONE;
	}
	if (!cli->json)
		fprintf(stderr,
		        _("%d failed messages match; %d are held for a retry already; for %d trying again is unlikely to help\n"),
		        r.n_rows, held, permanent);
	if (dry_run)
		return EXIT_DONE;
	if (!yes) {
		fprintf(stderr, "signalbox: %s\n", _("nothing was done: say --yes to retry them, --dry-run to only count"));
		return EXIT_REFUSED;
	}
	int first = EXIT_DONE;
	for (int i = 0; i < r.n_rows; i++) {
		if (rows_bool(&r, i, COL_FAILED_ALL_IS_HELD))
			continue;
		const char *uuid = rows_at(&r, i, COL_FAILED_ALL_MESSAGE_ID);
		const char *args[] = { uuid, cli->options->operator_name, rows_at(&r, i, COL_FAILED_ALL_JOB_ID) };
		struct rows done;
		if (cli_try(cli, sql_tui_retry_failed, args, 3, &done, &err) < 0)
			code = cli_error(&err, uuid);
		else if (cli->json)
			cli_json(rows_at(&done, 0, COL_RETRY_FAILED_DOC));
		else
			printf("%s %s\n", uuid, rows_at(&done, 0, COL_RETRY_FAILED_STATUS));
		if (first == EXIT_DONE)
			first = code;
		if (code == EXIT_NO_DB)
			break;
		code = EXIT_DONE;
	}
	return first;
}

/* Calls that a retry from a step would forget, and that may be made again: on stderr. */
static void say_given_up(struct cli *cli, const char *doc)
{
	const struct json *calls;
	struct err err;
	fprintf(stderr, "%s\n", _("these calls of tools would be given up; the model may ask for them again:"));
	if (json_parse(&cli->arena, str_of(doc), 64u << 20, &calls, &err) < 0)
		return;
	for (const struct json *c = json_first(calls); c != NULL; c = json_next(c)) {
		int64_t round = 0;
		json_int(c, "round", &round);
		fprintf(stderr, "  %lld  %s  %s  %s\n", (long long)round, cli_safe(cli, json_text(c, "name")),
		        json_text(c, "state"), cli_safe(cli, json_text(c, "arguments")));
	}
	fprintf(stderr, "signalbox: %s\n",
	        _("nothing was done: say --yes to give them up, or retry without --from-step to use what they answered"));
}

static int retry_from(struct cli *cli, const char *step, bool yes)
{
	const char *uuid;
	struct rows r;
	struct err err;
	if (strspn(step, "0123456789") != strlen(step) || step[0] == '\0' || strlen(step) > 4)
		return cli_usage_error(_("--from-step takes a number, not '%.40s'"), step);
	if (cli->argc != 1)
		return cli_usage_error(_("--from-step goes with one message"));
	int code = cli_connect(cli);
	if (code == 0)
		code = cli_message(cli, cli->argv[0], &uuid);
	if (code != 0)
		return code;
	const char *params[] = { uuid, step, cli->options->operator_name, yes ? "t" : "f" };
	if (cli_try(cli, sql_tui_retry_from, params, ARRAY_SIZE(params), &r, &err) < 0)
		return cli_error(&err, cli_safe(cli, cli->argv[0]));
	if (rows_at(&r, 0, COL_RETRY_FROM_STATUS) == NULL) {
		say_given_up(cli, rows_at(&r, 0, COL_RETRY_FROM_CALLS));
		return EXIT_REFUSED;
	}
	if (cli->json)
		cli_json(rows_at(&r, 0, COL_RETRY_FROM_DOC));
	else
		printf("%s %s\n", uuid, rows_at(&r, 0, COL_RETRY_FROM_STATUS));
	return EXIT_DONE;
}

int cmd_retry(struct cli *cli)
{
	bool failed = false, dry_run = false, yes = false;
	const char *agent = NULL, *since = NULL, *filter = NULL, *step = NULL;
	const struct cli_option options[] = { { "from-step", &step, NULL }, { "failed", NULL, &failed },
		                              { "agent", &agent, NULL },    { "since", &since, NULL },
		                              { "filter", &filter, NULL },  { "dry-run", NULL, &dry_run },
		                              { "yes", NULL, &yes } };
	int code = cli_options(cli, options, ARRAY_SIZE(options), 0, 10000);
	if (code != 0)
		return code;
	if (step != NULL)
		return failed || filter != NULL || agent != NULL || since != NULL || dry_run
		               ? cli_usage_error(_("--from-step goes with one message"))
		               : retry_from(cli, step, yes);
	if (failed || filter != NULL) {
		if (cli->argc > 0)
			return cli_usage_error(_("either IDs or --failed, not both"));
		return retry_failed(cli, agent, since, filter != NULL ? filter : "", dry_run, yes);
	}
	if (cli->argc == 0)
		return cli_usage_error(_("which? IDs or UUIDs, or --failed"));
	if (agent != NULL || since != NULL || dry_run)
		return cli_usage_error(_("--agent, --since and --dry-run go with --failed"));
	return each(cli, sql_tui_retry);
}

/* Pauses or resumes one agent, SLUG, or all agents, --all. */
static int pause_or_resume(struct cli *cli, bool pausing)
{
	bool all = false;
	const struct cli_option options[] = { { "all", NULL, &all } };
	int code = cli_options(cli, options, ARRAY_SIZE(options), 0, pausing ? 2 : 1);
	if (code != 0)
		return code;
	int reason = all ? 0 : 1; /* its index in argv */
	if (cli->argc < reason || cli->argc > reason + pausing)
		return cli_usage_error(_("which agent? a slug, or --all"));
	const char *who = all ? NULL : cli->argv[0];
	const char *params[] = { who, cli->options->operator_name, cli->argc > reason ? cli->argv[reason] : NULL };
	if (all)
		code = cli_query(cli, pausing ? sql_tui_pause_all : sql_tui_resume_all, params + 1, 1 + pausing, NULL);
	else
		code = cli_query(cli, pausing ? sql_tui_act_pause : sql_tui_act_resume, params, 2 + pausing, NULL);
	if (code != 0)
		return code;
	if (cli->json)
		printf("{\"agent\":%s%s%s,\"paused\":%s}\n", all ? "" : "\"", all ? "null" : who, all ? "" : "\"",
		       pausing ? "true" : "false");
	else if (pausing)
		printf(_("%s is paused; what runs goes on\n"), all ? _("everything") : cli_safe(cli, who));
	else
		printf(_("%s goes on\n"), all ? _("everything") : cli_safe(cli, who));
	return 0;
}

int cmd_pause(struct cli *cli)
{
	return pause_or_resume(cli, true);
}

int cmd_resume(struct cli *cli)
{
	return pause_or_resume(cli, false);
}

/* Counts or, with --yes, deletes messages that ended long ago; each batch is a transaction. */
int cmd_prune(struct cli *cli)
{
	const char *older = "30d", *batch = "2000";
	bool failed = false, dry_run = false, yes = false;
	const struct cli_option options[] = { { "older-than", &older, NULL },
		                              { "batch", &batch, NULL },
		                              { "failed", NULL, &failed },
		                              { "dry-run", NULL, &dry_run },
		                              { "yes", NULL, &yes } };
	int code = cli_options(cli, options, ARRAY_SIZE(options), 0, 0);
	char age[40], after[24] = "0";
	long long total = 0;
	struct rows r;
	if (code != 0)
		return code;
	if (duration_ms(older) < 0)
		return cli_usage_error(_("--older-than is a duration such as 30d"));
	snprintf(age, sizeof age, "%lld ms", (long long)duration_ms(older));
	bool really = yes && !dry_run;
	const char *params[] = { age, failed ? "t" : "f", batch, after, really ? "t" : "f", cli->options->operator_name };
	do {
		code = cli_query(cli, sql_tui_prune, params, 6, &r);
		if (code != 0)
			return code;
		total += rows_int(&r, 0, COL_PRUNE_N, 0);
		snprintf(after, sizeof after, "%lld", (long long)rows_int(&r, 0, COL_PRUNE_UPTO, 0));
		if (!cli->json && isatty(STDERR_FILENO))
			fprintf(stderr, "\r%lld ", total);
	} while (!rows_bool(&r, 0, COL_PRUNE_IS_OVER));
	if (cli->json)
		printf("{\"%s\":%lld}\n", really ? "deleted" : "matched", total);
	else
		printf(really ? _("%lld messages deleted; their costs stay\n") : _("%lld messages ended before that\n"), total);
	if (really || dry_run)
		return EXIT_DONE;
	fprintf(stderr, "signalbox: %s\n", _("nothing was done: say --yes to delete them, --dry-run to only count"));
	return EXIT_REFUSED;
}
