/* What a command leaves to a worker (signalbox.work): its end is waited for. */
#include <signal.h>
#include <unistd.h>

#include "shared/json.h"
#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/i18n.h"

#define POLL_USEC 50000

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

int cli_no_worker(struct cli *cli, const char *id)
{
	const char *params[] = { id, cli->options->operator_name };
	int code = id != NULL ? cli_query(cli, sql_tui_work_cancel, params, 2, NULL) : 0;
	if (code != 0)
		return code;
	fprintf(stderr, "signalbox: %s\n", _("no worker is alive, and this needs one: start signalbox-worker"));
	return EXIT_FAILED;
}

int cli_await_work(struct cli *cli, const char *id, const struct json **doc)
{
	const char *params[] = { id, cli->options->operator_name };
	bool is_tty = isatty(STDERR_FILENO);
	struct str state, error = STR("");
	struct rows r;
	struct err err;
	int64_t done, total, said = -1;
	signal(SIGINT, on_interrupt);
	for (int round = 0;; round++) {
		struct arena a = ARENA_INIT; /* of one poll; the final document is in cli->arena */
		int code = interrupted ? cli_query(cli, sql_tui_work_cancel, params, 2, NULL) : 0;
		if (code == 0)
			code = cli_query(cli, sql_tui_work_status, params, 1, &r);
		if (code != 0)
			return code;
		if (json_parse(&a, str_of(rows_at(&r, 0, COL_WORK_STATUS_DOC)), 64u << 20, doc, &err) < 0)
			return cli_error(&err, "work");
		bool is_open = json_str(*doc, "state", &state) && (str_eq(state, "queued") || str_eq(state, "running"));
		if (json_int(*doc, "done", &done) && json_int(*doc, "total", &total) && total > 1 && done != said && is_tty) {
			fprintf(stderr, "\r%lld of %lld", (long long)done, (long long)total);
			said = done;
		}
		if (!is_open) {
			fputs(said >= 0 ? "\n" : "", stderr);
			code = str_eq(state, "done") ? EXIT_DONE : EXIT_FAILED;
			json_str(*doc, "error", &error);
			if (code != EXIT_DONE)
				fprintf(stderr, "signalbox: %s: %s\n", state.ptr, cli_safe(cli, error.ptr));
			else if (json_parse(&cli->arena, str_of(rows_at(&r, 0, COL_WORK_STATUS_DOC)), 64u << 20, doc, &err) < 0)
				code = EXIT_FAILED;
			arena_release(&a);
			return code;
		}
		arena_release(&a);
		if (round % 20 == 19 && cli_workers_alive(cli) == 0)
			return cli_no_worker(cli, id);
		usleep(POLL_USEC);
	}
}
