#include "shared/migrate.h"

#include "shared/str.h"
#include "sql_embed.h"

#define SCRIPT_TIMEOUT_MS 600000
#define STEPS_MAX 1000
#define MIN_CLIENT "1" /* schema version of the oldest binary that may use this schema */

/* FNV-1a hash: detects that the text of an applied migration was changed afterwards. */
static void checksum(const char *text, char out[static 17])
{
	uint64_t h = UINT64_C(14695981039346656037);
	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
	snprintf(out, 17, "%016llx", (unsigned long long)h);
}

/* True for the checksum of an earlier text of a migration that had the same effect. */
static bool was_right(int version, const char *sum)
{
	static const struct {
		int version;
		const char *sum;
	} FORMER[] = {
		{ 1, "0edfdb08f65b4534" }, /* this text also created the roles */
	};
	for (size_t i = 0; i < ARRAY_SIZE(FORMER); i++)
		if (FORMER[i].version == version && strcmp(FORMER[i].sum, sum) == 0)
			return true;
	return false;
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
	if (pg_exec(pg, &a, sql_install_has_schema, NULL, 0, 10000, &rows, err) < 0)
		goto out;
	if (rows_bool(&rows, 0, COL_HAS_SCHEMA_IS_THERE)) {
		if (pg_exec(pg, &a, sql_install_schema_version, NULL, 0, 10000, &rows, err) < 0)
			goto out;
		out->version = (int)rows_int(&rows, 0, COL_SCHEMA_VERSION_VERSION, 0);
		out->min_client = (int)rows_int(&rows, 0, COL_SCHEMA_VERSION_MIN_CLIENT, 0);
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

#define OURS "set local role signalbox_owner;\n" /* sets the owner of objects created after it */

/* Checks, under the lock, that the schema still has the version that was read before: another
 * `migrate` may have run in between. */
static void compose_guard(struct strbuf *b, int seen)
{
	strbuf_addf(b,
	            "do $$ declare v int := 0; begin if to_regclass('signalbox.schema_info') is not null then"
	            " select version into v from signalbox.schema_info; end if;"
	            " if v is distinct from %d then raise exception 'the schema is at %% now, and was at %d', v"
	            " using errcode = 'SB003'; end if; end $$;\n",
	            seen, seen);
}

/* Serializes migrations by a lock on a table that only its owner can take. Before there is a
 * schema, and for a login that is not its owner yet, by an advisory lock, which any login can hold:
 * then compose_guard() refuses what another process was faster with. */
static void compose_begin(struct strbuf *b)
{
	strbuf_str(b, "begin;\nset local client_min_messages = warning;\nset local lock_timeout = '30s';\n"
	              "do $$ begin if has_table_privilege(to_regclass('signalbox.schema_migrations'), 'delete') then"
	              " lock table signalbox.schema_migrations in exclusive mode;"
	              " else perform pg_advisory_xact_lock(hashtext('signalbox.migrate')); end if; end $$;\n");
}

static void compose_functions(struct strbuf *b)
{
	for (const struct sql_file *f = sql_functions; f->name != NULL; f++)
		strbuf_str(b, f->sql);
	strbuf_str(b, "do $$ begin if to_regclass('signalbox.protocols') is not null then"
	              " insert into signalbox.protocols select regexp_split_to_table(trim('"
#define PROTOCOL(name) " " #name
#include "shared/protocols.def"
#undef PROTOCOL
	              "'), ' ') on conflict do nothing; end if; end $$;\n");
}

/* The whole step as one script in one transaction: owners, migration, functions, bookkeeping. A
 * step down runs as the login role, not as signalbox_owner: it may have to give a table back to its
 * application. It installs no functions: those of the version that it leads to are in that version's program, whose
 * `migrate` comes next, and ours need what the step took away. */
static void migrate_compose(struct strbuf *b, const struct sql_file *step, int seen, int version, bool down)
{
	char sum[17] = "";
	compose_begin(b);
	compose_guard(b, seen);
	strbuf_str(b, sql_install_owners);
	strbuf_addf(
		b,
		"%screate table if not exists signalbox.schema_info (version int not null, min_client int not null);\n"
		"create table if not exists signalbox.schema_migrations (version int primary key, name text not null, checksum text not null,"
		" applied_at timestamptz not null default now());\n"
		"insert into signalbox.schema_info select 0, 0 where not exists (select from signalbox.schema_info);\n%s"
		"set local check_function_bodies = off;\nset local search_path = signalbox, public;\n",
		OURS, down ? "reset role;\n" : "");
	if (step != NULL) {
		strbuf_str(b, "do $$ begin if to_regprocedure('signalbox.adopted_aside()') is not null then"
		              " perform signalbox.adopted_aside(); end if; end $$;\n");
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
	if (down)
		strbuf_str(b, sql_install_owners);
	strbuf_str(b, OURS);
	if (!down)
		compose_functions(b);
	if (step != NULL) /* an adopted table gets the same column changes as ours */
		strbuf_str(
			b,
			"do $$ begin if to_regclass('signalbox.adopted_values') is not null"
			" and to_regprocedure('signalbox.adopted_again()') is not null then"
			" perform signalbox.adopted_again(); end if; end $$;\n");
	strbuf_addf(b, "\nupdate signalbox.schema_info set version = %d, min_client = %s;\ncommit;\n", version, MIN_CLIENT);
}

static int run_script(struct pg *pg, struct strbuf *b, struct err *err)
{
	struct err ignored;
	int result = b->broken ? err_set(err, ERR_TOO_BIG, "the script is too big")
	                       : pg_script(pg, strbuf_text(b), SCRIPT_TIMEOUT_MS, err);
	strbuf_release(b);
	if (result < 0 && pg_script(pg, "rollback", 10000, &ignored) < 0)
		return -1;
	return result;
}

static int run_step(struct pg *pg, const struct sql_file *step, int seen, int version, bool down, struct err *err)
{
	struct strbuf b = STRBUF_INIT(8u << 20);
	migrate_compose(&b, step, seen, version, down);
	return run_script(pg, &b, err) < 0 ? err_wrap(err, "%s", step != NULL ? step->name : "functions") : 0;
}

/* Creates the roles, as far as this login may. say() gets the rest as SQL for another role to run,
 * and the error says which role that is. */
static int prepare(struct pg *pg, void (*say)(const char *), struct err *err)
{
	struct arena a = ARENA_INIT;
	struct strbuf b = STRBUF_INIT(1u << 16);
	struct rows rows;
	compose_begin(&b);
	strbuf_addf(&b, "%s\ncommit;\n", sql_install_roles);
	int result = run_script(pg, &b, err);
	if (result == 0)
		result = pg_exec(pg, &a, sql_install_missing, NULL, 0, 10000, &rows, err);
	for (int i = 0; result == 0 && i < rows.n_rows; i++)
		say(rows_bool(&rows, i, COL_MISSING_IS_OWNERS) ? sql_install_owners : rows_at(&rows, i, COL_MISSING_LINE));
	if (result == 0 && rows.n_rows > 0)
		result = err_set(
			err, ERR_REFUSED,
			"this login may not set up what is missing: have a superuser, or who made the roles, run the SQL above "
			"in this database, then migrate again");
	arena_release(&a);
	return result;
}

/* Fails if an applied migration has another checksum than its text in this binary: the database is
 * then not what this binary expects. */
static int check_sums(struct pg *pg, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct rows rows;
	int result = pg_exec(pg, &a, sql_install_schema_sums, NULL, 0, 10000, &rows, err);
	for (int i = 0; result == 0 && i < rows.n_rows; i++) {
		char sum[17];
		int version = (int)rows_int(&rows, i, COL_SCHEMA_SUMS_VERSION, 0);
		const char *applied = rows_at(&rows, i, COL_SCHEMA_SUMS_CHECKSUM);
		const struct sql_file *f = find(version, "");
		if (f == NULL)
			continue;
		checksum(f->sql, sum);
		if (strcmp(sum, applied) != 0 && !was_right(version, applied))
			result = err_set(err, ERR_REFUSED, "migration %s was applied with another text (%s, here %s)", f->name,
			                 applied, sum);
	}
	arena_release(&a);
	return result;
}

/* Runs one step towards `version` and sets st->version to the version reached. If another process
 * migrated meanwhile, st->version is the version that it reached. */
static int go(struct pg *pg, struct migrate_status *st, int version, void (*say)(const char *), struct err *err)
{
	char line[160];
	struct err ignored;
	struct migrate_status now;
	bool renew = st->version == version, down = version < st->version;
	int seen = st->version, next = renew ? seen : down ? seen - 1 : seen + 1;
	const struct sql_file *step = renew ? NULL : find(down ? seen : next, down ? ".down" : "");
	if (step == NULL && !renew)
		return err_set(err, ERR_REFUSED, "this program does not know migration %d", down ? seen : next);
	if (run_step(pg, step, seen, next, down, err) < 0) {
		if (migrate_status(pg, &now, &ignored) < 0 || now.version == seen)
			return -1;
		st->version = now.version;
		return 0;
	}
	st->version = next;
	if (renew)
		snprintf(line, sizeof line, "schema %d is in place; functions, owners and rights renewed", version);
	else
		snprintf(line, sizeof line, "%s %s", down ? "took back" : "applied", step->name);
	say(line);
	return 0;
}

/* Requires encoding UTF8: another encoding cannot store all text, and SQL_ASCII stores bytes that
 * are not text. For a schema that exists already, this is only reported with say(). */
static int check_encoding(struct pg *pg, int version, void (*say)(const char *), struct err *err)
{
	struct arena a = ARENA_INIT;
	struct rows rows;
	char line[200];
	int result = pg_exec(pg, &a, sql_install_encoding, NULL, 0, 10000, &rows, err);
	if (result == 0 && strcmp(rows_at(&rows, 0, COL_ENCODING_ENCODING), "UTF8") != 0) {
		snprintf(line, sizeof line,
		         "the database's encoding is %.40s; signalbox needs UTF8 (createdb -E UTF8 -T template0)",
		         rows_at(&rows, 0, COL_ENCODING_ENCODING));
		if (version == 0)
			result = err_set(err, ERR_REFUSED, "%s", line);
		else
			say(line);
	}
	arena_release(&a);
	return result;
}

int migrate_to(struct pg *pg, int version, void (*say)(const char *), struct err *err)
{
	struct migrate_status st;
	if (migrate_status(pg, &st, err) < 0)
		return -1;
	if (version < 0 || version > st.latest)
		return err_set(err, ERR_BAD_INPUT, "there is no version %d; the latest is %d", version, st.latest);
	if (version > 0 && check_encoding(pg, st.version, say, err) < 0)
		return -1;
	if (version > 0 && prepare(pg, say, err) < 0)
		return -1;
	if (st.version > 0 && check_sums(pg, err) < 0)
		return -1;
	if (st.version == version && version > 0)
		return go(pg, &st, version, say, err);
	for (int i = 0; st.version != version && i < STEPS_MAX; i++)
		if (go(pg, &st, version, say, err) < 0)
			return -1;
	return st.version == version
	               ? 0
	               : err_set(err, ERR_REFUSED, "another migrate goes elsewhere: the schema is at %d", st.version);
}
