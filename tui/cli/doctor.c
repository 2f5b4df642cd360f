/* Checks the installation. Each failure is printed with its remedy. Checks only the database and
 * this terminal, because the keys are known only to the workers. */
#include <langinfo.h>
#include <locale.h>
#include <unistd.h>

#include "shared/json.h"
#include "shared/migrate.h"
#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/i18n.h"

struct report {
	struct cli *cli;
	struct strbuf json;
	int failed;
};

static void doctor_say(struct report *r, const char *check, bool ok, const char *detail, const char *mend)
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

/* Reports each row (bool ok, text detail) of a check; no row: nothing to report. */
static void doctor_ask(struct report *r, const char *check, const char *sql, const char *mend)
{
	struct rows rows = { 0 };
	struct err err;
	if (cli_try(r->cli, sql, NULL, 0, &rows, &err) < 0)
		doctor_say(r, check, false, err.msg, mend);
	for (int i = 0; i < rows.n_rows; i++)
		doctor_say(r, check, rows_bool(&rows, i, COL_DOCTOR_RIGHTS_OK), rows_at(&rows, i, COL_DOCTOR_RIGHTS_DETAIL),
		           mend);
}

/* The checks of sql/tui/doctor.sql, each with its remedy. */
static void doctor_ask_all(struct report *r)
{
	static const struct {
		const char *check, *mend;
	} MENDS[] = {
		{ "workers", "start one: signalbox-worker" },
		{ "agents", "signalbox agent SLUG set provider=P model=M" },
		{ "providers", "signalbox provider SLUG set protocol=ollama base_url=URL" },
		{ "secrets",
		  "give the worker the variable, or NAME_FILE a file that it can read; or name another (signalbox provider, webhook, token)" },
		{ "code",
		  "install bubblewrap, and let users make namespaces (docs/OPERATIONS.md, Running code); or start it with --code-slots 0" },
		{ "records", "do not kill these workers; see transactions, the server's disk, the worker's log" },
		{ "chores", "the error says why; it is tried again by itself" },
		{ "transactions",
		  "end it (pg_terminate_backend(pid)), and give the role an idle_in_transaction_session_timeout" },
		{ "stuck", "a living worker's tick gives them back within a second; start one" },
		{ "horizon", "it keeps dead rows from being removed: end it (a session: pg_terminate_backend(pid))" },
		{ "dead rows",
		  "see horizon; if nothing holds it back, let autovacuum run: autovacuum_max_workers, autovacuum_naptime" },
		{ "autovacuum", "turn autovacuum on" },
	};
	struct rows rows = { 0 };
	struct err err;
	if (cli_try(r->cli, sql_tui_doctor, NULL, 0, &rows, &err) < 0)
		doctor_say(r, "queries", false, err.msg, "your role may not read: grant signalbox_viewer to it");
	for (int i = 0; i < rows.n_rows; i++) {
		const char *mend = "";
		for (size_t k = 0; k < ARRAY_SIZE(MENDS); k++)
			if (strcmp(MENDS[k].check, rows_at(&rows, i, COL_DOCTOR_CHECK)) == 0)
				mend = MENDS[k].mend;
		doctor_say(r, rows_at(&rows, i, COL_DOCTOR_CHECK), rows_bool(&rows, i, COL_DOCTOR_OK),
		           rows_at(&rows, i, COL_DOCTOR_DETAIL), mend);
	}
}

/* The remedy for a failed connection: the server refused it, or was not reached. Only English texts
 * are recognized; a server with another language gets the general remedy. */
static const char *mend_of(const char *msg)
{
	if (strstr(msg, "authentication failed") != NULL || strstr(msg, "password") != NULL)
		return "PostgreSQL runs and refuses this login: see its name and password (SIGNALBOX_DATABASE_URL, ~/.pgpass)";
	if (strstr(msg, "pg_hba.conf") != NULL)
		return "PostgreSQL runs and lets nobody in from here by this name: see its pg_hba.conf";
	if (strstr(msg, "does not exist") != NULL)
		return "PostgreSQL runs and has no such database, or login: see SIGNALBOX_DATABASE_URL";
	return "set SIGNALBOX_DATABASE_URL, and see that PostgreSQL runs";
}

static bool database(struct report *r)
{
	struct err err;
	if (pg_connect_any(&r->cli->pg, r->cli->options->database_url, "signalbox doctor", "-c statement_timeout=5s", 10000,
	                   &err) < 0) {
		doctor_say(r, "database", false, err.msg, mend_of(err.msg));
		return false;
	}
	doctor_ask(r, "database", sql_tui_doctor_database, "PostgreSQL 15 or newer is needed");
	bool ok = migrate_check(r->cli->pg, &err) == 0;
	doctor_say(r, "schema", ok, ok ? "in place" : err.msg, "signalbox migrate");
	if (ok)
		doctor_ask(r, "rights", sql_tui_doctor_rights, "signalbox migrate, as a superuser or as who owns what is named");
	return ok;
}

static void terminal(struct report *r)
{
	const char *term = getenv("TERM");
	char text[200];
	snprintf(text, sizeof text, "TERM=%s, %s", term != NULL ? term : "(unset)", nl_langinfo(CODESET));
	doctor_say(r, "terminal", term != NULL && strcmp(term, "dumb") != 0, text,
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
	if (reached)
		doctor_ask_all(&r);
	terminal(&r);
	strbuf_char(&r.json, ']');
	if (cli->json)
		printf("%s\n", strbuf_text(&r.json));
	strbuf_release(&r.json);
	return r.failed == 0 ? EXIT_DONE : cli->pg == NULL ? EXIT_NO_DB : EXIT_FAILED;
}
