#pragma once
/*
 * The command line: one function per command, which prints what the same SQL gives to the console.
 * Results go to stdout, messages for the operator to stderr. Text from outside is made safe before
 * it is printed; with --json it is JSON with every control character escaped. Only the answer of a
 * message is written byte for byte, if standard output is no terminal: a file gets exactly what the
 * model said.
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

/* Runs the command argv[1] with the words after it. Returns the exit code. */
int cli_main(const struct options *, int argc, char **argv);
void cli_usage(FILE *);

/* An option of a command: "--name" with a value into *value, or a flag into *flag. Options are
 * removed from argc/argv; "--json" is always known. */
struct cli_option {
	const char *name;
	const char **value;
	bool *flag;
};
/* Removes all "--name a,b" from argc/argv, before cli_options() is called; adds the values to an array as PostgreSQL writes
 * it: "{a,b}", empty if there was none. 0, or EXIT_USAGE after printing why. */
int cli_values(struct cli *, const char *name, struct strbuf *array);
/* 0, or EXIT_USAGE after printing why. min_words, max_words: how many words must be left. */
int cli_options(struct cli *, const struct cli_option *, size_t n, int min_words, int max_words);

/* Connect and check the schema; cli_query also runs a statement. Both return 0, or the exit code
 * after printing why. */
int cli_connect(struct cli *);
int cli_query(struct cli *, const char *sql, const char *const *params, int n_params, struct rows *out);
/* Runs a statement on the open connection; the caller reports a failure. A conflict is repeated.
 * What a standby refuses is run on a host that accepts writes, if the settings name one. */
MUSTCHECK int cli_try(struct cli *, const char *sql, const char *const *params, int n_params, struct rows *out, struct err *);
/* The uuid, in the arena, of the message that `word` names: its number in the lists, or its uuid.
 * Returns 0, or the exit code after printing why. */
MUSTCHECK int cli_message(struct cli *, const char *word, const char **uuid);
/* Prints the error and returns its exit code. */
int cli_error(const struct err *, const char *what);
int cli_usage_error(const char *fmt, ...) PRINTF(1, 2);

/* Reads a whole file ("-": standard input) into the arena, NUL-terminated. 0, or EXIT_USAGE after
 * printing why: it cannot be read, is over cap bytes, or is not UTF-8 (or holds a NUL). */
MUSTCHECK int cli_read(struct cli *, const char *path, size_t cap, struct str *out);

/* A number as people write it: never with an exponent, without zeros at its end. Returns buf. */
const char *cli_number(double, char buf[static 32]);
/* "-" for NULL. */
static inline const char *or_dash(const char *s)
{
	return s != NULL ? s : "-";
}
/* Prints text from outside in a safe form; lines: newlines and tabs stay. */
void cli_text(const char *text, bool lines);
/* Prints the first `len` bytes of an answer: in a safe form on a terminal, byte for byte anywhere
 * else. */
void cli_answer(struct str text, size_t len);
/* Prints a JSON document of the database, one line. */
void cli_json(const char *text);
/* A cell's text, sanitised, in the arena; "" for NULL. */
const char *cli_safe(struct cli *, const char *text);
/* The same, cut at `width` cells; cli_cell also pads it to `width`. */
const char *cli_cut(struct cli *, const char *text, int width);
const char *cli_cell(struct cli *, const char *text, int width);
/* Runs the statement of a list (list_….sql): rows into *out or, with --json, printed as one
 * array. */
int cli_list(struct cli *, const char *sql, const char *const *params, int n_params, struct rows *out);
struct json;
/* Runs "SLUG" or "SLUG set KEY=VALUE...": changes, then reads. *doc: what is stored now; NULL if it
 * was printed (--json), or if an exit code of an error is returned. */
int cli_set_or_show(struct cli *, const char *what, const char *set_sql, const char *show_sql, const struct json **doc);
/* A string or number of a document as text; NULL when it is null or missing. */
const char *cli_value(struct cli *, const struct json *doc, const char *key);
/* Says that no worker is alive, and cancels the work (NULL: none was asked for). Returns the exit code. */
int cli_no_worker(struct cli *, const char *work);
/* Waits for the end of work; ^C cancels it. Its status document into *doc, in the arena. Returns the exit code, after printing why
 * it failed. */
int cli_await_work(struct cli *, const char *work, const struct json **doc);
/* Number of living workers; -1 after printing an error. */
int cli_workers_alive(struct cli *);

#define COMMAND(name, ...) int cmd_##name(struct cli *);
#include "tui/cli/cli.def"
#undef COMMAND

/* Follows a message to its end. stream: prints the text as it comes; say_changes: prints changes of
 * its status. Returns the exit code. */
int cli_follow(struct cli *, const char *uuid, bool stream, bool say_changes);
