/* SLUG set KEY=VALUE..., and SLUG alone: the common part of the commands agent, provider and tool. */
#include "shared/json.h"
#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/i18n.h"

#define VALUE_MAX (1u << 20) /* bytes of a file */

/* Writes a value: null where it is empty, the file's text for @FILE. Not 0: the exit code after an error. */
static int put_value(struct cli *cli, struct strbuf *b, const char *value)
{
	struct str text = str_of(value);
	int code = value[0] == '@' ? cli_read(cli, value + 1, VALUE_MAX, &text) : 0;
	if (value[0] == '\0')
		strbuf_str(b, "null");
	else
		json_put_str(b, text);
	return code;
}

/* Converts the words KEY=VALUE to a JSON object; an empty value becomes null. NULL with *code after
 * an error. */
static const char *changes(struct cli *cli, int from, int *code)
{
	struct strbuf b = STRBUF_INIT(4u << 20);
	strbuf_char(&b, '{');
	for (int i = from; i < cli->argc; i++) {
		const char *eq = strchr(cli->argv[i], '=');
		if (eq == NULL) {
			*code = cli_usage_error(_("expected KEY=VALUE, not '%.60s'"), cli->argv[i]);
			strbuf_release(&b);
			return NULL;
		}
		if (i > from)
			strbuf_char(&b, ',');
		json_put_str(&b, (struct str){ cli->argv[i], (size_t)(eq - cli->argv[i]) });
		strbuf_char(&b, ':');
		*code = put_value(cli, &b, eq + 1);
		if (*code != 0) {
			strbuf_release(&b);
			return NULL;
		}
	}
	strbuf_char(&b, '}');
	const char *text = arena_dup(&cli->arena, strbuf_text(&b), b.len);
	strbuf_release(&b);
	return text;
}

int cli_set_or_show(struct cli *cli, const char *what, const char *set_sql, const char *show_sql, const struct json **doc)
{
	struct rows r;
	struct err err;
	*doc = NULL;
	int code = cli_options(cli, NULL, 0, 1, 100);
	if (code != 0)
		return code;
	const char *slug = cli->argv[0];
	if (cli->argc > 1) {
		if (strcmp(cli->argv[1], "set") != 0 || cli->argc < 3)
			return cli_usage_error(_("usage: signalbox %s SLUG set KEY=VALUE..."), what);
		const char *json = changes(cli, 2, &code);
		if (json == NULL)
			return code;
		const char *params[] = { slug, json, cli->options->operator_name };
		if ((code = cli_query(cli, set_sql, params, 3, NULL)) != 0)
			return code;
	}
	const char *params[] = { slug };
	if ((code = cli_query(cli, show_sql, params, 1, &r)) != 0)
		return code;
	if (r.n_rows == 0) {
		err_set(&err, ERR_NOT_FOUND, "no %s is called '%.60s'", what, slug);
		return cli_error(&err, "");
	}
	if (cli->json)
		cli_json(rows_at(&r, 0, COL_SHOW_AGENT_DOC)); /* show_provider.sql, show_tool.sql: same column */
	else if (json_parse(&cli->arena, str_of(rows_at(&r, 0, COL_SHOW_AGENT_DOC)), 8u << 20, doc, &err) < 0)
		return cli_error(&err, what);
	return EXIT_DONE;
}

const char *cli_value(struct cli *cli, const struct json *doc, const char *key)
{
	struct str s;
	double d;
	char number[32];
	if (json_str(doc, key, &s))
		return s.ptr;
	return json_double(doc, key, &d) ? arena_strf(&cli->arena, "%s", cli_number(d, number)) : NULL;
}
