/* signalbox: the command line, and without a command the console. */
#include <locale.h>
#include <signal.h>
#include <sys/resource.h>

#include "shared/version.h"
#include "tui/cli/cli.h"
#include "tui/i18n.h"

int main(int argc, char **argv)
{
	struct options options;
	struct err err;
	int code = EXIT_DONE;
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C"); /* numbers from and to the database */
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
	} else {
		code = EXIT_USAGE;
	}
	options_free(&options);
	return code;
}
