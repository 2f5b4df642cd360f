/* Has a worker run code in its sandbox, and prints what it really wrote. */
#include <unistd.h>

#include "shared/json.h"
#include "shared/settings.h"
#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/i18n.h"

#define CODE_MAX (1u << 20)
#define SOON_USEC 100000 /* a worker that has just started may run code soon */
#define SOON_TRIES 30

/* What the name of a file says of its language; NULL: nothing. */
static const char *language_of(const char *path)
{
	static const struct {
		const char *end, *language;
	} ENDS[] = { { ".py", "python" }, { ".js", "javascript" }, { ".mjs", "javascript" }, { ".sh", "bash" }, { ".bash", "bash" } };
	size_t n = strlen(path);
	for (size_t i = 0; i < ARRAY_SIZE(ENDS); i++)
		if (n > strlen(ENDS[i].end) && strcmp(path + n - strlen(ENDS[i].end), ENDS[i].end) == 0)
			return ENDS[i].language;
	return NULL;
}

/* 0 if some worker runs code; else the exit code, after saying why not. */
static int need_runner(struct cli *cli)
{
	struct rows r;
	int code = cli_query(cli, sql_tui_exec_where, NULL, 0, &r);
	for (int i = 0; code == 0 && i < SOON_TRIES && rows_int(&r, 0, COL_EXEC_WHERE_N, 0) == 0 && rows_bool(&r, 0, COL_EXEC_WHERE_IS_SOON); i++) {
		usleep(SOON_USEC);
		code = cli_query(cli, sql_tui_exec_where, NULL, 0, &r);
	}
	if (code != 0 || rows_int(&r, 0, COL_EXEC_WHERE_N, 0) > 0)
		return code;
	if (rows_at(&r, 0, COL_EXEC_WHERE_WHY) == NULL)
		return cli_no_worker(cli, NULL);
	fprintf(stderr, "signalbox: %s: %s\n", _("no worker runs code"), cli_safe(cli, rows_at(&r, 0, COL_EXEC_WHERE_WHY)));
	return EXIT_FAILED;
}

static int show_run(struct cli *cli, const char *work)
{
	struct rows r;
	const char *params[] = { work };
	int code = cli_query(cli, sql_tui_exec_run, params, 1, &r);
	if (code != 0)
		return code;
	const char *verdict = or_dash(rows_at(&r, 0, COL_EXEC_RUN_VERDICT)), *output = rows_at(&r, 0, COL_EXEC_RUN_OUTPUT);
	bool is_ok = strcmp(verdict, "ok") == 0, is_error = strcmp(verdict, "error") == 0;
	if (cli->json) {
		cli_json(rows_at(&r, 0, COL_EXEC_RUN_DOC));
		return is_ok ? EXIT_DONE : EXIT_FAILED;
	}
	cli_answer(str_of(output), str_of(output).len);
	if (rows_bool(&r, 0, COL_EXEC_RUN_IS_CUT))
		fprintf(stderr, "signalbox: %s\n", _("the rest of its output was cut"));
	if (is_error)
		fprintf(stderr, _("signalbox: it ended with status %s\n"), or_dash(rows_at(&r, 0, COL_EXEC_RUN_EXIT_CODE)));
	else if (!is_ok)
		fprintf(stderr, "signalbox: %s: %s\n", verdict, cli_safe(cli, rows_at(&r, 0, COL_EXEC_RUN_WHY)));
	return is_ok ? EXIT_DONE : EXIT_FAILED;
}

int cmd_exec(struct cli *cli)
{
	const char *language = NULL, *limit = "10s";
	const struct cli_option options[] = { { "language", &language, NULL }, { "time-limit", &limit, NULL } };
	struct strbuf args = STRBUF_INIT(8u << 20);
	const struct json *doc;
	struct rows r;
	struct str text;
	int code = cli_options(cli, options, ARRAY_SIZE(options), 0, 1);
	if (code != 0)
		return code;
	const char *path = cli->argc > 0 ? cli->argv[0] : "-";
	int64_t ms = duration_ms(limit);
	if (ms <= 0)
		return cli_usage_error(_("--time-limit takes a duration such as 10s, not '%.40s'"), limit);
	if (language == NULL)
		language = language_of(path);
	if (language == NULL)
		language = "python";
	code = cli_read(cli, path, CODE_MAX, &text);
	if (code == 0)
		code = need_runner(cli);
	if (code != 0)
		return code;
	strbuf_char(&args, '{');
	json_put_field(&args, "language", language);
	json_put_int_field(&args, "timeout_ms", ms);
	json_put_key(&args, "code");
	json_put_str(&args, text);
	strbuf_char(&args, '}');
	const char *params[] = { strbuf_text(&args), cli->options->operator_name };
	code = cli_query(cli, sql_tui_exec_add, params, 2, &r);
	strbuf_release(&args);
	if (code != 0)
		return code;
	const char *work = rows_at(&r, 0, COL_EXEC_ADD_WORK);
	code = cli_await_work(cli, work, &doc);
	return code != 0 ? code : show_run(cli, work);
}
