#include "shared/listen.h"
#include "shared/wake.h"
#include "sql_embed.h"

#include <poll.h>
#include <unistd.h>

#define PROVE_USEC (60 * USEC_PER_SEC)
#define ANSWER_USEC (3 * USEC_PER_SEC) /* limit for the proof to come back */
#define MARK "proof:"                  /* how every listener recognizes a proof */

static int dial(struct listen *l, const char *url, int timeout_ms, struct pg **out, struct err *err)
{
	return l->any ? pg_connect_any(out, url, l->application, l->options, timeout_ms, err)
	              : pg_connect(out, url, l->application, l->options, timeout_ms, err);
}

static void taken(struct listen *l, struct pg **pg, struct pg *fresh, bool is_detour)
{
	pg_close(*pg);
	*pg = fresh;
	l->is_detour = is_detour;
	l->is_listening = l->is_proved = false;
	l->asked = 0;
}

static int connect_first(struct listen *l, struct pg **pg, struct err *err)
{
	struct pg *fresh = NULL;
	bool direct = l->listen_url[0] != '\0';
	taken(l, pg, NULL, false);
	if (direct && dial(l, l->listen_url, l->timeout_ms, &fresh, err) == 0) {
		taken(l, pg, fresh, false);
		return 0;
	}
	if (dial(l, l->database_url, l->timeout_ms, &fresh, err) < 0)
		return -1;
	taken(l, pg, fresh, direct);
	return 0;
}

static int listen_ask(struct listen *l, struct pg *pg, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct rows r;
	char backend[24], statement[80];
	const char *params[] = { l->channel, l->token };
	int result = pg_exec(pg, &a, sql_session_backend, NULL, 0, l->timeout_ms, &r, err);
	snprintf(backend, sizeof backend, "%d", pg_backend(pg));
	bool direct = result == 0 && strcmp(rows_at(&r, 0, COL_BACKEND_PID), backend) == 0;
	arena_release(&a);
	l->asked = 0;
	if (result < 0)
		return -1;
	if (!direct || pg_is_standby(pg)) {
		l->is_proved = false;
		l->why = direct ? "a standby has no LISTEN: polling" : "the pooler in between has no LISTEN: polling";
		return 0;
	}
	snprintf(statement, sizeof statement, "listen %s", l->channel);
	if (!l->is_listening && pg_exec(pg, NULL, statement, NULL, 0, l->timeout_ms, NULL, err) < 0)
		return -1;
	l->is_listening = true;
	snprintf(l->token, sizeof l->token, MARK "%s:%u", backend, l->number++);
	if (pg_exec(pg, NULL, sql_session_notify, params, 2, l->timeout_ms, NULL, err) < 0)
		return -1;
	l->asked = clock_mono();
	return 0;
}

int listen_turn(struct listen *l, struct pg **pg, struct err *err)
{
	usec_t now = clock_mono();
	struct pg *fresh = NULL;
	struct err ignored;
	bool silent = l->asked != 0 && now - l->asked > ANSWER_USEC;
	/* A connection whose proof came back before and does not now is dead: connect again. */
	if (*pg == NULL || pg_is_broken(*pg) || (silent && l->is_proved)) {
		if (connect_first(l, pg, err) < 0)
			return -1;
	} else if (silent) {
		l->asked = 0;
		l->why = "LISTEN brings nothing: polling";
		return 0;
	} else if (now < l->due) {
		return 0;
	} else if (l->is_detour && dial(l, l->listen_url, 2000, &fresh, &ignored) == 0) {
		taken(l, pg, fresh, false);
	}
	l->due = now + PROVE_USEC;
	return listen_ask(l, *pg, err);
}

bool listen_take(struct listen *l, struct pg *pg, char payload[static 64])
{
	char channel[64];
	while (pg_notification(pg, channel, payload)) {
		if (strncmp(payload, MARK, strlen(MARK)) != 0)
			return true;
		if (l->asked != 0 && strcmp(payload, l->token) == 0) {
			l->asked = 0;
			l->is_proved = true;
		}
	}
	return false;
}

/* Takes all notifications that have arrived. */
static int told(struct listen *l, struct pg *pg)
{
	char payload[64];
	int what = 0;
	while (pg != NULL && listen_take(l, pg, payload))
		what = LISTEN_TOLD;
	return what;
}

bool listen_sleep(struct pg **pg, int wake, int ms)
{
	struct err err;
	struct pollfd fds[] = { { .fd = wake, .events = POLLIN },
		                { .fd = *pg != NULL && !pg_is_broken(*pg) ? pg_fd(*pg) : -1, .events = POLLIN } };
	if (poll(fds, 2, ms) <= 0)
		return false;
	if (fds[1].revents != 0 && pg_consume(*pg, &err) < 0) {
		pg_close(*pg);
		*pg = NULL;
	}
	return (fds[0].revents & POLLIN) && wake_take(wake);
}

int listen_wait(struct listen *l, struct pg **pg, int wake, int ms)
{
	int what = told(l, *pg); /* arrived with the last result */
	if (what != 0)
		return what;
	what = listen_sleep(pg, wake, ms) ? LISTEN_WOKEN : 0;
	return what | told(l, *pg);
}

bool listen_works(const struct listen *l)
{
	return l->is_proved && (l->asked == 0 || clock_mono() - l->asked < ANSWER_USEC);
}

const char *listen_news(struct listen *l)
{
	static const char works[] = "LISTEN works";
	bool first = l->said == NULL;
	const char *text = listen_works(l) ? works : l->asked == 0 ? l->why : NULL;
	if (text == NULL || text == l->said)
		return NULL;
	l->said = text;
	return first && text == works ? NULL : text; /* a first success is not reported */
}
