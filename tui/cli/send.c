/* Dispatching, and following a message to its end. */
#include <unistd.h>

#include "shared/json.h"
#include "shared/clock.h"
#include "shared/utf8.h"
#include "tui/cli/cli.h"
#include "tui/format.h"
#include "tui/i18n.h"

#define CONTENT_MAX (1u << 20)
#define POLL_USEC 100000
#define WATCH_USEC (15 * USEC_PER_SEC) /* an interest lives 30 s in the database */

static int status_of(struct cli *cli, const char *uuid, struct rows *r)
{
	const char *params[] = { uuid };
	return cli_query(
		cli,
		"select s, s ->> 'status', s ->> 'queue_position', s ->> 'eta_seconds', s ->> 'waits_for', s ->> 'error',"
		" s ->> 'content', s ->> 'retry_count' from signalbox.message_status($1) s",
		params, 1, r);
}

static void say_status(const struct rows *r)
{
	char eta[FORMAT_MAX];
	const char *status = rows_at(r, 0, 1), *pos = rows_at(r, 0, 2), *est = rows_at(r, 0, 3), *waits = rows_at(r, 0, 4);
	fprintf(stderr, "%s", status);
	if (pos != NULL)
		fprintf(stderr, " #%s", pos);
	if (est != NULL)
		fprintf(stderr, " (~%s)", format_duration(strtod(est, NULL), eta));
	if (waits != NULL)
		fprintf(stderr, _(" waits for: %s"), waits);
	fputc('\n', stderr);
}

struct text_state {
	char job[40];
	int64_t bytes;
};

/* Prints what has been said since the last look. */
static int print_text(struct cli *cli, const char *uuid, struct text_state *t)
{
	char seen[24];
	struct rows r;
	snprintf(seen, sizeof seen, "%lld", (long long)t->bytes);
	const char *params[] = { uuid, t->job[0] != '\0' ? t->job : NULL, seen };
	int code = cli_query(cli, "select job_id, text from signalbox.stream_text($1, $2, $3)", params, 3, &r);
	if (code != 0 || r.n_rows == 0 || rows_at(&r, 0, 1) == NULL)
		return code;
	if (strcmp(t->job, rows_at(&r, 0, 0)) != 0) {
		if (t->bytes > 0)
			printf("\n%s\n", _("[the attempt failed; a new one begins]"));
		snprintf(t->job, sizeof t->job, "%s", rows_at(&r, 0, 0));
		t->bytes = 0;
	}
	t->bytes += (int64_t)strlen(rows_at(&r, 0, 1));
	cli_text(rows_at(&r, 0, 1), true);
	fflush(stdout);
	return 0;
}

static bool has_ended(const char *status)
{
	return strcmp(status, "completed") == 0 || strcmp(status, "failed") == 0 || strcmp(status, "cancelled") == 0;
}

static void say_end(struct cli *cli, const struct rows *r, bool stream, const struct text_state *text)
{
	const char *status = rows_at(r, 0, 1), *content = rows_at(r, 0, 6), *error = rows_at(r, 0, 5);
	if (cli->json) {
		cli_json(rows_at(r, 0, 0));
	} else if (strcmp(status, "completed") == 0) {
		/* What was streamed is already there; the rest of it, or all of it, follows. */
		size_t shown = stream ? MIN((size_t)text->bytes, strlen(content)) : 0;
		cli_text(content + shown, true);
		putchar('\n');
	} else {
		if (text->bytes > 0)
			putchar('\n');
		fprintf(stderr, "signalbox: %s%s%s\n", status, error != NULL ? ": " : "", cli_safe(cli, error));
	}
}

int cli_follow(struct cli *cli, const char *uuid, bool stream, bool say_changes)
{
	struct text_state text = { .bytes = 0 };
	char last[4096] = "";
	usec_t watched = 0;
	struct rows r;
	struct err err;
	for (;;) {
		const char *params[] = { uuid };
		int code = status_of(cli, uuid, &r);
		if (code != 0)
			return code;
		const char *status = rows_at(&r, 0, 1);
		if (has_ended(status)) {
			if (stream && !cli->json && strcmp(status, "completed") != 0)
				putchar('\n');
			say_end(cli, &r, stream, &text);
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
		char now[4096];
		snprintf(now, sizeof now, "%s %s %s", status, rows_at(&r, 0, 2) != NULL ? rows_at(&r, 0, 2) : "",
		         rows_at(&r, 0, 4) != NULL ? rows_at(&r, 0, 4) : "");
		if (strcmp(now, last) != 0) {
			memcpy(last, now, sizeof last);
			if (say_changes && cli->json)
				cli_json(rows_at(&r, 0, 0));
			else if (say_changes)
				say_status(&r);
			fflush(stdout);
		}
		if (stream) {
			if (clock_mono() - watched > WATCH_USEC || watched == 0) {
				watched = clock_mono();
				/* On a standby nobody can be asked to write the text down: it comes whole, at the end. */
				if (cli_try(cli, "select signalbox.watch($1)", params, 1, NULL, &err) < 0 &&
				    !pg_refused_write(cli->pg))
					code = cli_error(&err, "");
			}
			if (code == 0)
				code = print_text(cli, uuid, &text);
			if (code != 0)
				return code;
		}
		arena_release(&cli->arena);
		usleep(POLL_USEC);
	}
}

/* Standard input, whole. NULL after saying why not. */
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
	if (session != NULL && strspn(session, "0123456789abcdefABCDEF-") != strlen(session))
		return cli_usage_error(_("--session takes a UUID"));
	const char *params[] = {
		cli->argv[0], text.ptr, session, user, collection, thread, priority != NULL ? priority : "0", key
	};
	code = cli_query(
		cli, "select message_id, status, queue_position from signalbox.dispatch($1, $2, $3, $4, $5, $6, $7, null, $8)",
		params, 8, &r);
	if (code != 0)
		return code;
	const char *uuid = xstrdup(rows_at(&r, 0, 0));
	if (wait || stream) {
		if (!cli->json)
			fprintf(stderr, _("message %s\n"), uuid);
		code = cli_follow(cli, uuid, stream && !cli->json, stream && !cli->json);
	} else if (cli->json) {
		code = status_of(cli, uuid, &r);
		if (code == 0)
			cli_json(rows_at(&r, 0, 0));
	} else {
		printf("%s\n", uuid);
		fprintf(stderr, "%s #%s\n", rows_at(&r, 0, 1), rows_at(&r, 0, 2) != NULL ? rows_at(&r, 0, 2) : "-");
	}
	free((char *)uuid);
	return code;
}

int cmd_watch(struct cli *cli)
{
	struct rows r;
	int code = cli_options(cli, NULL, 0, 1, 1);
	if (code == 0) {
		const char *params[] = { cli->argv[0] };
		code = cli_query(cli, "select signalbox.message_uuid($1)", params, 1, &r);
	}
	if (code != 0)
		return code;
	if (rows_at(&r, 0, 0) == NULL) {
		struct err err;
		err_set(&err, ERR_NOT_FOUND, "no message %.60s", cli->argv[0]);
		return cli_error(&err, "");
	}
	char *uuid = xstrdup(rows_at(&r, 0, 0));
	code = cli_follow(cli, uuid, !cli->json, true);
	free(uuid);
	return code;
}
