/*
 * Why: the programs' statements lie in sql/worker and sql/tui, and nothing but their first line tells the C code what they take and give.
 * Each is prepared against the schema and compared with that line. And the ways into the schema and out of it: down and up again.
 */
#include <dirent.h>

#include "tests/lib/harness/harness.h"

static char *trim(char *s)
{
	s += strspn(s, " ");
	size_t n = strcspn(s, "\r\n");
	while (n > 0 && s[n - 1] == ' ')
		n--;
	s[n] = '\0';
	return s;
}

static char *read_all(const char *path)
{
	static char buf[65536];
	FILE *f = fopen(path, "re");
	if (f == NULL)
		fail_msg("cannot read %s", path);
	size_t n = fread(buf, 1, sizeof buf - 1, f);
	fclose(f);
	buf[n] = '\0';
	return text("%s", buf);
}

/* "$1 int8 job, $2 int4 limit" to the types {"int8", "int4"}. */
static int split_params(char *list, const char **types, const char *path)
{
	int n = 0;
	for (char *save = NULL, *part = strtok_r(list, ",", &save); part != NULL; part = strtok_r(NULL, ",", &save)) {
		char type[64], name[64];
		int number;
		part = trim(part);
		if (*part == '\0')
			continue;
		if (sscanf(part, "$%d %63s %63s", &number, type, name) != 3 || number != n + 1)
			fail_msg("%s: the first line names its parameters badly at '%s'", path, part);
		types[n++] = text("%s", type);
	}
	return n;
}

/* The statement with `null::type` for each parameter, as a view can hold it. */
static char *without_params(const char *sql, const char **types, int n_types)
{
	char *out = text("%s", "");
	for (const char *p = sql; *p != '\0';) {
		size_t n = strcspn(p, "$");
		int number = p[n] == '$' ? atoi(p + n + 1) : 0;
		out = text("%s%.*s", out, (int)n, p);
		p += n;
		if (number >= 1 && number <= n_types) {
			out = text("%s(null::%s)", out, types[number - 1]);
			p += 1 + strspn(p + 1, "0123456789");
		} else if (*p != '\0') {
			out = text("%s%c", out, *p++);
		}
	}
	return out;
}

static void check_columns(const char *path, char *list, const char *sql)
{
	char *expected = text("%s", "");
	bool is_void = strcmp(list, "done void") == 0;
	if (is_void) { /* a view can hold no void */
		q("prepare v as select done from (%s) x", sql);
		q("deallocate v");
		return;
	}
	for (char *save = NULL, *part = strtok_r(list, ",", &save); part != NULL; part = strtok_r(NULL, ",", &save)) {
		char name[64], type[64];
		if (sscanf(trim(part), "%63s %63s", name, type) != 2)
			fail_msg("%s: the first line names its columns badly at '%s'", path, part);
		expected = text("%s%s%s %s", expected, *expected != '\0' ? ", " : "", name,
		                q("select format_type('%s'::regtype, null)", type));
	}
	if (q_err("create temp view v as %s", sql) != ERR_OK)
		fail_msg("%s: %s", path, q_error());
	const char *got =
		q("select string_agg(attname || ' ' || format_type(atttypid, null), ', ' order by attnum) from pg_attribute "
	          "where attrelid = 'pg_temp.v'::regclass and attnum > 0");
	q("drop view pg_temp.v");
	if (strcmp(got, expected) != 0)
		fail_msg("%s gives\n  %s\nand its first line says\n  %s", path, got, expected);
}

static void check_file(const char *path)
{
	const char *types[32];
	char *sql = read_all(path), *line = text("%.*s", (int)strcspn(sql, "\n"), sql), *arrow = strstr(line, "->");
	if (strncmp(line, "--", 2) != 0 || arrow == NULL)
		fail_msg("%s: the first line must be '-- $1 type name, … -> column type, …'", path);
	*arrow = '\0';
	int n = split_params(line + 2, types, path);
	char *body = text("%s", sql + strcspn(sql, "\n"));
	size_t len = strlen(body);
	while (len > 0 && strchr("; \n", body[len - 1]) != NULL)
		body[--len] = '\0';
	if (q_err("prepare p as %s", body) != ERR_OK)
		fail_msg("%s: %s", path, q_error());
	const char *got = q("select parameter_types::text from pg_prepared_statements where name = 'p'");
	char *list = text("%s", "");
	for (int i = 0; i < n; i++)
		list = text("%s%s%s", list, i > 0 ? "," : "", types[i]);
	const char *expected = q("select '{%s}'::regtype[]::text", list);
	q("deallocate p");
	if (strcmp(got, expected) != 0)
		fail_msg("%s takes %s, its first line says %s", path, got, expected);
	check_columns(path, trim(arrow + 2), without_params(body, types, n));
}

static int check_dir(const char *dir)
{
	int n = 0;
	DIR *d = opendir(dir);
	if (d == NULL)
		fail_msg("no directory %s", dir);
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		size_t len = strlen(e->d_name);
		if (len > 4 && strcmp(e->d_name + len - 4, ".sql") == 0) {
			check_file(text("%s/%s", dir, e->d_name));
			n++;
		}
	}
	closedir(d);
	return n;
}

static void test_first_lines(void **state)
{
	(void)state;
	assert_in_range(check_dir("sql/worker"), 1, 1000);
	assert_in_range(check_dir("sql/tui"), 1, 1000);
	assert_in_range(check_dir("sql/session"), 1, 1000);
}

static void migrate(const char *option, const char *value, int expected)
{
	if (run(bin("signalbox"), "migrate", option, value, option != NULL ? "--yes" : NULL, NULL) != expected)
		fail_msg("signalbox migrate %s does not end with %d; see %s/run.log", option != NULL ? option : "", expected,
		         W.dir);
}

/* What each step adds last, newest first: it is gone when the step was taken back. */
static const char *const LAST_OF_STEP[] = {
	"tool_calls",
	"agents.calculations",
	"runs",
	"http_minutes",
	"webhooks",
	"tokens",
	"queue_blocked",
	"(15 has none)",
	"queue_totals.upto_seq",
	"workers.mute",
	"adopted_values",
	"workers.is_bound",
	"ai_costs.service_tier",
	"providers.query",
	"latencies",
	"work",
	"ai_messages.traceparent",
	"reservations",
	"breakers",
	"running",
	"lane_cursors",
};

static void test_down_and_up(void **state)
{
	(void)state;
	static const char SHAPE[] =
		"select md5(string_agg(x, ';' order by x)) from (select c.relname || ' ' || c.relkind::text || ' ' || coalesce(c.relacl::text, '') || "
		"coalesce((select string_agg(attname || format_type(atttypid, atttypmod), ',' order by attname) from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped), '') "
		"from pg_class c where relnamespace = 'signalbox'::regnamespace union all select proname || coalesce(proacl::text, '') || md5(prosrc) || pg_get_userbyid(proowner) "
		"from pg_proc where pronamespace = 'signalbox'::regnamespace) s(x)";
	static const char GONE[] = "select count(*) from information_schema.columns where table_schema = 'signalbox' "
				   "and (table_name = '%s' or table_name || '.' || column_name = '%s')";
	say("o", "is lost on the way down");
	const char *shape = q("%s", SHAPE);
	/* No terminal, and nobody says yes. */
	assert_int_equal(run("/bin/sh", "-c", text("'%s' migrate --down 1 </dev/null", bin("signalbox")), NULL), 2);
	assert_int_equal(run("/bin/sh", "-c", text("'%s' migrate --to 1 </dev/null", bin("signalbox")), NULL), 2);
	EXPECT(shape, "%s", SHAPE);
	migrate("--down", "1", 0); /* one step, and back */
	EXPECT("0", GONE, LAST_OF_STEP[0], LAST_OF_STEP[0]);
	migrate("--to", "7", 0);
	/* The version was put behind any path once: where that worked it is written out, where it never did it is left away. */
	q("insert into signalbox.providers (slug, protocol, base_url) values ('p1', 'openai', 'https://h/openai'), ('p2', 'openai', 'https://h'), "
	  "('p3', 'openai', 'https://h/v1'), ('p4', 'openai', 'https://h/v1beta/openai'), ('p5', 'openai', 'https://h/api/paas/v4'), ('p6', 'anthropic', 'https://h/x')");
	EXPECT("0", GONE, "latencies", "latencies");
	/* Budgets that were none: who keeps one can neither change the agent any more nor read an alert. */
	q("update signalbox.agents set budget_day = 'NaN', budget_month = 2.5 where slug = 'o'");
	q("update signalbox.agents set budget_month = 'Infinity', budget_day = 1e400 where slug = 'a'");
	migrate(NULL, NULL, 0);
	EXPECT(shape, "%s", SHAPE);
	EXPECT("a: - -, o: - 2.5",
	       "select string_agg(format('%%s: %%s %%s', slug, coalesce(budget_day::text, '-'), coalesce(budget_month::text, '-')), ', ' "
	       "order by slug) from signalbox.agents where slug in ('a', 'o')");
	EXPECT("https://h/openai/v1 https://h https://h/v1 https://h/v1beta/openai https://h/api/paas/v4 https://h/x",
	       "select string_agg(base_url, ' ' order by slug) from signalbox.providers where slug ~ '^p[1-6]$'");
	q("delete from signalbox.providers where slug ~ '^p[1-6]$'");
	q("select signalbox.agent_set('o', '{\"name\": \"o\"}', 'test')");
	for (size_t i = 0; i < ARRAY_SIZE(LAST_OF_STEP); i++) {
		migrate("--down", "1", 0);
		EXPECT("0", GONE, LAST_OF_STEP[i], LAST_OF_STEP[i]);
	}
	migrate("--down", "1", 0);
	EXPECT("(null)", "select to_regclass('signalbox.ai_messages')");
	EXPECT("(null)", "select to_regclass('signalbox.queue')");
	migrate(NULL, NULL, 0);
	EXPECT(shape, "%s", SHAPE);
	migrate(NULL, NULL, 0); /* again: nothing to do */
	EXPECT(shape, "%s", SHAPE);
	scene_up(state);
	assert_string_equal(status_of(say("o", "x")), "queued");
}

#define T(name) cmocka_unit_test_setup_teardown(name, scene_up, scene_down)
int main(void)
{
	const struct CMUnitTest tests[] = { T(test_first_lines), T(test_down_and_up) };
	return world_end(cmocka_run_group_tests(tests, world_up, world_down));
}
