/* Money: what was spent, and the prices it is computed with. */
#include <stdlib.h>

#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/format.h"
#include "tui/i18n.h"

#define LIST_MAX (32u << 20) /* bytes of a price list */

int cmd_costs(struct cli *cli)
{
	const char *by = "agent", *since = "30d";
	const struct cli_option options[] = { { "by", &by, NULL }, { "since", &since, NULL } };
	char cost[FORMAT_MAX];
	struct rows r;
	int code = cli_options(cli, options, ARRAY_SIZE(options), 0, 0);
	const char *params[] = { since, by };
	if (code == 0)
		code = cli_list(cli, sql_tui_list_costs, params, 2, &r);
	if (code != 0 || cli->json)
		return code;
	if (r.n_rows == 0) {
		printf(_("nothing was spent since %s\n"), since);
		return EXIT_DONE;
	}
	printf("%-32s %8s %12s %10s %10s %12s %s\n", by, _("CALLS"), _("INPUT"), _("CACHED"), _("OUTPUT"), _("COST"), "");
	for (int i = 0; i < r.n_rows; i++) {
		int64_t unknown = rows_int(&r, i, COL_LIST_COSTS_UNKNOWN, 0),
			estimated = rows_int(&r, i, COL_LIST_COSTS_ESTIMATED, 0);
		printf("%-32.32s %8s %12s %10s %10s %12s", cli_safe(cli, or_dash(rows_at(&r, i, COL_LIST_COSTS_KEY))),
		       rows_at(&r, i, COL_LIST_COSTS_CALLS), or_dash(rows_at(&r, i, COL_LIST_COSTS_TOKENS_INPUT)),
		       or_dash(rows_at(&r, i, COL_LIST_COSTS_TOKENS_CACHED)),
		       or_dash(rows_at(&r, i, COL_LIST_COSTS_TOKENS_OUTPUT)),
		       rows_at(&r, i, COL_LIST_COSTS_COST_USD) != NULL ? format_usd(rows_at(&r, i, COL_LIST_COSTS_COST_USD), cost)
		                                                       : _("unknown"));
		if (unknown > 0 && rows_at(&r, i, COL_LIST_COSTS_COST_USD) != NULL)
			printf(_(" + %lld of unknown price"), (long long)unknown);
		if (estimated > 0)
			printf(_(" (%lld estimated)"), (long long)estimated);
		putchar('\n');
	}
	return EXIT_DONE;
}

/* Prints by reason: entries that were left out, then fields of imported entries that are not used
 * for billing. */
static void say_left_out(struct cli *cli, const struct rows *r)
{
	bool is_field = false;
	for (int i = 0; i < r->n_rows && rows_at(r, i, COL_PRICES_IMPORT_WHAT) != NULL; i++) {
		const char *what = rows_at(r, i, COL_PRICES_IMPORT_WHAT),
			   *names = cli_safe(cli, rows_at(r, i, COL_PRICES_IMPORT_NAMES));
		if (strcmp(what, "entry") == 0) {
			printf("%7s  %s: %s\n", rows_at(r, i, COL_PRICES_IMPORT_N),
			       cli_safe(cli, rows_at(r, i, COL_PRICES_IMPORT_REASON)), names);
			continue;
		}
		if (!is_field)
			printf("%s\n", _("imported, but not billed by:"));
		is_field = true;
		printf("%7s  %s (%s): %s\n", rows_at(r, i, COL_PRICES_IMPORT_N), cli_safe(cli, what),
		       cli_safe(cli, rows_at(r, i, COL_PRICES_IMPORT_REASON)), names);
	}
}

static int import(struct cli *cli)
{
	const char *from = NULL, *vendor = NULL, *provider = NULL, *source = NULL;
	const struct cli_option options[] = {
		{ "from", &from, NULL }, { "vendor", &vendor, NULL }, { "provider", &provider, NULL }, { "source", &source, NULL }
	};
	struct rows r;
	int code = cli_options(cli, options, ARRAY_SIZE(options), 2, 2);
	struct str list = STR("");
	if (code == 0)
		code = cli_read(cli, cli->argv[1], LIST_MAX, &list);
	if (code != 0)
		return code;
	const char *params[] = { list.ptr, source != NULL ? source : cli->argv[1],
		                 from,     vendor,
		                 provider, cli->options->operator_name };
	code = cli_query(cli, sql_tui_prices_import, params, ARRAY_SIZE(params), &r);
	if (code != 0)
		return code;
	if (cli->json) {
		printf("{\"imported\":%s,\"passed_over\":%s,\"left_out\":", rows_at(&r, 0, COL_PRICES_IMPORT_IMPORTED),
		       rows_at(&r, 0, COL_PRICES_IMPORT_PASSED_OVER));
		cli_json(rows_at(&r, 0, COL_PRICES_IMPORT_LEFT_OUT));
		printf("}\n");
		return EXIT_DONE;
	}
	printf(_("%s imported, %s left out\n"), rows_at(&r, 0, COL_PRICES_IMPORT_IMPORTED),
	       rows_at(&r, 0, COL_PRICES_IMPORT_PASSED_OVER));
	say_left_out(cli, &r);
	return EXIT_DONE;
}

/* Computes costs again, in batches; each batch is a short transaction of its own. */
static int apply(struct cli *cli)
{
	const char *since = "30d";
	bool everything = false, yes = false;
	const struct cli_option options[] = { { "since", &since, NULL }, { "all", NULL, &everything }, { "yes", NULL, &yes } };
	int code = cli_options(cli, options, ARRAY_SIZE(options), 1, 1);
	const char *after = "0";
	int64_t n = 0;
	double change = 0;
	while (code == 0 && after != NULL) {
		struct rows r;
		const char *params[] = { since, everything ? "t" : "f", after, yes ? "t" : "f", cli->options->operator_name };
		code = cli_query(cli, sql_tui_reprice, params, ARRAY_SIZE(params), &r);
		if (code == 0) {
			n += rows_int(&r, 0, COL_REPRICE_N, 0);
			change += rows_double(&r, 0, COL_REPRICE_CHANGE_USD, 0);
			after = rows_at(&r, 0, COL_REPRICE_UPTO);
		}
	}
	if (code != 0)
		return code;
	if (cli->json)
		printf("{\"calls\":%lld,\"change_usd\":%.9f,\"done\":%s}\n", (long long)n, change, yes ? "true" : "false");
	else
		printf(yes ? _("%lld calls priced again, %+.6f USD\n")
		           : _("%lld calls would be priced again, %+.6f USD; --yes does it\n"),
		       (long long)n, change);
	return EXIT_DONE;
}

static int list(struct cli *cli)
{
	static const struct {
		int column;
		const char *name;
	} MORE[] = { { COL_LIST_PRICES_CACHE_WRITE_USD, "write" },
		     { COL_LIST_PRICES_CACHE_WRITE_1H_USD, "1h" },
		     { COL_LIST_PRICES_REASONING_USD, "reasoning" },
		     { COL_LIST_PRICES_AUDIO_IN_USD, "audio" },
		     { COL_LIST_PRICES_AUDIO_OUT_USD, "audio-out" } };
	struct rows r;
	int code = cli_options(cli, NULL, 0, 0, 1);
	const char *params[] = { cli->argc > 0 ? cli->argv[0] : NULL };
	if (code == 0)
		code = cli_list(cli, sql_tui_list_prices, params, 1, &r);
	if (code != 0 || cli->json)
		return code;
	if (r.n_rows == 0)
		printf("%s\n", _("no price is known: signalbox prices import FILE"));
	else
		printf("%-32s %-12s %-10s %10s %10s %10s  %s\n", _("MODEL"), _("PROVIDER"), _("FROM"), _("INPUT/M"),
		       _("CACHED/M"), _("OUTPUT/M"), _("SOURCE"));
	for (int i = 0; i < r.n_rows; i++) {
		const char *tier = rows_at(&r, i, COL_LIST_PRICES_TIER), *above = rows_at(&r, i, COL_LIST_PRICES_ABOVE);
		if (tier == NULL && above == NULL)
			printf("%-32.32s %-12s %-10s", cli_safe(cli, rows_at(&r, i, COL_LIST_PRICES_MODEL)),
			       cli_safe(cli, rows_at(&r, i, COL_LIST_PRICES_PROVIDER)),
			       rows_at(&r, i, COL_LIST_PRICES_VALID_FROM));
		else /* a tier or a threshold of the model above */
			printf("  %-54s", arena_strf(&cli->arena, "%s%s%s%s", tier != NULL ? cli_safe(cli, tier) : "",
			                             tier != NULL && above != NULL ? " " : "", above != NULL ? _("above ") : "",
			                             above != NULL ? above : ""));
		printf(" %10s %10s %10s", rows_at(&r, i, COL_LIST_PRICES_INPUT_USD),
		       or_dash(rows_at(&r, i, COL_LIST_PRICES_CACHED_USD)),
		       rows_at(&r, i, COL_LIST_PRICES_OUTPUT_USD) != NULL ? rows_at(&r, i, COL_LIST_PRICES_OUTPUT_USD)
		                                                          : _("unknown"));
		for (int k = 0; k < (int)ARRAY_SIZE(MORE); k++)
			if (rows_at(&r, i, MORE[k].column) != NULL)
				printf("  %s %s", MORE[k].name, rows_at(&r, i, MORE[k].column));
		printf(tier == NULL && above == NULL ? "  %s\n" : "\n", cli_safe(cli, rows_at(&r, i, COL_LIST_PRICES_SOURCE)));
	}
	return EXIT_DONE;
}

int cmd_prices(struct cli *cli)
{
	if (cli->argc > 0 && strcmp(cli->argv[0], "import") == 0)
		return import(cli);
	if (cli->argc > 0 && strcmp(cli->argv[0], "apply") == 0)
		return apply(cli);
	return list(cli);
}
