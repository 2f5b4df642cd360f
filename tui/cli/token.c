/* Tokens of the HTTP interface: made, listed, revoked. The token is shown once; the database has only its SHA-256. */
#include "shared/digest.h"
#include "shared/settings.h"
#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/i18n.h"

#define TOKEN_PREFIX "sbx_" /* so that a token that lies about is recognised as one */
#define LIST_MAX 65536

/* The text of an array without its braces; `none` for NULL. */
static const char *array_text(struct cli *cli, const char *array, const char *none)
{
	size_t n = array != NULL ? strlen(array) : 0;
	return array == NULL ? none : cli_safe(cli, arena_strf(&cli->arena, "%.*s", (int)(n >= 2 ? n - 2 : 0), array + 1));
}

static int token_list(struct cli *cli)
{
	struct rows r;
	int code = cli_options(cli, NULL, 0, 1, 1);
	if (code == 0)
		code = cli_list(cli, sql_tui_list_tokens, NULL, 0, &r);
	if (code != 0 || cli->json)
		return code;
	if (r.n_rows == 0)
		printf("%s\n", _("there is no token: signalbox token create --agent A --scope dispatch,read"));
	else
		printf("%4s %-7s %-7s %-10s %-14s %-20s %s\n", "ID", "STATE", "LAST 4", "EXPIRES", "AGENTS", "SCOPES", "NAME");
	for (int i = 0; i < r.n_rows; i++)
		printf("%4s %-7s ...%-4s %-10.10s %s %s %s%s\n", rows_at(&r, i, COL_LIST_TOKENS_ID),
		       rows_at(&r, i, COL_LIST_TOKENS_STATE), cli_cut(cli, rows_at(&r, i, COL_LIST_TOKENS_HINT), 4),
		       or_dash(rows_at(&r, i, COL_LIST_TOKENS_EXPIRES_AT)),
		       cli_cell(cli, array_text(cli, rows_at(&r, i, COL_LIST_TOKENS_AGENTS), "*"), 14),
		       cli_cell(cli, array_text(cli, rows_at(&r, i, COL_LIST_TOKENS_SCOPES), ""), 20),
		       cli_safe(cli, rows_at(&r, i, COL_LIST_TOKENS_NAME)),
		       rows_bool(&r, i, COL_LIST_TOKENS_IS_PUBLIC) ? _(" (public)") : "");
	return EXIT_DONE;
}

static int token_revoke(struct cli *cli)
{
	struct rows r;
	struct err err;
	int code = cli_options(cli, NULL, 0, 2, 2);
	if (code != 0)
		return code;
	const char *id = cli->argv[1], *params[] = { id, cli->options->operator_name };
	if (id[strspn(id, "0123456789")] != '\0' || strlen(id) > 9)
		return cli_usage_error(_("a token is revoked by its number, see signalbox token list; '%.40s' is none"), id);
	code = cli_connect(cli);
	if (code != 0)
		return code;
	if (cli_try(cli, sql_tui_token_revoke, params, 2, &r, &err) < 0)
		return cli_error(&err, "");
	if (cli->json)
		cli_json(rows_at(&r, 0, COL_TOKEN_REVOKE_DOC));
	else
		printf(_("token %s is revoked\n"), id);
	return EXIT_DONE;
}

struct wanted {
	const char *name, *user, *collection, *thread, *sign, *expires;
	struct strbuf agents, scopes, origins;
	bool is_public;
};

/* NULL: the option was not given. */
static const char *list_or_null(const struct strbuf *list)
{
	return list->len > 0 ? strbuf_text(list) : NULL;
}

static int token_make(struct cli *cli, struct wanted *w)
{
	char secret[44], token[60], hash[65], lives[32];
	struct rows r;
	struct err err;
	int64_t ms = w->expires != NULL ? duration_ms(w->expires) : 0;
	if (ms < 0)
		return cli_usage_error(_("--expires takes a duration such as 90d, not '%.40s'"), w->expires);
	if (w->scopes.len == 0)
		return cli_usage_error("%s", _("--scope says what the token is for: dispatch,read,stream,cancel,retry,..."));
	digest_secret(secret);
	snprintf(token, sizeof token, TOKEN_PREFIX "%s", secret);
	digest_sha256(str_of(token), hash);
	snprintf(lives, sizeof lives, "%lld ms", (long long)ms);
	const char *params[] = { w->name,       hash,      token + strlen(token) - 4,
		                 list_or_null(&w->agents), list_or_null(&w->scopes), w->is_public ? "t" : "f",
		                 w->user,       w->collection, w->thread, w->sign,
		                 list_or_null(&w->origins), w->expires != NULL ? lives : NULL, cli->options->operator_name };
	int code = cli_connect(cli);
	if (code != 0)
		return code;
	if (cli_try(cli, sql_tui_token_create, params, ARRAY_SIZE(params), &r, &err) < 0)
		return cli_error(&err, "");
	if (cli->json) {
		const char *doc = rows_at(&r, 0, COL_TOKEN_CREATE_DOC);
		cli_json(arena_strf(&cli->arena, "{\"token\": \"%s\", %s", token, doc + 1));
		return EXIT_DONE;
	}
	printf("%s\n", token);
	fprintf(stderr, _("this is token %s; it is shown only now\n"), rows_at(&r, 0, COL_TOKEN_CREATE_ID));
	return EXIT_DONE;
}

static int token_create(struct cli *cli)
{
	struct wanted w = { .agents = STRBUF_INIT(LIST_MAX), .scopes = STRBUF_INIT(LIST_MAX), .origins = STRBUF_INIT(LIST_MAX) };
	const struct cli_option options[] = { { "name", &w.name, NULL },     { "user", &w.user, NULL },
		                              { "collection", &w.collection, NULL }, { "thread", &w.thread, NULL },
		                              { "sign-env", &w.sign, NULL }, { "expires", &w.expires, NULL }, { "public", NULL, &w.is_public } };
	int code = cli_values(cli, "agent", &w.agents);
	if (code == 0)
		code = cli_values(cli, "scope", &w.scopes);
	if (code == 0)
		code = cli_values(cli, "origin", &w.origins);
	if (code == 0)
		code = cli_options(cli, options, ARRAY_SIZE(options), 1, 1);
	if (code == 0)
		code = token_make(cli, &w);
	strbuf_release(&w.agents);
	strbuf_release(&w.scopes);
	strbuf_release(&w.origins);
	return code;
}

int cmd_token(struct cli *cli)
{
	const char *what = cli->argc > 0 ? cli->argv[0] : "";
	if (strcmp(what, "create") == 0)
		return token_create(cli);
	if (strcmp(what, "list") == 0)
		return token_list(cli);
	if (strcmp(what, "revoke") == 0)
		return token_revoke(cli);
	return cli_usage_error("%s", _("token create --scope S [--agent A], token list, or token revoke ID"));
}
