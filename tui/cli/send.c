/* Dispatches a message, and follows a message to its end. */
#include <sys/stat.h>
#include <unistd.h>

#include "shared/json.h"
#include "shared/clock.h"
#include "shared/utf8.h"
#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/format.h"
#include "tui/i18n.h"

#define CONTENT_MAX (1u << 20)  /* bytes of a message */
#define CONTENT_CAP (64u << 20) /* bytes of an answer */
#define STATUS_MAX 4096
#define POLL_USEC 100000
#define WATCH_USEC (15 * USEC_PER_SEC) /* renewal of a watch, which the database keeps for 30 s */

static int send_status_of(struct cli *cli, const char *uuid, struct rows *r)
{
	const char *params[] = { uuid };
	return cli_query(cli, sql_tui_message_status, params, 1, r);
}

static void say_status(const struct rows *r)
{
	char eta[FORMAT_MAX];
	const char *status = rows_at(r, 0, COL_MESSAGE_STATUS_STATUS), *pos = rows_at(r, 0, COL_MESSAGE_STATUS_POSITION),
		   *est = rows_at(r, 0, COL_MESSAGE_STATUS_ETA), *waits = rows_at(r, 0, COL_MESSAGE_STATUS_WAITS_FOR);
	fprintf(stderr, "%s", status);
	if (pos != NULL)
		fprintf(stderr, " #%s", pos);
	if (est != NULL)
		fprintf(stderr, " (~%s)", format_duration(strtod(est, NULL), eta));
	if (waits != NULL)
		fprintf(stderr, _(" waits for: %s"), waits);
	fputc('\n', stderr);
}

/* The text received so far, and how many bytes of it are printed. On a terminal the last character
 * is held back until what may belong to it has arrived. */
struct stream {
	char job[40];
	struct strbuf said;
	size_t printed;
	bool is_tty;
};

/* Prints the first `to` bytes of text, without those that are printed already. */
static void print_part(struct stream *t, struct str text, size_t to)
{
	struct str rest = { text.ptr + t->printed, text.len - t->printed };
	cli_answer(rest, to - t->printed);
	t->printed = to;
}

/* Ends the output of an attempt: prints what was held back, and a newline. */
static void end_attempt(struct stream *t)
{
	if (t->printed == 0)
		return;
	print_part(t, (struct str){ strbuf_text(&t->said), t->said.len }, t->said.len);
	putchar('\n');
	fflush(stdout);
}

/* A file must hold the answer and nothing else: removes the printed text of a lost attempt from it,
 * if that text is its end. */
static bool take_back(struct stream *t)
{
	struct stat st;
	if (t->is_tty || fflush(stdout) != 0 || fstat(STDOUT_FILENO, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	off_t at = lseek(STDOUT_FILENO, 0, SEEK_CUR), from = at - (off_t)t->printed;
	return at == st.st_size && from >= 0 && ftruncate(STDOUT_FILENO, from) == 0 &&
	       lseek(STDOUT_FILENO, from, SEEK_SET) == from;
}

static void begin_anew(struct stream *t)
{
	if (t->printed > 0 && !take_back(t))
		end_attempt(t);
	if (t->printed > 0)
		fprintf(t->is_tty ? stdout : stderr, "%s\n", _("[the attempt failed; a new one begins]"));
	t->printed = 0;
}

/* Prints the text that arrived since the last call. */
static int send_print_text(struct cli *cli, const char *uuid, struct stream *t)
{
	char seen[24];
	struct rows r;
	snprintf(seen, sizeof seen, "%zu", t->said.len);
	const char *params[] = { uuid, t->job[0] != '\0' ? t->job : NULL, seen };
	int code = cli_query(cli, sql_tui_stream, params, 3, &r);
	if (code != 0 || r.n_rows == 0 || rows_at(&r, 0, COL_STREAM_TEXT) == NULL)
		return code;
	if (strcmp(t->job, rows_at(&r, 0, COL_STREAM_JOB_ID)) != 0) {
		begin_anew(t);
		snprintf(t->job, sizeof t->job, "%s", rows_at(&r, 0, COL_STREAM_JOB_ID));
		strbuf_clear(&t->said);
	}
	strbuf_str(&t->said, rows_at(&r, 0, COL_STREAM_TEXT));
	struct str text = { strbuf_text(&t->said), t->said.len };
	struct str rest = { text.ptr + t->printed, text.len - t->printed };
	print_part(t, text, t->printed + (t->is_tty ? utf8_settled(rest) : rest.len));
	fflush(stdout);
	return 0;
}

static bool has_ended(const char *status)
{
	return strcmp(status, "completed") == 0 || strcmp(status, "failed") == 0 || strcmp(status, "cancelled") == 0;
}

static void say_end(struct cli *cli, const struct rows *r, struct stream *t)
{
	const char *status = rows_at(r, 0, COL_MESSAGE_STATUS_STATUS), *content = rows_at(r, 0, COL_MESSAGE_STATUS_CONTENT),
		   *error = rows_at(r, 0, COL_MESSAGE_STATUS_ERROR);
	if (cli->json) {
		cli_json(rows_at(r, 0, COL_MESSAGE_STATUS_DOC));
	} else if (strcmp(status, "completed") == 0) {
		/* If the printed text is of this answer and not of an earlier attempt, only the
		 * rest is printed; else the whole answer. */
		struct str text = str_of(content);
		if (text.len < t->printed || memcmp(text.ptr, strbuf_text(&t->said), t->printed) != 0)
			begin_anew(t);
		print_part(t, text, text.len);
		putchar('\n');
	} else {
		end_attempt(t);
		fprintf(stderr, "signalbox: %s%s%s\n", status, error != NULL ? ": " : "", cli_safe(cli, error));
	}
}

/* Polls a message once. -1 while it has not ended, else the exit code. */
static int send_look(struct cli *cli, const char *uuid, bool say_changes, struct stream *text, char last[static STATUS_MAX])
{
	struct rows r;
	int code = send_status_of(cli, uuid, &r);
	if (code != 0)
		return code;
	const char *status = rows_at(&r, 0, COL_MESSAGE_STATUS_STATUS);
	if (has_ended(status)) {
		say_end(cli, &r, text);
		return strcmp(status, "completed") == 0 ? EXIT_DONE : EXIT_FAILED;
	}
	int alive = cli_workers_alive(cli);
	if (alive < 0)
		return EXIT_NO_DB;
	if (alive == 0) {
		fprintf(stderr, "signalbox: %s\n",
		        _("no worker is alive; the message stays in the queue. Start signalbox-worker."));
		return EXIT_FAILED;
	}
	char now[STATUS_MAX];
	snprintf(now, sizeof now, "%s %s %s", status, or_dash(rows_at(&r, 0, COL_MESSAGE_STATUS_POSITION)),
	         or_dash(rows_at(&r, 0, COL_MESSAGE_STATUS_WAITS_FOR)));
	if (strcmp(now, last) != 0) {
		memcpy(last, now, sizeof now);
		if (say_changes && cli->json)
			cli_json(rows_at(&r, 0, COL_MESSAGE_STATUS_DOC));
		else if (say_changes && text->printed == 0) /* not into a line of the answer */
			say_status(&r);
		fflush(stdout);
	}
	return -1;
}

/* Requests that the worker store the text while it streams. On a standby this is not possible: the
 * text then comes whole, at the end. */
static int watch_text(struct cli *cli, const char *uuid)
{
	const char *params[] = { uuid };
	struct err err;
	if (cli_try(cli, sql_tui_watch, params, 1, NULL, &err) < 0 && !pg_refused_write(cli->pg))
		return cli_error(&err, "");
	return 0;
}

int cli_follow(struct cli *cli, const char *uuid, bool stream, bool say_changes)
{
	struct stream text = { .said = { .cap = CONTENT_CAP }, .is_tty = isatty(STDOUT_FILENO) };
	char last[STATUS_MAX] = "";
	usec_t watched = 0;
	int code;
	while ((code = send_look(cli, uuid, say_changes, &text, last)) < 0) {
		code = 0;
		if (stream && (watched == 0 || clock_mono() - watched > WATCH_USEC)) {
			watched = clock_mono();
			code = watch_text(cli, uuid);
		}
		if (stream && code == 0)
			code = send_print_text(cli, uuid, &text);
		if (code != 0)
			break;
		arena_release(&cli->arena);
		usleep(POLL_USEC);
	}
	strbuf_release(&text.said);
	return code;
}

int cmd_send(struct cli *cli)
{
	const char *session = NULL, *user = NULL, *collection = NULL, *thread = NULL, *priority = NULL, *key = NULL;
	bool wait = false, stream = false;
	const struct cli_option options[] = {
		{ "session", &session, NULL }, { "user", &user, NULL },         { "collection", &collection, NULL },
		{ "thread", &thread, NULL },   { "priority", &priority, NULL }, { "key", &key, NULL },
		{ "wait", NULL, &wait },       { "stream", NULL, &stream },
	};
	struct rows r;
	int code = cli_options(cli, options, ARRAY_SIZE(options), 2, 2);
	if (code != 0)
		return code;
	struct str text = str_of(cli->argv[1]);
	if (str_eq(text, "-") && (code = cli_read(cli, "-", CONTENT_MAX, &text)) != 0)
		return code;
	if (!utf8_valid(text))
		return cli_usage_error(_("the message is not valid UTF-8"));
	if (priority != NULL && (strspn(priority + (*priority == '-'), "0123456789") != strlen(priority + (*priority == '-')) ||
	                         strlen(priority) > 9))
		return cli_usage_error(_("--priority takes a whole number"));
	if (session != NULL && !str_is_uuid(session))
		return cli_usage_error(_("--session takes a UUID"));
	const char *params[sql_tui_dispatch_args] = { [ARG_DISPATCH_AGENT] = cli->argv[0],
		                                      [ARG_DISPATCH_CONTENT] = text.ptr,
		                                      [ARG_DISPATCH_SESSION] = session,
		                                      [ARG_DISPATCH_USER_ID] = user,
		                                      [ARG_DISPATCH_COLLECTION] = collection,
		                                      [ARG_DISPATCH_THREAD] = thread,
		                                      [ARG_DISPATCH_PRIORITY] = priority != NULL ? priority : "0",
		                                      [ARG_DISPATCH_KEY] = key };
	code = cli_query(cli, sql_tui_dispatch, params, sql_tui_dispatch_args, &r);
	if (code != 0)
		return code;
	const char *uuid = xstrdup(rows_at(&r, 0, COL_DISPATCH_MESSAGE_ID));
	if (wait || stream) {
		if (!cli->json)
			fprintf(stderr, _("message %s\n"), uuid);
		code = cli_follow(cli, uuid, stream && !cli->json, stream && !cli->json);
	} else if (cli->json) {
		code = send_status_of(cli, uuid, &r);
		if (code == 0)
			cli_json(rows_at(&r, 0, COL_MESSAGE_STATUS_DOC));
	} else {
		printf("%s\n", uuid);
		fprintf(stderr, "%s #%s\n", rows_at(&r, 0, COL_DISPATCH_STATUS), or_dash(rows_at(&r, 0, COL_DISPATCH_POSITION)));
	}
	free((char *)uuid);
	return code;
}

int cmd_watch(struct cli *cli)
{
	const char *found;
	int code = cli_options(cli, NULL, 0, 1, 1);
	if (code == 0)
		code = cli_message(cli, cli->argv[0], &found);
	if (code != 0)
		return code;
	char *uuid = xstrdup(found); /* cli_follow() releases the arena */
	code = cli_follow(cli, uuid, !cli->json, true);
	free(uuid);
	return code;
}
