/* The schema: its version, forward, back; an application's table taken over and given back. */
#include "shared/migrate.h"

#include <unistd.h>

#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/i18n.h"

#define ADOPT_TIMEOUT_MS 3600000 /* all rows may be rewritten */

static void migrate_cmd_say(const char *line)
{
	fprintf(stderr, "%s\n", line);
}

static int migrate_cmd_number(const char *text, long *out)
{
	char *end;
	*out = strtol(text, &end, 10);
	return *text == '\0' || *end != '\0' || *out < 0 || *out > 10000 ? cli_usage_error(_("'%.40s' is no number"), text) : 0;
}

/* Prints all reasons of a refusal: an error has room for one line only. */
static void say_problems(struct cli *cli, const char *const *params)
{
	struct rows r;
	struct err ignored;
	if (pg_exec(cli->pg, &cli->arena, sql_tui_adopt_problems, params, 2, ADOPT_TIMEOUT_MS, &r, &ignored) < 0)
		return;
	for (int i = 0; i < r.n_rows; i++)
		fprintf(stderr, "  %s\n", cli_safe(cli, rows_at(&r, i, COL_ADOPT_PROBLEMS_PROBLEM)));
}

static int adopt(struct cli *cli, const char *table, bool skip_triggers)
{
	const char *params[] = { table, skip_triggers ? "true" : "false" };
	struct rows r;
	struct err err, ignored;
	if (pg_exec(cli->pg, &cli->arena, sql_tui_adopt, params, 2, ADOPT_TIMEOUT_MS, &r, &err) < 0) {
		int code = cli_error(&err, "adopt");
		say_problems(cli, params);
		return code;
	}
	const char *n = rows_at(&r, 0, COL_ADOPT_N);
	if (pg_exec(cli->pg, &cli->arena, sql_tui_adopted, NULL, 0, CLI_TIMEOUT_MS, &r, &ignored) < 0)
		r.n_rows = 0;
	printf(_("%s is taken over: %s rows\n"), cli_safe(cli, r.n_rows > 0 ? rows_at(&r, 0, COL_ADOPTED_REL) : table), n);
	for (int i = 0; i < r.n_rows; i++)
		if (rows_at(&r, i, COL_ADOPTED_LINE)[0] != '\0')
			printf("  %s\n", cli_safe(cli, rows_at(&r, i, COL_ADOPTED_LINE)));
	return EXIT_DONE;
}

static int give_back(struct cli *cli)
{
	struct rows r;
	struct err err;
	if (pg_exec(cli->pg, &cli->arena, sql_tui_give_back, NULL, 0, ADOPT_TIMEOUT_MS, &r, &err) < 0)
		return cli_error(&err, "give-back");
	printf(_("%s is as it was, with the rows added since\n"), cli_safe(cli, rows_at(&r, 0, COL_GIVE_BACK_REL)));
	return EXIT_DONE;
}

/* A step down drops what the removed versions created: columns and tables with their data; version
 * 0 has no tables at all. On a terminal the operator types the number of messages; elsewhere --yes
 * is required. */
static int confirm_down(struct cli *cli, int from, int to)
{
	char typed[32] = "";
	struct rows r;
	struct err err;
	if (cli_try(cli, sql_tui_count_messages, NULL, 0, &r, &err) < 0)
		return cli_error(&err, "migrate");
	const char *n = rows_at(&r, 0, COL_COUNT_MESSAGES_N);
	if (!isatty(STDIN_FILENO))
		return cli_usage_error(
			_("this takes %d migrations back, with the data that they brought (%s messages): say --yes"), from - to,
			n);
	if (to == 0)
		fprintf(stderr, _("This deletes all %s messages. Type %s to confirm: "), n, n);
	else
		fprintf(stderr,
		        _("This takes %d migrations back, with the data that they brought. Type the number of messages, %s, to confirm: "),
		        from - to, n);
	if (fgets(typed, sizeof typed, stdin) != NULL)
		typed[strcspn(typed, "\n")] = '\0';
	if (strcmp(typed, n) == 0)
		return 0;
	err_set(&err, ERR_REFUSED, "nothing was changed");
	return cli_error(&err, "migrate");
}

int cmd_migrate(struct cli *cli)
{
	const char *to = NULL, *down = NULL, *table = NULL;
	bool status = false, back = false, yes = false, skip_triggers = false;
	const struct cli_option options[] = { { "to", &to, NULL },
		                              { "down", &down, NULL },
		                              { "adopt", &table, NULL },
		                              { "status", NULL, &status },
		                              { "give-back", NULL, &back },
		                              { "yes", NULL, &yes },
		                              { "skip-triggers", NULL, &skip_triggers } };
	struct migrate_status st;
	struct err err;
	long n = -1;
	int code = cli_options(cli, options, ARRAY_SIZE(options), 0, 0);
	if (code == 0 && (to != NULL || down != NULL))
		code = migrate_cmd_number(to != NULL ? to : down, &n);
	if (code != 0)
		return code;
	if (pg_connect(&cli->pg, cli->options->database_url, "signalbox migrate", NULL, 10000, &err) < 0)
		return cli_error(&err, _("database"));
	if (migrate_status(cli->pg, &st, &err) < 0)
		return cli_error(&err, "migrate");
	if (status) {
		if (cli->json)
			printf("{\"version\":%d,\"latest\":%d,\"min_client\":%d}\n", st.version, st.latest, st.min_client);
		else
			printf(_("schema %d, this program has %d\n"), st.version, st.latest);
		return EXIT_DONE;
	}
	if (back)
		return give_back(cli);
	if (to != NULL && down != NULL)
		return cli_usage_error("%s", _("either --to or --down"));
	if (down != NULL && n > st.version)
		return cli_usage_error(_("there are only %d migrations to take back"), st.version);
	int target = to != NULL ? (int)n : down != NULL ? st.version - (int)n : st.latest;
	if (st.version > st.latest && to == NULL && down == NULL) {
		err_set(&err, ERR_REFUSED, "the database has schema %d, newer than this program's %d", st.version, st.latest);
		return cli_error(&err, "migrate");
	}
	if (target < st.version && !yes && (code = confirm_down(cli, st.version, target)) != 0)
		return code;
	if (migrate_to(cli->pg, target, migrate_cmd_say, &err) < 0)
		return cli_error(&err, "migrate");
	return table != NULL ? adopt(cli, table, skip_triggers) : EXIT_DONE;
}
