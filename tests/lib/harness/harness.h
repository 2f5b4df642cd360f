#pragma once
/*
 * What every integration test needs: a PostgreSQL of its own with the schema, the scripted provider, workers, and SQL in one line.
 * One world a program: world_up and world_down are cmocka's group set-up and tear-down. scene_up and scene_down are those of one test:
 * empty tables, then provider and agent `o`, Ollama's protocol, and `a`, OpenAI's; no worker left after. The directory is kept when a
 * test was red. Nothing sleeps: wait_for() polls with a deadline.
 *
 *   SIGNALBOX_BIN_DIR   where signalbox and signalbox-worker are (build/bin)
 *   TEST_POOLER=1       workers and tests reach the database through PgBouncer in transaction mode, without LISTEN
 *   TEST_ONLY=pattern   only the tests of this name, * and ? as in a shell
 *   FAKE_LLM            the scripted provider (build/plain/tests/fake_llm)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "shared/arena.h"
#include "shared/err.h"
#include "shared/pg.h"

#define DEADLINE 10 /* seconds */

struct world {
	char dir[64];
	char conninfo[256], direct[256]; /* what workers and tests use; past the pooler, if there is one */
	bool is_pooled;
	int port; /* of the provider */
	pid_t fake;
	struct pg *pg;      /* the superuser's connection, used by q() */
	struct arena arena; /* of the answers, until the test ends */
};
extern struct world W;

int world_up(void **state);
int world_down(void **state);
int world_end(int rc); /* last of main: removes the directory when rc is 0, else says where it is. Returns rc. */
int scene_up(void **state);
int scene_down(void **state);

/* The first cell of a statement; "(null)" for NULL, "(none)" without rows. An error is a red test. Valid until the test ends. */
const char *q(const char *fmt, ...) PRINTF(1, 2);
/* The same on another connection. */
const char *q_on(struct pg *, const char *fmt, ...) PRINTF(2, 3);
/* What the statement was refused with; ERR_OK when it was not. The text of the last refusal is in q_error(). */
enum err_code q_err(const char *fmt, ...) PRINTF(1, 2);
const char *q_error(void);
struct pg *connect_again(const char *options); /* NULL: none */
char *text(const char *fmt, ...) PRINTF(1, 2); /* in the test's arena */

#define EXPECT(expected, ...) assert_string_equal(q(__VA_ARGS__), expected)
#define EXPECT_ERR(code, ...) expect_err(code, __FILE__, __LINE__, __VA_ARGS__)
void expect_err(enum err_code, const char *file, int line, const char *fmt, ...) PRINTF(4, 5);

/* Asks until the answer is `expected`; red after `seconds` (0: DEADLINE). */
#define wait_for(sql, expected, seconds) wait_until(sql, expected, seconds, __FILE__, __LINE__)
void wait_until(const char *sql, const char *expected, int seconds, const char *file, int line);

/* A message to an agent; its uuid. */
const char *say(const char *agent, const char *content);
const char *say_in(const char *agent, const char *thread, const char *content);
const char *status_of(const char *message);
/* The leases of these workers run out, "": of all. Before it a tick: the next one would take three seconds without any for a step of the clock. */
void leases_run_out(const char *where);
const char *state_sql(const char *message);             /* the statement that asks for it, for wait_for() */
void wait_completed(const char *message);               /* 15 s */
const char *alert_level(const char *name);              /* of the queue's status; "none" */
bool doctor_says(const char *url, const char *pattern); /* of grep */

/* Programs. Arguments end with NULL. */
pid_t worker(const char *first, ...) __attribute__((sentinel));
bool worker_said(pid_t, const char *words); /* in its log */
void wait_worker_said(pid_t, const char *words, int seconds);
const char *worker_word(pid_t, const char *before); /* of its log: what stands after it last, up to a blank; waits for it */
void send_signal(pid_t, int sig);
void kill_now(pid_t);                                      /* SIGKILL, and waits for its end */
int wait_exit(pid_t, int seconds);                         /* its exit code; red when it does not end in time */
int run(const char *first, ...) __attribute__((sentinel)); /* a program to its end; output in DIR/run.log */
const char *bin(const char *name);                         /* path of signalbox or signalbox-worker */
void database(const char *verb, const char *mode);         /* pg.sh */

int provider_calls(const char *words); /* requests whose log line holds the words */
/* Providers of their own at /p/SLUG, each with its script (fake_llm.c): what it meets from now on, and its log since forget_log(). */
void provider(const char *slug, const char *protocol);
void meets(const char *slug, const char *words);
void forget_log(void);
void load_log(void); /* into public.asked (n, at_us, at, name, text) and public.answered (n, at, name, path, model, status, …) */

/* True until `seconds` (0: DEADLINE) after the first call with this variable at 0; naps a little in between. */
bool again(int64_t *until, int seconds);
