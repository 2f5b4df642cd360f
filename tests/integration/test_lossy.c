/*
 * Why: the answer to any statement can be lost after the database has done it. A proxy between a worker and the database passes everything on, and
 * at one statement keeps the answer for itself and hangs up. Each message is answered once all the same, and called once. Or it reads no more, as a
 * worker that is frozen: the others go on.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/base.h"
#include "tests/lib/harness/harness.h"

#define QUICK "--lease", "6s", "--poll", "100ms", "--backoff", "100ms"

static struct {
	int listen;
	char dir[100], real[200];
	pthread_mutex_t lock;
	char words[100], unless[100]; /* the statement whose answer is kept, "" none, and what is not to be in it, "" anything */
	char stalled[100];            /* who says this reads no answer any more; "" nobody */
	atomic_int n_lost;
} P = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Is this the statement? */
static bool is_doomed(const char *data, size_t n)
{
	pthread_mutex_lock(&P.lock);
	bool is = P.words[0] != '\0' && memmem(data, n, P.words, strlen(P.words)) != NULL;
	pthread_mutex_unlock(&P.lock);
	return is;
}

/* Is it the answer that is to be lost? Then no other is. */
static bool is_lost(const char *data, size_t n)
{
	pthread_mutex_lock(&P.lock);
	bool is = P.words[0] != '\0' && (P.unless[0] == '\0' || memmem(data, n, P.unless, strlen(P.unless)) == NULL);
	if (is)
		P.words[0] = '\0';
	pthread_mutex_unlock(&P.lock);
	return is;
}

/* Is it who freezes? Without data: is anybody to be frozen still? */
static bool is_stalled(const char *data, size_t n)
{
	pthread_mutex_lock(&P.lock);
	bool is = P.stalled[0] != '\0' && (n == 0 || memmem(data, n, P.stalled, strlen(P.stalled)) != NULL);
	pthread_mutex_unlock(&P.lock);
	return is;
}

static void stall(const char *words)
{
	pthread_mutex_lock(&P.lock);
	snprintf(P.stalled, sizeof P.stalled, "%s", words);
	pthread_mutex_unlock(&P.lock);
}

static bool pass(int to, const char *data, ssize_t n)
{
	for (ssize_t done = 0, k; done < n; done += k)
		if ((k = write(to, data + done, (size_t)(n - done))) <= 0)
			return false;
	return true;
}

static int dial(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
		return fd;
	close(fd);
	return -1;
}

static void *pump(void *arg)
{
	static const int BUFFER = 1 << 16;
	int client = (int)(intptr_t)arg, server = dial(P.real);
	char *data = malloc((size_t)BUFFER);
	bool doomed = false;
	for (;;) {
		struct pollfd p[] = { { .fd = client, .events = POLLIN }, { .fd = server, .events = POLLIN } };
		if (server < 0 || data == NULL || poll(p, 2, 60000) <= 0)
			break;
		int from = p[0].revents != 0 ? 0 : 1;
		ssize_t n = read(p[from].fd, data, (size_t)BUFFER);
		if (n <= 0)
			break;
		if (from == 0)
			doomed = is_doomed(data, (size_t)n);
		if (from == 0 && is_stalled(data, (size_t)n)) {
			pass(server, data, n);
			while (is_stalled("", 0)) /* what comes stays where it is: the server's buffers are full soon */
				poll(NULL, 0, 50);
			break;
		}
		if (from == 1 && doomed && is_lost(data, (size_t)n)) { /* it is done: the answer comes after the commit */
			atomic_fetch_add(&P.n_lost, 1);
			break;
		}
		doomed &= from == 0; /* what comes after an answer that was kept is a notification: nothing is lost with it */
		if (!pass(p[1 - from].fd, data, n))
			break;
	}
	free(data);
	close(client);
	close(server);
	return NULL;
}

static void *proxy_main(void *arg)
{
	pthread_t t;
	(void)arg;
	for (int fd; (fd = accept4(P.listen, NULL, NULL, SOCK_CLOEXEC)) >= 0;)
		if (pthread_create(&t, NULL, pump, (void *)(intptr_t)fd) == 0)
			pthread_detach(t);
	return NULL;
}

static int lossy_up(void **state)
{
	pthread_t t;
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char host[150] = "";
	world_up(state);
	sscanf(W.direct, "host=%149s", host);
	snprintf(P.real, sizeof P.real, "%s/.s.PGSQL.5432", host);
	snprintf(P.dir, sizeof P.dir, "%s", W.dir);
	snprintf(a.sun_path, sizeof a.sun_path, "%s/.s.PGSQL.5499", P.dir);
	P.listen = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(P.listen, (struct sockaddr *)&a, sizeof a) < 0 || listen(P.listen, 50) < 0 ||
	    pthread_create(&t, NULL, proxy_main, NULL) != 0)
		fail_msg("the proxy does not start");
	pthread_detach(t);
	return 0;
}

static void lose(const char *words, const char *unless)
{
	pthread_mutex_lock(&P.lock);
	snprintf(P.words, sizeof P.words, "%s", words);
	snprintf(P.unless, sizeof P.unless, "%s", unless);
	pthread_mutex_unlock(&P.lock);
	atomic_store(&P.n_lost, 0);
}

static void wait_lost(const char *words)
{
	for (int64_t until = 0; atomic_load(&P.n_lost) == 0;)
		if (!again(&until, DEADLINE))
			fail_msg("no answer to %s was lost", words);
}

static void test_any_answer_is_lost(void **state)
{
	(void)state;
	static const char *const WORDS[] = { "signalbox.claim(",        "signalbox.contexts(",     "signalbox.settle_batch(",
		                             "signalbox.report_calls(", "signalbox.worker_renew(", "signalbox.stream_write(",
		                             "signalbox.tick(",         "signalbox.tend(" };
	const char *url = text("host=%s port=5499 user=signalbox dbname=signalbox", P.dir);
	pid_t w = worker("--database-url", url, QUICK, NULL);
	wait_for("select count(*) from signalbox.workers where ended_at is null", "1", 0);
	for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++) {
		lose(WORDS[i], i == 0 ? "SELECT 0" : ""); /* a claim that got nothing loses nothing */
		q("select count(signalbox.watch(d.message_id)) from generate_series(1, 5) i, signalbox.dispatch('o', '[[rate=20 words=12]] lossy-%zu-' || i || '.') d",
		  i);
		wait_lost(WORDS[i]);
		wait_for("select count(*) from signalbox.queue", "0", 30);
		EXPECT("5 5",
		       "select count(*) || ' ' || count(*) filter (where m.processing_status = 'completed' and m.retry_count = 0 and position('lossy-%zu-' in m.content) > 0) "
		       "from signalbox.ai_messages m join signalbox.ai_messages u on u.id = m.reply_to where u.content like '%%lossy-%zu-%%'",
		       i, i);
		assert_int_equal(provider_calls(text("lossy-%zu-", i)), 5);
		EXPECT("5",
		       "select count(*) from signalbox.attempts a join signalbox.ai_messages m on m.id = a.message_id join signalbox.ai_messages u on u.id = m.reply_to "
		       "where u.content like '%%lossy-%zu-%%' and a.outcome = 'completed'",
		       i);
	}
	EXPECT("1", "select count(*) from signalbox.workers"); /* no lease was lost */
	send_signal(w, 15);
	assert_int_equal(wait_exit(w, DEADLINE), 0);
}

/* A worker is frozen in the middle of taking work: its server cannot get rid of a long conversation. The others go on. */
static void test_frozen_while_taking(void **state)
{
	(void)state;
	const char *url = text("host=%s port=5499 user=signalbox dbname=signalbox", P.dir);
	q("select signalbox.agent_set('o', '{\"context_window_size\": 20}', 'test')");
	const char *session = q(
		"select session_id from signalbox.dispatch('o', 'the first of a long conversation', user_id => 'u', thread_key => 'long', "
		"run_after => now() + interval '1 h')");
	q("insert into signalbox.ai_messages (session_id, role, content) select s.id, 'user', repeat('a long story ', 80000) "
	  "from signalbox.ai_sessions s, generate_series(1, 6) where s.uuid = '%s'",
	  session);
	stall("signalbox.contexts(");
	worker("--database-url", url, "--concurrency", "1", QUICK, NULL);
	wait_for("select count(*) from signalbox.workers where ended_at is null", "1", 0);
	say_in("o", "long", "what was it about?");
	wait_for("select count(*) from pg_stat_activity where wait_event = 'ClientWrite' and query like '%%signalbox.contexts%%'",
	         "1", 0);
	pid_t other = worker(QUICK, NULL);
	q("select count(d) from generate_series(1, 20) i, signalbox.dispatch('a', 'others go on ' || i || '.') d");
	wait_for("select count(*) from signalbox.ai_messages where processing_status = 'completed' and role = 'assistant'", "20",
	         0);
	EXPECT("1",
	       "select count(*) from pg_stat_activity where wait_event = 'ClientWrite' and query like '%%signalbox.contexts%%'");
	stall("");
	send_signal(other, 15);
	assert_int_equal(wait_exit(other, DEADLINE), 0);
}

/* Many stops in one answer: all of them stop. */
static void test_many_stops(void **state)
{
	(void)state;
	worker(QUICK, "--concurrency", "80", NULL);
	q("select count(d) from generate_series(1, 60) i, signalbox.dispatch('o', '[[rate=10 words=2000]] stop-' || i || '.') d");
	wait_for("select count(*) from signalbox.queue where state = 'running'", "60", 0);
	q("select count(signalbox.cancel(uuid, 'test')) from signalbox.ai_messages where processing_status = 'processing'");
	wait_for("select count(*) from signalbox.attempts where outcome = 'cancelled' and generation_ms is not null", "60", 6);
	wait_for("select count(*) from signalbox.stops", "0", 0);
}

/* A report of calls that was refused is sent again: what it counted is there afterwards. */
static void test_a_failed_report(void **state)
{
	(void)state;
	q("create or replace function public.report_fails() returns trigger language plpgsql as $$ begin raise exception 'not now' using errcode = '53100'; end $$");
	q("create trigger fails before insert on signalbox.breaker_counts for each row execute function public.report_fails()");
	pid_t w = worker(QUICK, NULL);
	const char *m = say("o", "counted");
	wait_for(text("select processing_status from signalbox.ai_messages where uuid = '%s'", m), "completed", 0);
	wait_worker_said(w, "calls are not reported", 0);
	q("drop trigger fails on signalbox.breaker_counts");
	wait_for("select sum(calls) from signalbox.breaker_counts", "1", 0);
}

/* Nobody watches any more: the text is written down no longer. */
static void test_a_watch_ends(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	const char *m = say("o", "[[rate=20 words=100]] watched for a while");
	q("select signalbox.watch('%s')", m);
	q("drop sequence if exists public.flushes");
	q("create sequence public.flushes");
	q("grant usage on public.flushes to public");
	q("create or replace function public.flushed() returns trigger language plpgsql as $$ begin perform nextval('public.flushes'); return new; end $$");
	q("create trigger flushed before insert on signalbox.message_stream for each row execute function public.flushed()");
	wait_for("select last_value > 2 from public.flushes", "t", 0);
	q("update signalbox.watches set until = clock_timestamp() - interval '1 s'");
	const char *n = q("select last_value from public.flushes");
	wait_for(text("select processing_status from signalbox.ai_messages where uuid = '%s'", m), "completed", 0);
	q("drop trigger flushed on signalbox.message_stream");
	/* One under way, and the next one, which is told; of the fifty that there would be. */
	EXPECT("t", "select last_value <= %s + 3 from public.flushes", n);
}

#define T(name) cmocka_unit_test_setup_teardown(name, scene_up, scene_down)
int main(void)
{
	const struct CMUnitTest tests[] = { T(test_any_answer_is_lost), T(test_many_stops), T(test_a_failed_report),
		                            T(test_a_watch_ends), T(test_frozen_while_taking) };
	return world_end(cmocka_run_group_tests_name("lossy", tests, lossy_up, world_down));
}
