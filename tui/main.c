/* signalbox: the command line, and without a command the console. */
#include <locale.h>
#include <signal.h>
#include <sys/resource.h>

#include "shared/version.h"
#include "tui/app.h"
#include "tui/cli/cli.h"
#include "tui/command.h"
#include "tui/i18n.h"

/* Runs the console, or prints one frame of it. */
static int console(const struct options *options, int argc, char **argv)
{
	const char *view = NULL, *size = NULL, *filter = NULL;
	bool once = false;
	struct cli cli = { .options = options, .argc = argc - 1, .argv = argv + 1 };
	const struct cli_option known[] = {
		{ "once", NULL, &once }, { "view", &view, NULL }, { "size", &size, NULL }, { "filter", &filter, NULL }
	};
	int code = cli_options(&cli, known, ARRAY_SIZE(known), 0, 0);
	if (code != 0)
		return code;
	return once ? app_once(options, view, size, filter) : app_run(options);
}

int main(int argc, char **argv)
{
	struct options options;
	struct err err;
	int code = EXIT_DONE;
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C"); /* for numbers from and to the database */
	bindtextdomain("signalbox", LOCALE_DIR);
	textdomain("signalbox");
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	signal(SIGPIPE, SIG_DFL);
	if (options_load(&options, &argc, argv, &err) < 0) {
		code = cli_error(&err, "");
	} else if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		cli_usage(stdout);
	} else if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("signalbox " SIGNALBOX_VERSION);
	} else if (argc > 1 && strcmp(argv[1], "--print-settings") == 0) {
		settings_print(&options.source, stdout);
	} else if (argc > 1 && argv[1][0] != '-') {
		code = cli_main(&options, argc, argv);
	} else if (argc > 1 && strcmp(argv[1], "--print-keys") == 0) {
		command_print_keys(stdout);
	} else {
		code = console(&options, argc, argv);
	}
	options_free(&options);
	return code;
}
