/* Is everything in order? Each failure comes with its mend. Looks only at the database and this terminal: keys are the workers'. */
#include <langinfo.h>
#include <locale.h>
#include <unistd.h>

#include "shared/json.h"
#include "shared/migrate.h"
#include "tui/cli/cli.h"
#include "tui/i18n.h"

struct report {
	struct cli *cli;
	struct strbuf json;
	int failed;
};

static void say(struct report *r, const char *check, bool ok, const char *detail, const char *mend)
{
	r->failed += !ok;
	strbuf_str(&r->json, r->json.len > 1 ? ",{" : "{");
	json_put_field(&r->json, "check", check);
	json_put_key(&r->json, "ok");
	strbuf_str(&r->json, ok ? "true" : "false");
	json_put_field(&r->json, "detail", detail);
	json_put_field(&r->json, "mend", ok ? NULL : mend);
	strbuf_char(&r->json, '}');
	if (r->cli->json)
		return;
	printf("%-5s %-12s ", ok ? "ok" : "FAIL", check);
	cli_text(detail, false);
	if (!ok) {
		printf("\n%19s", "-> ");
		cli_text(mend, false);
	}
	putchar('\n');
}

/* One row of (bool ok, text detail), or nothing to say. */
static void ask(struct report *r, const char *check, const char *sql, const char *mend)
{
	struct rows rows;
	struct err err;
	if (cli_try(r->cli, sql, NULL, 0, &rows, &err) < 0)
		say(r, check, false, err.msg, mend);
	for (int i = 0; i < rows.n_rows; i++)
		say(r, check, rows_bool(&rows, i, 0), rows_at(&rows, i, 1), mend);
}

static bool database(struct report *r)
{
	struct err err;
	if (pg_connect(&r->cli->pg, r->cli->options->database_url, "signalbox doctor", "-c statement_timeout=5s", 10000, &err) <
	    0) {
		say(r, "database", false, err.msg, "set SIGNALBOX_DATABASE_URL, and see that PostgreSQL runs");
		return false;
	}
	ask(r, "database",
	    "select current_setting('server_version_num')::int >= 150000, 'PostgreSQL ' || current_setting('server_version')"
	    " || case when pg_is_in_recovery() then ' (standby)' else '' end",
	    "PostgreSQL 15 or newer is needed");
	bool ok = migrate_check(r->cli->pg, &err) == 0;
	say(r, "schema", ok, ok ? "in place" : err.msg, "signalbox migrate");
	return ok;
}

static void terminal(struct report *r)
{
	const char *term = getenv("TERM");
	char text[200];
	snprintf(text, sizeof text, "TERM=%s, %s", term != NULL ? term : "(unset)", nl_langinfo(CODESET));
	say(r, "terminal", term != NULL && strcmp(term, "dumb") != 0, text,
	    "the console needs a terminal: set TERM; the command line works without");
}

int cmd_doctor(struct cli *cli)
{
	struct report r = { .cli = cli, .json = STRBUF_INIT(1u << 20) };
	int code = cli_options(cli, NULL, 0, 0, 0);
	if (code != 0)
		return code;
	strbuf_char(&r.json, '[');
	bool reached = database(&r);
	if (reached) {
		ask(&r, "workers",
		    "select count(*) > 0, count(*) || ' alive' || coalesce(', ' || string_agg(name || case when is_draining then ' (draining)' else '' end, ', '), '')"
		    " from signalbox.workers where ended_at is null and lease_until > now()",
		    "start one: signalbox-worker");
		ask(&r, "agents",
		    "select coalesce(bool_and(provider_id is not null and model is not null), false), count(*) || ' agents'"
		    " || coalesce(', without provider or model: ' || string_agg(slug, ' ') filter (where provider_id is null or model is null), '') from signalbox.agents",
		    "signalbox agent SLUG set provider=P model=M");
		ask(&r, "providers", "select count(*) > 0, count(*) || ' providers' from signalbox.providers",
		    "signalbox provider SLUG set protocol=ollama base_url=URL");
		ask(&r, "stuck",
		    "select count(*) = 0, count(*) || ' running messages past their deadline' from signalbox.queue where state = 'running' and deadline < now()",
		    "a living worker's tick gives them back within a second; start one");
		ask(&r, "horizon",
		    "select coalesce(max(now() - xact_start) < interval '10 min', true), coalesce('oldest transaction: ' ||"
		    " date_trunc('second', max(now() - xact_start)) || ', pid ' || (array_agg(pid order by xact_start))[1] || ' '"
		    " || coalesce((array_agg(application_name order by xact_start))[1], ''), 'no open transaction')"
		    " from pg_stat_activity where xact_start is not null and backend_type = 'client backend' and pid <> pg_backend_pid()",
		    "an old transaction keeps dead rows: end it with pg_terminate_backend(pid)");
		ask(&r, "autovacuum",
		    "select current_setting('autovacuum')::bool, 'autovacuum is ' || current_setting('autovacuum')",
		    "turn autovacuum on");
	}
	terminal(&r);
	strbuf_char(&r.json, ']');
	if (cli->json)
		printf("%s\n", strbuf_text(&r.json));
	strbuf_release(&r.json);
	return r.failed == 0 ? EXIT_DONE : cli->pg == NULL ? EXIT_NO_DB : EXIT_FAILED;
}
