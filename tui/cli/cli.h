#pragma once
/*
 * The command line: one function per command, which prints what the same SQL says that the console shows. Answers go to stdout, words to
 * the operator to stderr. Text from outside is made visible before it is printed; with --json it is JSON with every control escaped. Only the
 * answer of a message leaves byte for byte, where standard output is no terminal: a file gets what the model said.
 */
#include "shared/arena.h"
#include "shared/err.h"
#include "shared/pg.h"
#include "shared/str.h"
#include "tui/options.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_DB = 3, EXIT_NOT_FOUND = 4, EXIT_REFUSED = 5 };

#define CLI_TIMEOUT_MS 30000

struct cli {
	const struct options *options;
	struct arena arena;
	struct pg *pg; /* connected on first use */
	int argc;      /* words after the command */
	char **argv;
	bool json;
};

struct cli_command {
	const char *name, *args, *help;
	int (*run)(struct cli *);
};
extern const struct cli_command CLI_COMMANDS[];
extern const size_t N_CLI_COMMANDS;

/* Runs argv[1…]. Answers the exit code. */
int cli_main(const struct options *, int argc, char **argv);
void cli_usage(FILE *);

/* Options of one command: "--name" with a value into *value, or a flag into *flag. Takes them out of argc/argv; "--json" is always known. */
struct cli_option {
	const char *name;
	const char **value;
	bool *flag;
};
/* 0, or EXIT_USAGE after saying why. min/max: words that must be left. */
int cli_options(struct cli *, const struct cli_option *, size_t n, int min_words, int max_words);

/* Connects, checks the schema, runs. All answer 0, or the exit code after saying why. */
int cli_connect(struct cli *);
int cli_query(struct cli *, const char *sql, const char *const *params, int n_params, struct rows *out);
/* The same, but a failure is the caller's to tell. What a standby refuses is tried on a host that takes writes, where the settings name one. */
MUSTCHECK int cli_try(struct cli *, const char *sql, const char *const *params, int n_params, struct rows *out, struct err *);
/* The uuid, in the arena, of the message that `word` names: its number in the lists, or its uuid. 0, or the exit code after saying why. */
MUSTCHECK int cli_message(struct cli *, const char *word, const char **uuid);
bool cli_is_uuid(const char *);
/* Says the error and answers its exit code. */
int cli_error(const struct err *, const char *what);
int cli_usage_error(const char *fmt, ...) PRINTF(1, 2);

/* A whole file, "-" is standard input, into the arena: NUL-terminated. 0, or EXIT_USAGE after saying why: it cannot be read, is over cap bytes, or is
 * not UTF-8 (which a NUL is not). */
MUSTCHECK int cli_read(struct cli *, const char *path, size_t cap, struct str *out);

/* "-" for NULL. */
static inline const char *or_dash(const char *s)
{
	return s != NULL ? s : "-";
}
/* Prints text from outside; lines: newlines and tabs stay. */
void cli_text(const char *text, bool lines);
/* Prints the first `len` bytes of an answer: made visible at a terminal, byte for byte anywhere else. */
void cli_answer(struct str text, size_t len);
/* Prints a JSON document of the database, one line. */
void cli_json(const char *text);
/* A cell's text, sanitised, in the arena; "" for NULL. */
const char *cli_safe(struct cli *, const char *text);
/* The same, cut at `width` cells; cli_cell also fills up to it. */
const char *cli_cut(struct cli *, const char *text, int width);
const char *cli_cell(struct cli *, const char *text, int width);
/* A list's statement (list_….sql) as rows, or, with --json, printed as one array. */
int cli_list(struct cli *, const char *sql, const char *const *params, int n_params, struct rows *out);
struct json;
/* "SLUG" or "SLUG set KEY=VALUE...": changes, then reads. *doc is what it is now, or NULL when all is said (--json, or an error's exit code). */
int cli_set_or_show(struct cli *, const char *what, const char *set_sql, const char *show_sql, const struct json **doc);
/* A string or number of a document as text; NULL when it is null or missing. */
const char *cli_value(struct cli *, const struct json *doc, const char *key);
/* How many workers live; -1 after an error was said. */
int cli_workers_alive(struct cli *);

#define COMMAND(name, ...) int cmd_##name(struct cli *);
#include "tui/cli/cli.def"
#undef COMMAND

/* Follows a message to its end; with `stream` prints the text as it comes. Answers the exit code. */
int cli_follow(struct cli *, const char *uuid, bool stream, bool say_changes);
