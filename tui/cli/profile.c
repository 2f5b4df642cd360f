/* What tools are told of a user: the captured context, field by field with its origin; and taking profiles over from a file. */
#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/i18n.h"

#define PROFILES_MAX (64u << 20) /* bytes of a file */

static int profile_import(struct cli *cli)
{
	struct str doc = STR("");
	struct rows r;
	int code = cli_options(cli, NULL, 0, 2, 2);
	if (code == 0)
		code = cli_read(cli, cli->argv[1], PROFILES_MAX, &doc);
	if (code != 0)
		return code;
	const char *params[] = { doc.ptr, cli->options->operator_name };
	code = cli_query(cli, sql_tui_profile_import, params, 2, &r);
	if (code == 0)
		printf(_("%s clients, %s mandates, %s ERPs\n"), rows_at(&r, 0, COL_PROFILE_IMPORT_CLIENTS),
		       rows_at(&r, 0, COL_PROFILE_IMPORT_MANDATES), rows_at(&r, 0, COL_PROFILE_IMPORT_ERPS));
	return code;
}

int cmd_profile(struct cli *cli)
{
	struct rows r;
	if (cli->argc > 0 && strcmp(cli->argv[0], "import") == 0)
		return profile_import(cli);
	int code = cli_options(cli, NULL, 0, 2, 2);
	const char *params[] = { cli->argv[0], cli->argv[1] };
	if (code == 0)
		code = cli_list(cli, sql_tui_profile, params, 2, &r);
	if (code != 0 || cli->json)
		return code;
	for (int i = 0; i < r.n_rows; i++)
		printf("%-24s %-40s %s\n", rows_at(&r, i, COL_PROFILE_FIELD),
		       cli_safe(cli, or_dash(rows_at(&r, i, COL_PROFILE_VALUE))), rows_at(&r, i, COL_PROFILE_ORIGIN));
	return EXIT_DONE;
}
