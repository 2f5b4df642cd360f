/*
 * Two programs share one file and one environment, and an operator must be able to say why a value is what it is. So the order of
 * precedence, the refusals and their texts are promises.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/settings_table.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

static char file[64], user_file[64];
static struct settings_source S;
static struct err E;

static void write_bytes(const char *path, const char *bytes, size_t len)
{
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static void write_file(const char *path, const char *text)
{
	write_bytes(path, text, strlen(text));
}

/* Loads with these words after the program's name; what is left is joined into `left`. */
static char left[200];
static int load(const char *const *words)
{
	char *argv[16] = { (char *)(uintptr_t) "prog" };
	int argc = 1;
	settings_free(&S);
	S = (struct settings_source){
		.table = TABLE, .n = ARRAY_SIZE(TABLE), .foreign = FOREIGN, .user_file = user_file, .into = &V
	};
	E = (struct err){ .code = ERR_OK };
	for (; words != NULL && *words != NULL; words++)
		argv[argc++] = (char *)(uintptr_t)*words;
	int result = settings_load(&S, &argc, argv, &E);
	left[0] = '\0';
	for (int i = 1; i < argc && result == 0; i++)
		snprintf(left + strlen(left), sizeof left - strlen(left), "%s%s", i > 1 ? " " : "", argv[i]);
	if (result == 0)
		assert_null(argv[argc]);
	return result;
}
#define LOAD(...) load((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

static void refused(int result, const char *words)
{
	assert_int_equal(result, -1);
	assert_int_equal(E.code, ERR_BAD_INPUT);
	if (strstr(E.msg, words) == NULL)
		fail_msg("'%s' does not say '%s'", E.msg, words);
}

static int setup(void **state)
{
	extern char **environ;
	(void)state;
	for (char **e = environ; *e != NULL;)
		if (strncmp(*e, "SIGNALBOX_", 10) == 0) {
			char name[100];
			snprintf(name, sizeof name, "%.*s", (int)strcspn(*e, "="), *e);
			unsetenv(name);
		} else {
			e++;
		}
	setenv("SIGNALBOX_CONFIG", file, 1);
	write_file(file, "");
	write_file(user_file, "");
	return 0;
}

TEST(precedence)
{
	assert_int_equal(LOAD(), 0);
	assert_int_equal(V.count, 64);
	assert_string_equal(S.from[2], "default");
	write_file(file, "concurrency = 10\n");
	assert_int_equal(LOAD(), 0);
	assert_int_equal(V.count, 10);
	assert_string_equal(S.from[2], "file");
	write_file(user_file, "concurrency = 11\n");
	assert_int_equal(LOAD(), 0);
	assert_int_equal(V.count, 11);
	assert_string_equal(S.from[2], "user file");
	setenv("SIGNALBOX_CONCURRENCY", "12", 1);
	assert_int_equal(LOAD(), 0);
	assert_int_equal(V.count, 12);
	assert_string_equal(S.from[2], "environment");
	assert_int_equal(LOAD("--concurrency", "13"), 0);
	assert_int_equal(V.count, 13);
	assert_string_equal(S.from[2], "command line");
	assert_int_equal(V.wait, 300000);
	assert_string_equal(V.level, "info");
}

TEST(files)
{
	write_file(file, "# comment\n; comment\n\n  log_level =  de bug  \n"
	                 "[other]\nnonsense = 1\n[signalbox]\ntimeout=5m\r\n[keys]\nqueue.X = cancel\n");
	assert_int_equal(LOAD(), 0);
	assert_string_equal(V.level, "de bug");
	assert_int_equal(V.wait, 300000);
	write_file(file, "database_url = host=x user=y\n");
	assert_int_equal(LOAD(), 0);
	assert_string_equal(V.url, "host=x user=y");
	write_file(file, "\nlog_level\n");
	refused(LOAD(), ":2: expected name = value");
	refused(LOAD("--config", "/nonexistent/signalbox.conf"), "cannot read");
	write_file(file, "concurrency = 9\n");
	setenv("SIGNALBOX_CONFIG", "/nonexistent/signalbox.conf", 1);
	refused(LOAD(), "cannot read");
	assert_int_equal(LOAD("--config", file), 0);
	assert_int_equal(V.count, 9);
	unlink(user_file);
	assert_int_equal(LOAD("--config", file), 0);
}

/* Reading them would hang, never end, or say nothing of why no setting is there. */
TEST(what_is_no_file_is_refused)
{
	static const char *const PATHS[] = { "/dev/full", "/dev/zero", "/dev/tty", "/", "fifo" };
	char fifo[80];
	snprintf(fifo, sizeof fifo, "%s.fifo", file);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	for (size_t i = 0; i < ARRAY_SIZE(PATHS); i++) {
		const char *path = PATHS[i][0] == '/' ? PATHS[i] : fifo;
		setenv("SIGNALBOX_CONFIG", path, 1);
		alarm(10); /* SIGALRM ends the program: a hang is red */
		refused(LOAD(), path);
		refused(LOAD("--config", path), path);
		alarm(0);
		if (strcmp(path, "/dev/tty") != 0)
			refused(LOAD("--config", path), "not a file");
	}
	unlink(fifo);
	assert_int_equal(LOAD("--config", "/dev/null"), 0); /* none, as it is said everywhere */
	setenv("SIGNALBOX_CONFIG", "", 1);
	refused(LOAD(), "cannot read");
	unlink(user_file);
	assert_int_equal(mkdir(user_file, 0700), 0);
	setenv("SIGNALBOX_CONFIG", file, 1);
	refused(LOAD(), "not a file"); /* the user's own, not asked for but there */
	rmdir(user_file);
}

/* The line would end at the NUL, and mean something else than what stands there. */
TEST(a_nul_byte_is_refused)
{
	write_bytes(file, "timeout = 5m\nlog_level = de\0bug\n", 32);
	refused(LOAD(), ":2: holds a NUL byte");
	write_bytes(file, "timeout = 5m\n#\0\n", 16);
	refused(LOAD(), ":2: holds a NUL byte");
	write_bytes(file, "\xFF\xFEt\0i\0m\0", 8); /* UTF-16, as some editors save it */
	refused(LOAD(), ":1: holds a NUL byte");
}

TEST(a_byte_order_mark_is_no_part_of_a_name)
{
	write_file(file, "\xEF\xBB\xBFtimeout = 5m\n");
	assert_int_equal(LOAD(), 0);
	assert_int_equal(V.wait, 300000);
	write_file(file, "\xEF\xBB\xBF[other]\ntimeout = 1m\n");
	assert_int_equal(LOAD(), 0);
	assert_int_equal(V.wait, 300000);
	write_file(file, "\xEF\xBB\xBF");
	assert_int_equal(LOAD(), 0);
}

/* A long line was read as two, the second of which was a setting of its own. */
TEST(lines_and_files_have_a_length)
{
	static char text[300000];
	memset(text, ' ', sizeof text - 1);
	memcpy(text, "log_level = x", 13);
	memcpy(text + 4095, "concurrency = 7", 15);
	text[8000] = '\0';
	write_file(file, text);
	assert_int_equal(LOAD(), 0);
	assert_int_equal(V.count, 64);
	assert_int_equal(strlen(V.level), 4095 + 15 - 12);
	memset(text, '#', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	write_file(file, text);
	refused(LOAD(), "over 262144 bytes");
	memset(text, 'q', 200000);
	text[200000] = '\0';
	write_file(file, text);
	refused(LOAD(), "expected name = value");
	text[199999] = '=';
	write_file(file, text);
	refused(LOAD(), "no setting is called 'qqq");
}

TEST(unknown_names_get_a_suggestion)
{
	write_file(file, "\nconcurency = 5\n");
	refused(LOAD(), ":2: no setting is called 'concurency'; did you mean 'concurrency'?");
	write_file(file, "zzzzzzzz = 5\n");
	refused(LOAD(), "no setting is called 'zzzzzzzz'");
	assert_null(strstr(E.msg, "did you mean"));
	write_file(file, "themee = 5\n");
	refused(LOAD(), "did you mean 'theme'?");
	write_file(file, "");
	setenv("SIGNALBOX_TIMEOUTT", "5", 1);
	refused(LOAD(), "environment: no setting is called 'timeoutt'; did you mean 'timeout'?");
}

TEST(what_the_other_program_knows_is_accepted)
{
	write_file(file, "theme = mono\nconcurrency = 7\n");
	setenv("SIGNALBOX_RETRY_HOLD", "nonsense", 1);
	setenv("SIGNALBOX_NOW", "2026-01-31T09:15:02Z", 1);
	assert_int_equal(LOAD("--theme", "mono", "list", "--retry-hold=1s"), 0);
	assert_int_equal(V.count, 7);
	assert_string_equal(left, "list");
}

TEST(words_are_taken_out_of_argv)
{
	assert_int_equal(LOAD("send", "--timeout", "2s", "agent", "--concurrency=3", "--other", "x", "--", "--timeout", "9s"), 0);
	assert_string_equal(left, "send agent --other x -- --timeout 9s");
	assert_int_equal(V.wait, 2000);
	assert_int_equal(V.count, 3);
	assert_int_equal(LOAD("--log-level=a=b", "-x", "-", ""), 0);
	assert_string_equal(V.level, "a=b");
	assert_string_equal(left, "-x - ");
	assert_int_equal(LOAD("--log_level", "--timeout", "--timeout=1s"), 0);
	assert_string_equal(V.level, "--timeout");
	refused(LOAD("--timeout"), "--timeout needs a value");
	assert_int_equal(LOAD("--concurrency", "3", "--concurrency", "4"), 0);
	assert_int_equal(V.count, 4);
}

TEST(ranges_and_kinds)
{
	static const char *const BAD[] = { "0", "101", "-1", "", "x", "5x", "1.5", "99999999999999999999", "0x10" };
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++)
		refused(LOAD("--concurrency", BAD[i]), "concurrency");
	refused(LOAD("--concurrency", "101"), "allowed: 1 to 100");
	refused(LOAD("--timeout", "999ms"), "allowed: 1000 to 600000 ms");
	refused(LOAD("--timeout", "soon"), "timeout");
	refused(LOAD("--timeout", "11m"), "timeout");
	assert_int_equal(LOAD("--concurrency", "100", "--timeout", "1000ms"), 0);
	setenv("SIGNALBOX_CONCURRENCY", "many", 1);
	refused(LOAD(), "environment: concurrency is 'many'");
}

TEST(durations)
{
	static const struct {
		const char *text;
		int64_t ms;
	} D[] = {
		{ "30s", 30000 },      { "500ms", 500 },
		{ "5m", 300000 },      { "5min", 300000 },
		{ "2h", 7200000 },     { "1d", 86400000 },
		{ "7", 7000 },         { "0", 0 },
		{ "5 m", 300000 },     { "", -1 },
		{ "s", -1 },           { "-1s", -1 },
		{ "1.5s", -1 },        { "5x", -1 },
		{ "5 minutes", -1 },   { "5S", -1 },
		{ "1s2", -1 },         { "99999999999999999999s", -1 },
		{ "9999999999d", -1 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(D); i++)
		if (duration_ms(D[i].text) != D[i].ms)
			fail_msg("'%s' is %lld ms", D[i].text, (long long)duration_ms(D[i].text));
}

static const char *printed(void)
{
	static char out[4096];
	memset(out, 0, sizeof out);
	FILE *f = fmemopen(out, sizeof out, "w");
	settings_print(&S, f);
	fclose(f);
	return out;
}

TEST(printing_tells_the_source_and_hides_secrets)
{
	setenv("SIGNALBOX_DATABASE_URL", "postgresql://u:hunter2@host/db", 1);
	write_file(file, "timeout = 10s\n");
	assert_int_equal(LOAD("--concurrency=5"), 0);
	const char *out = printed();
	assert_null(strstr(out, "hunter2"));
	assert_non_null(strstr(out, "***"));
	assert_non_null(strstr(out, "# environment; where"));
	assert_non_null(strstr(out, "# default; how much"));
	assert_non_null(strstr(out, "# command line; how many"));
	assert_non_null(strstr(out, "10000ms"));
	assert_non_null(strstr(out, "# file; how long"));
	assert_string_equal(V.url, "postgresql://u:hunter2@host/db");
	unsetenv("SIGNALBOX_DATABASE_URL");
	assert_int_equal(LOAD(), 0);
	assert_null(strstr(printed(), "***"));
}

/* What a file or the environment holds is printed on an operator's terminal. */
TEST(printing_shows_no_control_as_it_is)
{
	setenv("SIGNALBOX_LOG_LEVEL",
	       "\x1b]0;owned\x07\xE2\x80\xAE"
	       "gpj\nx\xFF",
	       1);
	assert_int_equal(LOAD(), 0);
	assert_non_null(strstr(printed(), "^[]0;owned^G<U+202E>gpj^Jx<FF> # environment; how much\n"));
	unsetenv("SIGNALBOX_LOG_LEVEL");
}

TEST(no_password_on_the_command_line)
{
	refused(LOAD("--database-url", "host=x password=hunter2"), "--database-url");
	assert_null(strstr(E.msg, "hunter2"));
	refused(LOAD("--database-url=host=x password=hunter2"), "password does not belong");
	assert_null(strstr(E.msg, "hunter2"));
	assert_int_equal(LOAD("--database-url", "host=x"), 0);
}

/* The usual form of a URL has its password without the word. */
TEST(no_password_in_a_url_on_the_command_line)
{
	refused(LOAD("--database-url", "postgresql://u:hunter2@host/db"), "database-url");
	assert_null(strstr(E.msg, "hunter2"));
}

TEST(nearest_word)
{
	static const char *const WORDS[] = { "queue", "failed", "agents", "concurrency" };
	assert_string_equal(nearest("quee", WORDS, 4), "queue");
	assert_string_equal(nearest("failed", WORDS, 4), "failed");
	assert_string_equal(nearest("agent", WORDS, 4), "agents");
	assert_string_equal(nearest("concurence", WORDS, 4), "concurrency");
	assert_null(nearest("xyz", WORDS, 4));
	assert_null(nearest("queue", WORDS, 0));
	char wide[300];
	memset(wide, 'q', sizeof wide - 1);
	wide[sizeof wide - 1] = '\0';
	nearest(wide, WORDS, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(precedence, setup),
		cmocka_unit_test_setup(files, setup),
		cmocka_unit_test_setup(what_is_no_file_is_refused, setup),
		cmocka_unit_test_setup(a_nul_byte_is_refused, setup),
		cmocka_unit_test_setup(a_byte_order_mark_is_no_part_of_a_name, setup),
		cmocka_unit_test_setup(lines_and_files_have_a_length, setup),
		cmocka_unit_test_setup(printing_shows_no_control_as_it_is, setup),
		cmocka_unit_test_setup(unknown_names_get_a_suggestion, setup),
		cmocka_unit_test_setup(what_the_other_program_knows_is_accepted, setup),
		cmocka_unit_test_setup(words_are_taken_out_of_argv, setup),
		cmocka_unit_test_setup(ranges_and_kinds, setup),
		cmocka_unit_test(durations),
		cmocka_unit_test_setup(printing_tells_the_source_and_hides_secrets, setup),
		cmocka_unit_test_setup(no_password_on_the_command_line, setup),
		cmocka_unit_test_setup(no_password_in_a_url_on_the_command_line, setup),
		cmocka_unit_test(nearest_word),
	};
	const char *tmp = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
	char dir[40];
	snprintf(dir, sizeof dir, "%.20s/settingsXXXXXX", tmp);
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(file, sizeof file, "%s/signalbox.conf", dir);
	snprintf(user_file, sizeof user_file, "%s/user.conf", dir);
	int result = cmocka_run_group_tests_name("settings", tests, NULL, NULL);
	settings_free(&S);
	unlink(file);
	unlink(user_file);
	rmdir(dir);
	return result;
}
