#include "sql_embed.h"
#include "tui/cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/migrate.h"
#include "shared/settings.h"
#include "shared/utf8.h"
#include "shared/version.h"
#include "tui/i18n.h"

#define OPTIONS "-c statement_timeout=29s"
#define CONFLICTS_MAX 6 /* repetitions, the last after about 0.6 s */
#define CONNECT_MS 10000

const struct cli_command CLI_COMMANDS[] = {
#define COMMAND(name, args, help) { #name, args, help, cmd_##name },
#include "tui/cli/cli.def"
#undef COMMAND
};
const size_t N_CLI_COMMANDS = ARRAY_SIZE(CLI_COMMANDS);

void cli_usage(FILE *out)
{
	fprintf(out, "%s\n\n",
	        _("usage: signalbox [--config FILE] [--NAME VALUE]... [COMMAND [ARGUMENTS]]\n\nWithout a command: the console."));
	for (size_t i = 0; i < N_CLI_COMMANDS; i++)
		fprintf(out, "  %-10s %s\n  %-10s   %s\n", CLI_COMMANDS[i].name, CLI_COMMANDS[i].args, "",
		        _(CLI_COMMANDS[i].help));
	fprintf(out, "\n%s\n",
	        _("The console also takes --once [--view NAME] [--size WxH] [--filter F]: one frame as text.\n"
	          "--print-settings, --print-keys, --version, --help.\n"
	          "Exit: 0 done, 1 failed, 2 usage, 3 database out of reach, 4 not found, 5 refused."));
}

int cli_main(const struct options *options, int argc, char **argv)
{
	const char *words[32];
	struct cli cli = { .options = options, .argc = argc - 2, .argv = argv + 2 };
	for (size_t i = 0; i < N_CLI_COMMANDS; i++) {
		words[i] = CLI_COMMANDS[i].name;
		if (strcmp(argv[1], CLI_COMMANDS[i].name) != 0)
			continue;
		if (cli.argc == 1 && strcmp(cli.argv[0], "--help") == 0) {
			printf("usage: signalbox %s %s\n\n%s\n", CLI_COMMANDS[i].name, CLI_COMMANDS[i].args,
			       _(CLI_COMMANDS[i].help));
			return EXIT_DONE;
		}
		int code = CLI_COMMANDS[i].run(&cli);
		pg_close(cli.pg);
		arena_release(&cli.arena);
		return fflush(stdout) != 0 && code == EXIT_DONE ? EXIT_FAILED : code;
	}
	const char *near = nearest(argv[1], words, N_CLI_COMMANDS);
	if (near != NULL)
		return cli_usage_error(_("no command is called '%.60s'; did you mean '%s'?"), argv[1], near);
	return cli_usage_error(_("no command is called '%.60s'; see signalbox --help"), argv[1]);
}

int cli_usage_error(const char *fmt, ...)
{
	char line[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	struct strbuf safe = STRBUF_INIT(8192);
	utf8_safe(&safe, str_of(line), false);
	fprintf(stderr, "signalbox: %s\n", strbuf_text(&safe));
	strbuf_release(&safe);
	return EXIT_USAGE;
}

int cli_error(const struct err *err, const char *what)
{
	struct strbuf safe = STRBUF_INIT(8192);
	utf8_safe(&safe, str_of(err->msg), false);
	fflush(stdout);
	fprintf(stderr, "signalbox: %s%s%s\n", what, what[0] != '\0' ? ": " : "", strbuf_text(&safe));
	strbuf_release(&safe);
	switch (err->code) {
	case ERR_DB_DOWN:
	case ERR_DB_TIMEOUT:
		return EXIT_NO_DB;
	case ERR_NOT_FOUND:
		return EXIT_NOT_FOUND;
	case ERR_REFUSED:
	case ERR_CONFLICT:
		return EXIT_REFUSED;
	case ERR_BAD_INPUT:
	case ERR_TOO_BIG:
		return EXIT_USAGE;
	default:
		return EXIT_FAILED;
	}
}

/* Adds the values of "a,b" to an array. */
static void add_values(struct strbuf *array, const char *values)
{
	for (const char *p = values; *p != '\0';) {
		size_t len = strcspn(p, ",");
		char *one = must_have(strndup(p, len));
		if (len > 0)
			pg_array_add(array, one);
		free(one);
		p += len + (p[len] == ',');
	}
}

const char *cli_number(double d, char buf[static 32])
{
	int n = snprintf(buf, 32, "%.12f", d);
	if (n >= 32) { /* no amount of ours is so large */
		snprintf(buf, 32, "%.12g", d);
		return buf;
	}
	while (n > 1 && buf[n - 1] == '0')
		buf[--n] = '\0';
	if (buf[n - 1] == '.')
		buf[n - 1] = '\0';
	return buf;
}

int cli_values(struct cli *cli, const char *name, struct strbuf *array)
{
	int out = 0;
	size_t len = strlen(name);
	for (int i = 0; i < cli->argc; i++) {
		char *word = cli->argv[i];
		if (strncmp(word, "--", 2) != 0 || strncmp(word + 2, name, len) != 0 || (word[2 + len] != '\0' && word[2 + len] != '=')) {
			cli->argv[out++] = word;
			continue;
		}
		if (word[2 + len] == '\0' && i + 1 >= cli->argc)
			return cli_usage_error(_("'%.60s' needs a value"), word);
		add_values(array, word[2 + len] == '=' ? word + 3 + len : cli->argv[++i]);
	}
	if (array->len > 0)
		pg_array_end(array);
	cli->argc = out;
	return 0;
}

int cli_options(struct cli *cli, const struct cli_option *options, size_t n, int min_words, int max_words)
{
	int out = 0;
	for (int i = 0; i < cli->argc; i++) {
		const char *word = cli->argv[i], *names[16] = { "json" };
		size_t k = 0;
		if (strcmp(word, "--") == 0) {
			while (++i < cli->argc)
				cli->argv[out++] = cli->argv[i];
			break;
		}
		if (strncmp(word, "--", 2) != 0) {
			cli->argv[out++] = cli->argv[i];
			continue;
		}
		if (strcmp(word, "--json") == 0) {
			cli->json = true;
			continue;
		}
		const char *eq = strchr(word, '=');
		size_t len = (eq != NULL ? (size_t)(eq - word) : strlen(word)) - 2;
		for (; k < n; k++) {
			names[k + 1] = options[k].name;
			if (strlen(options[k].name) == len && strncmp(options[k].name, word + 2, len) == 0)
				break;
		}
		if (k == n) {
			char setting[64];
			const char *near = nearest(word + 2, names, n + 1);
			if (near == NULL)
				near = settings_nearest(&cli->options->source, word + 2, setting);
			return near != NULL ? cli_usage_error(_("unknown option '%.60s'; did you mean '--%s'?"), word, near)
			                    : cli_usage_error(_("unknown option '%.60s'"), word);
		}
		if (options[k].flag != NULL) {
			*options[k].flag = true;
		} else {
			if (eq == NULL && i + 1 >= cli->argc)
				return cli_usage_error(_("'%.60s' needs a value"), word);
			*options[k].value = eq != NULL ? eq + 1 : cli->argv[++i];
		}
	}
	cli->argc = out;
	if (out < min_words)
		return cli_usage_error("%s", _("an argument is missing; see --help"));
	if (out > max_words)
		return cli_usage_error(_("one argument too many: '%.60s'"), cli->argv[max_words]);
	return 0;
}

int cli_connect(struct cli *cli)
{
	struct err err;
	if (cli->pg != NULL)
		return 0;
	if (pg_connect_any(&cli->pg, cli->options->database_url, "signalbox", OPTIONS, CONNECT_MS, &err) < 0)
		return cli_error(&err, _("database"));
	if (migrate_check(cli->pg, &err) < 0)
		return cli_error(&err, _("database"));
	return 0;
}

int cli_try(struct cli *cli, const char *sql, const char *const *params, int n, struct rows *out, struct err *err)
{
	struct pg *writer = NULL;
	struct err ignored;
	int result = pg_exec(cli->pg, &cli->arena, sql, params, n, CLI_TIMEOUT_MS, out, err);
	for (int i = 0; result < 0 && err->code == ERR_DB_CONFLICT && i < CONFLICTS_MAX; i++) {
		usleep((useconds_t)clock_jitter((20 << i) * USEC_PER_MSEC));
		result = pg_exec(cli->pg, &cli->arena, sql, params, n, CLI_TIMEOUT_MS, out, err);
	}
	if (result == 0 || err->code != ERR_DB_DOWN || !pg_refused_write(cli->pg))
		return result;
	err->code = ERR_REFUSED;
	if (pg_connect(&writer, cli->options->database_url, "signalbox", OPTIONS, CONNECT_MS, &ignored) < 0)
		return -1;
	pg_close(cli->pg);
	cli->pg = writer;
	return pg_exec(cli->pg, &cli->arena, sql, params, n, CLI_TIMEOUT_MS, out, err);
}

int cli_query(struct cli *cli, const char *sql, const char *const *params, int n, struct rows *out)
{
	struct err err;
	int code = cli_connect(cli);
	if (code != 0)
		return code;
	if (cli_try(cli, sql, params, n, out, &err) < 0)
		return cli_error(&err, "");
	return 0;
}

int cli_message(struct cli *cli, const char *word, const char **uuid)
{
	struct rows r;
	struct err err;
	size_t n = strlen(word);
	if (!str_is_uuid(word) && (n == 0 || n > 18 || strspn(word, "0123456789") != n)) {
		err_set(&err, ERR_BAD_INPUT, "'%.60s' is neither an ID of the lists nor a UUID", word);
		return cli_error(&err, "");
	}
	int code = cli_query(cli, sql_tui_message_find, &word, 1, &r);
	if (code != 0)
		return code;
	if (r.n_rows == 0 || rows_at(&r, 0, COL_MESSAGE_FIND_MESSAGE) == NULL) {
		err_set(&err, ERR_NOT_FOUND, "no message %.60s", word);
		return cli_error(&err, "");
	}
	*uuid = rows_at(&r, 0, COL_MESSAGE_FIND_MESSAGE);
	return 0;
}

int cli_read(struct cli *cli, const char *path, size_t cap, struct str *out)
{
	bool is_stdin = strcmp(path, "-") == 0;
	const char *name = is_stdin ? _("standard input") : path;
	FILE *f = is_stdin ? stdin : fopen(path, "re");
	struct strbuf b = { .cap = cap };
	char piece[8192];
	int code = 0;
	while (f != NULL && !b.broken) {
		size_t n = fread(piece, 1, sizeof piece, f);
		if (n == 0)
			break;
		strbuf_add(&b, piece, n);
	}
	if (f == NULL || ferror(f))
		code = cli_usage_error(_("cannot read %.200s: %s"), name, strerror(errno));
	else if (b.broken)
		code = cli_usage_error(_("%.200s is over %zu bytes"), name, cap);
	else if (!utf8_valid((struct str){ strbuf_text(&b), b.len }))
		code = cli_usage_error(_("%.200s is not valid UTF-8, or holds a NUL"), name);
	else
		*out = (struct str){ arena_dup(&cli->arena, strbuf_text(&b), b.len), b.len };
	if (f != NULL && !is_stdin)
		fclose(f);
	strbuf_release(&b);
	return code;
}

void cli_text(const char *text, bool lines)
{
	struct strbuf safe = STRBUF_INIT(64u << 20);
	utf8_safe(&safe, str_of(text), lines);
	fwrite(strbuf_text(&safe), 1, safe.len, stdout);
	strbuf_release(&safe);
}

void cli_answer(struct str text, size_t len)
{
	struct strbuf safe = STRBUF_INIT(64u << 20);
	if (!isatty(STDOUT_FILENO)) {
		fwrite(text.ptr, 1, len, stdout);
		return;
	}
	utf8_safe_to(&safe, text, len, true);
	fwrite(strbuf_text(&safe), 1, safe.len, stdout);
	strbuf_release(&safe);
}

/* PostgreSQL escapes C0 controls; other characters that can control a terminal are escaped here.
 * All of them are inside JSON strings. */
void cli_json(const char *text)
{
	const char *at = text, *end = text + strlen(text);
	while (at < end) {
		struct glyph g;
		unsigned c;
		const char *next = utf8_glyph(at, end, false, &g);
		if ((unsigned char)*at >= 0x7F && g.is_escape && sscanf(g.text, "<U+%X>", &c) == 1) {
			if (c > 0xFFFF)
				printf("\\u%04x\\u%04x", 0xD800 + ((c - 0x10000) >> 10), 0xDC00 + ((c - 0x10000) & 0x3FF));
			else
				printf("\\u%04x", c);
		} else if (*at == 0x7F) {
			printf("\\u007f");
		} else {
			fwrite(at, 1, (size_t)(next - at), stdout);
		}
		at = next;
	}
	putchar('\n');
}

const char *cli_safe(struct cli *cli, const char *text)
{
	struct strbuf safe = STRBUF_INIT(64u << 20);
	utf8_safe(&safe, str_of(text), false);
	const char *out = arena_dup(&cli->arena, strbuf_text(&safe), safe.len);
	strbuf_release(&safe);
	return out;
}

static const char *cli_fit(struct cli *cli, const char *text, int width, bool fill)
{
	struct strbuf cell = STRBUF_INIT(4096);
	const char *at = cli_safe(cli, text), *end = at + strlen(at);
	int used = 0, whole = utf8_width(str_of(at));
	while (at < end) {
		struct glyph g;
		const char *next = utf8_glyph(at, end, false, &g);
		if (used + g.width > (whole > width ? width - 1 : width))
			break;
		strbuf_add(&cell, at, (size_t)(next - at));
		used += g.width;
		at = next;
	}
	if (whole > width) {
		strbuf_str(&cell, "…");
		used++;
	}
	for (; fill && used < width; used++)
		strbuf_char(&cell, ' ');
	const char *out = arena_dup(&cli->arena, strbuf_text(&cell), cell.len);
	strbuf_release(&cell);
	return out;
}

const char *cli_cell(struct cli *cli, const char *text, int width)
{
	return cli_fit(cli, text, width, true);
}

const char *cli_cut(struct cli *cli, const char *text, int width)
{
	return cli_fit(cli, text, width, false);
}

int cli_list(struct cli *cli, const char *sql, const char *const *params, int n, struct rows *out)
{
	if (!cli->json)
		return cli_query(cli, sql, params, n, out);
	const char *wrapped = arena_strf(&cli->arena, "select coalesce(json_agg(x), '[]') from (%s) x", sql);
	int code = cli_query(cli, wrapped, params, n, out);
	if (code == 0)
		cli_json(rows_at(out, 0, 0));
	return code;
}

int cli_workers_alive(struct cli *cli)
{
	struct rows r;
	if (cli_query(cli, sql_tui_fleet, NULL, 0, &r) != 0)
		return -1;
	return (int)rows_int(&r, 0, COL_FLEET_WORKERS, 0);
}
