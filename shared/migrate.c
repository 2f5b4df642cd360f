#include "shared/migrate.h"

#include "shared/str.h"
#include "sql_embed.h"

#define SCRIPT_TIMEOUT_MS 600000
#define MIN_CLIENT "1" /* the oldest binary that may still work on this schema */

/* FNV-1a: enough to notice that the text of a migration that ran was changed afterwards. */
static void checksum(const char *text, char out[static 17])
{
	uint64_t h = UINT64_C(14695981039346656037);
	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
	snprintf(out, 17, "%016llx", (unsigned long long)h);
}

static const struct sql_file *find(int version, const char *suffix)
{
	for (const struct sql_file *f = sql_migrations; f->name != NULL; f++) {
		bool is_down = strstr(f->name, ".down") != NULL;
		if (atoi(f->name) == version && is_down == (strcmp(suffix, ".down") == 0))
			return f;
	}
	return NULL;
}

static int latest_version(void)
{
	int latest = 0;
	for (const struct sql_file *f = sql_migrations; f->name != NULL; f++)
		latest = MAX(latest, atoi(f->name));
	return latest;
}

int migrate_status(struct pg *pg, struct migrate_status *out, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct rows rows;
	int result = -1;
	*out = (struct migrate_status){ .latest = latest_version() };
	if (pg_exec(pg, &a, "select to_regclass('signalbox.schema_info') is not null", NULL, 0, 10000, &rows, err) < 0)
		goto out;
	if (rows_bool(&rows, 0, 0)) {
		if (pg_exec(pg, &a, "select version, min_client from signalbox.schema_info", NULL, 0, 10000, &rows, err) < 0)
			goto out;
		out->version = (int)rows_int(&rows, 0, 0, 0);
		out->min_client = (int)rows_int(&rows, 0, 1, 0);
	}
	result = 0;
out:
	arena_release(&a);
	return result;
}

int migrate_check(struct pg *pg, struct err *err)
{
	struct migrate_status st;
	if (migrate_status(pg, &st, err) < 0)
		return -1;
	if (st.version == 0)
		return err_set(err, ERR_REFUSED, "the database has no signalbox schema: run `signalbox migrate`");
	if (st.version < st.latest)
		return err_set(err, ERR_REFUSED, "the database has schema %d, this program needs %d: run `signalbox migrate`",
		               st.version, st.latest);
	if (st.min_client > st.latest)
		return err_set(err, ERR_REFUSED,
		               "the database has schema %d and needs programs of %d; this one is of %d: upgrade it", st.version,
		               st.min_client, st.latest);
	return 0;
}

/* The whole step as one script and so one transaction: migration, functions, bookkeeping. */
static void compose(struct strbuf *b, const struct sql_file *step, int version, bool down)
{
	char sum[17] = "";
	strbuf_str(
		b,
		"begin;\nset local client_min_messages = warning;\nset local lock_timeout = '30s';\n"
		"select pg_advisory_xact_lock(hashtext('signalbox.migrate'));\n"
		"create schema if not exists signalbox;\n"
		"create table if not exists signalbox.schema_info (version int not null, min_client int not null);\n"
		"create table if not exists signalbox.schema_migrations (version int primary key, name text not null, checksum text not null,"
		" applied_at timestamptz not null default now());\n"
		"insert into signalbox.schema_info select 0, 0 where not exists (select from signalbox.schema_info);\n"
		"set local check_function_bodies = off;\nset local search_path = signalbox, public;\n");
	if (step != NULL) {
		strbuf_str(b, step->sql);
		checksum(step->sql, sum);
		if (down)
			strbuf_addf(b, "\ndelete from signalbox.schema_migrations where version = %d;\n", version + 1);
		else
			strbuf_addf(b, "\ninsert into signalbox.schema_migrations values (%d, '%s', '%s');\n", version,
			            step->name, sum);
	}
	if (down && version == 0) {
		strbuf_str(b, "drop schema signalbox cascade;\ncommit;\n");
		return;
	}
	strbuf_str(b, "set local search_path = pg_catalog;\n");
	for (const struct sql_file *f = sql_functions; f->name != NULL; f++)
		strbuf_str(b, f->sql);
	strbuf_addf(b,
	            "\nupdate signalbox.schema_info set version = %d, min_client = %s;\n"
	            "grant select on signalbox.schema_info to public;\ngrant usage on schema signalbox to public;\ncommit;\n",
	            version, MIN_CLIENT);
}

static int run_step(struct pg *pg, const struct sql_file *step, int version, bool down, struct err *err)
{
	struct strbuf b = STRBUF_INIT(8u << 20);
	compose(&b, step, version, down);
	int result = pg_script(pg, strbuf_text(&b), SCRIPT_TIMEOUT_MS, err);
	strbuf_release(&b);
	if (result < 0) {
		struct err ignored;
		if (pg_script(pg, "rollback", 10000, &ignored) < 0)
			return err_wrap(err, "%s", step != NULL ? step->name : "functions");
		return err_wrap(err, "%s", step != NULL ? step->name : "functions");
	}
	return 0;
}

/* A migration that ran and was edited since: the database is not what this binary thinks. */
static int check_sums(struct pg *pg, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct rows rows;
	int result = pg_exec(pg, &a, "select version, checksum from signalbox.schema_migrations", NULL, 0, 10000, &rows, err);
	for (int i = 0; result == 0 && i < rows.n_rows; i++) {
		char sum[17];
		const struct sql_file *f = find((int)rows_int(&rows, i, 0, 0), "");
		if (f == NULL)
			continue;
		checksum(f->sql, sum);
		if (strcmp(sum, rows_at(&rows, i, 1)) != 0)
			result = err_set(err, ERR_REFUSED, "migration %s was applied with another text (%s, here %s)", f->name,
			                 rows_at(&rows, i, 1), sum);
	}
	arena_release(&a);
	return result;
}

int migrate_to(struct pg *pg, int version, void (*say)(const char *), struct err *err)
{
	struct migrate_status st;
	char line[160];
	if (migrate_status(pg, &st, err) < 0)
		return -1;
	if (version < 0 || version > st.latest)
		return err_set(err, ERR_BAD_INPUT, "there is no version %d; the latest is %d", version, st.latest);
	if (st.version > 0 && check_sums(pg, err) < 0)
		return -1;
	if (st.version == version && version > 0) {
		if (run_step(pg, NULL, version, false, err) < 0)
			return -1;
		snprintf(line, sizeof line, "schema %d is in place; functions renewed", version);
		say(line);
	}
	while (st.version != version) {
		bool down = version < st.version;
		int next = down ? st.version - 1 : st.version + 1;
		const struct sql_file *step = find(down ? st.version : next, down ? ".down" : "");
		if (step == NULL)
			return err_set(err, ERR_REFUSED, "this program does not know migration %d", down ? st.version : next);
		if (run_step(pg, step, next, down, err) < 0)
			return -1;
		st.version = next;
		snprintf(line, sizeof line, "%s %s", down ? "took back" : "applied", step->name);
		say(line);
	}
	return 0;
}
