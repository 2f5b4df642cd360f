/*
 * Why: what vendors, gateways and local servers really send, as whole HTTP responses, byte for byte, to a real worker: what the engine, the
 * reader, the
 * queue and the books make of it together. The server is here: it answers each path with the bytes of its row, and keeps what it was asked.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/harness/harness.h"

#define QUICK                                                                                                               \
	"--lease", "2s", "--poll", "100ms", "--backoff", "100ms", "--retries", "3", "--retry-wait", "20ms", "--tries", "1", \
		"--concurrency", "64"
#define SSE "Content-Type: text/event-stream\r\n"
#define OK_ "HTTP/1.1 200 OK\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"
#define T(text) "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"},\"finish_reason\":null}]}\n\n"
#define F(reason) "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}]}\n\n"
#define D "data: [DONE]\n\n"
#define ALL T("All of it.")
/* gzip -n of: ALL F("stop") D in one event */
#define ZIPPED                                                                                                                         \
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x4b\x49\x2c\x49\xb4\x52\xa8\x56\x4a\xce\xc8\xcf\x4c\x4e\x2d\x56\xb2\x8a\xae\x56\x4a" \
	"\x49\xcd\x29\x49\x54\xb2\x02\x0a\xe6\xe7\x95\xa4\xe6\x95\x28\x59\x29\x39\xe6\xe4\x28\xe4\xa7\x29\x64\x96\xe8\x29\xd5\xea\x28" \
	"\xa5\x65\xe6\x65\x16\x67\xc4\x17\xa5\x26\x16\xe7\xe7\x01\x65\x8b\x4b\xf2\x0b\x94\x6a\x63\x6b\xb9\xb8\x52\xc0\xc6\x45\xbb\xf8" \
	"\xfb\xb9\xc6\x72\x71\x01\x00\x5f\x0e\x72\x09\x5d\x00\x00\x00"

enum end { CLOSE, OPEN, RESET };

static const struct row {
	const char *name, *response;
	size_t len; /* 0: strlen */
	enum end end;
	const char *status, *content, *class; /* content, class: NULL where there is none */
	int calls;
	const char *finish, *proof; /* NULL: not looked at */
} ROWS[] = {
	{ "plain", OK_ SSE "\r\n" ALL F("stop") D, 0, CLOSE, "completed", "All of it.", NULL, 1, "stop", "reason+mark" },
	{ "no last chunk", OK_ SSE CHUNKED "a8\r\n" ALL F("stop") D "\r\n", 0, CLOSE, "completed", "All of it.", NULL, 1, "stop",
	  "reason+mark" },
	{ "reset after the end", OK_ SSE CHUNKED "a8\r\n" ALL F("stop") D "\r\n", 0, RESET, "completed", "All of it.", NULL, 1,
	  "stop", NULL },
	{ "open after the mark", OK_ SSE "\r\n" ALL F("stop") D, 0, OPEN, "completed", "All of it.", NULL, 1, "stop",
	  "reason+mark" },
	{ "open after the reason", OK_ SSE "\r\n" ALL F("stop"), 0, OPEN, "completed", "All of it.", NULL, 1, "stop", "reason" },
	{ "reason only", OK_ SSE "\r\n" ALL F("stop"), 0, CLOSE, "completed", "All of it.", NULL, 1, "stop", "reason" },
	{ "mark only", OK_ SSE "\r\n" ALL D, 0, CLOSE, "completed", "All of it.", NULL, 1, NULL, "mark" },
	{ "broken off", OK_ SSE "\r\n" T("Half of th") F("abort") D, 0, CLOSE, "failed", NULL, "truncated", 1, "abort", NULL },
	{ "cut", OK_ SSE "\r\n" T("Half of th"), 0, CLOSE, "failed", NULL, "truncated", 1, NULL, NULL },
	{ "cut before the first word", OK_ SSE "\r\n: hello\n\n", 0, CLOSE, "failed", NULL, "truncated", 4, NULL, NULL },
	{ "filtered", OK_ SSE "\r\n" T("Half of th") F("sensitive"), 0, CLOSE, "failed", NULL, "content_filter", 1,
	  "content_filter", NULL },
	{ "no type", OK_ "\r\n" ALL F("stop") D, 0, CLOSE, "completed", "All of it.", NULL, 1, "stop", NULL },
	{ "plain type", OK_ "Content-Type: text/plain\r\n\r\n" ALL F("stop") D, 0, CLOSE, "completed", "All of it.", NULL, 1,
	  "stop", NULL },
	{ "json type", OK_ "Content-Type: application/json\r\n\r\n" ALL F("stop") D, 0, CLOSE, "completed", "All of it.", NULL, 1,
	  "stop", NULL },
	{ "json as a stream", OK_ SSE "\r\n{\"choices\":[{\"message\":{\"content\":\"All of it.\"}}]}", 0, CLOSE, "completed",
	  "All of it.", NULL, 1, NULL, "body" },
	{ "created", "HTTP/1.1 201 Created\r\n" SSE "\r\n" ALL F("stop") D, 0, CLOSE, "completed", "All of it.", NULL, 1, "stop",
	  NULL },
	{ "early hints", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" OK_ SSE "\r\n" ALL F("stop") D, 0, CLOSE, "completed",
	  "All of it.", NULL, 1, "stop", NULL },
	{ "unasked gzip", OK_ SSE "Content-Encoding: gzip\r\n\r\n" ZIPPED,
	  sizeof(OK_ SSE "Content-Encoding: gzip\r\n\r\n" ZIPPED) - 1, CLOSE, "completed", "All of it.", NULL, 1, "stop",
	  "reason+mark" },
	{ "no gzip at all", OK_ SSE "Content-Encoding: gzip\r\n\r\nrubbish", 0, CLOSE, "failed", NULL, "bad_reply", 4, NULL,
	  NULL },
	{ "moved", "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:9/elsewhere\r\nContent-Length: 0\r\n\r\n", 0, CLOSE,
	  "failed", NULL, "not_configured", 1, NULL, NULL },
	{ "redirect", "HTTP/1.1 307 Temporary\r\nLocation: http://127.0.0.1:9/elsewhere\r\nContent-Length: 0\r\n\r\n", 0, CLOSE,
	  "failed", NULL, "not_configured", 1, NULL, NULL },
	{ "blank", OK_ SSE "\r\n" T("\\n\\n") F("stop") D, 0, CLOSE, "failed", NULL, "no_answer", 1, "stop", NULL },
	{ "all thought", OK_ SSE "\r\n" T("<think>hm") F("length") D, 0, CLOSE, "failed", NULL, "out_of_tokens", 1, "length",
	  NULL },
	{ "thought", OK_ SSE "\r\n" T("<think>hm</think>\\n\\nAll of it.") F("stop") D, 0, CLOSE, "completed", "All of it.", NULL,
	  1, "stop", NULL },
	{ "cut by max_tokens", OK_ SSE "\r\n" T("Step one is to") F("length") D, 0, CLOSE, "completed", "Step one is to", NULL, 1,
	  "length", NULL },
	{ "no credit", OK_ "\r\n{\"code\":1113,\"msg\":\"balance is not enough\"}", 0, CLOSE, "failed", NULL, "quota_exhausted",
	  1, NULL, NULL },
	{ "too long",
	  "HTTP/1.1 400 Bad\r\n\r\n{\"object\":\"error\",\"message\":\"The input (33000 tokens) is longer than the model's context length\",\"code\":400}",
	  0, CLOSE, "failed", NULL, "context_too_long", 1, NULL, NULL },
	{ "a status that stays open", "HTTP/1.1 401 No\r\nContent-Length: 100\r\n\r\n{\"error\":", 0, RESET, "failed", NULL,
	  "auth", 1, NULL, NULL },
};

/* ---- the server: one thread a connection */

#define ASKED_MAX 65536
#define NEXT "\f" /* between the responses of one path */
#define N_ROWS ARRAY_SIZE(ROWS)
#define N_PATHS (N_ROWS + 13) /* and what other tests set */

static struct server {
	int listener, port;
	pthread_t thread;
	atomic_bool ending;
	pthread_mutex_t lock; /* of what follows */
	struct {
		char response
			[4096]; /* of paths that are no row; several, one call after another, with NEXT between; the last one stays */
		char asked[ASKED_MAX];
		int calls;
	} path[N_PATHS];
	int open[200], n_open;
} S = { .lock = PTHREAD_MUTEX_INITIALIZER };

static size_t read_request(int fd, char *buf, size_t size)
{
	size_t n = 0, want = SIZE_MAX;
	while (n < size - 1 && n < want) {
		ssize_t got = read(fd, buf + n, size - 1 - n);
		if (got <= 0)
			return 0;
		n += (size_t)got;
		buf[n] = '\0';
		const char *end = strstr(buf, "\r\n\r\n"), *length = strcasestr(buf, "content-length:");
		if (end != NULL)
			want = (size_t)(end + 4 - buf) + (length != NULL ? strtoul(length + 15, NULL, 10) : 0);
	}
	return n;
}

static void keep_open(int fd)
{
	if (S.n_open < (int)ARRAY_SIZE(S.open))
		S.open[S.n_open++] = fd;
	else
		close(fd);
}

static void *serve_one(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char *request = malloc(ASKED_MAX), response[4096];
	if (read_request(fd, request, ASKED_MAX) == 0)
		goto out;
	const char *at = strstr(request, "/c/");
	size_t i = at != NULL ? strtoul(at + 3, NULL, 10) : N_PATHS;
	if (i >= N_PATHS)
		goto out;
	pthread_mutex_lock(&S.lock);
	S.path[i].calls++;
	snprintf(S.path[i].asked, ASKED_MAX, "%s", request);
	const char *from = S.path[i].response;
	for (int k = 1; k < S.path[i].calls && strchr(from, NEXT[0]) != NULL; k++)
		from = strchr(from, NEXT[0]) + 1;
	snprintf(response, sizeof response, "%.*s", (int)strcspn(from, NEXT), from);
	pthread_mutex_unlock(&S.lock);
	const char *bytes = i < N_ROWS ? ROWS[i].response : response;
	size_t len = i < N_ROWS && ROWS[i].len > 0 ? ROWS[i].len : strlen(bytes);
	enum end end = i < N_ROWS ? ROWS[i].end : CLOSE;
	if (write(fd, bytes, len) != (ssize_t)len)
		goto out;
	if (end == OPEN) {
		pthread_mutex_lock(&S.lock);
		keep_open(fd);
		pthread_mutex_unlock(&S.lock);
		free(request);
		return NULL;
	}
	if (end == RESET) {
		usleep(50000); /* else the kernel takes back what it has not handed over yet */
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
	}
out:
	free(request);
	close(fd);
	return NULL;
}

static void *serve(void *arg)
{
	(void)arg;
	while (!atomic_load(&S.ending)) {
		pthread_t t;
		int fd = accept(S.listener, NULL, NULL);
		if (fd >= 0 && pthread_create(&t, NULL, serve_one, (void *)(intptr_t)fd) == 0)
			pthread_detach(t);
	}
	return NULL;
}

static int up(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	if (world_up(state) != 0)
		return -1;
	S.listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(S.listener, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(S.listener, 100), 0);
	getsockname(S.listener, (struct sockaddr *)&a, &len);
	S.port = ntohs(a.sin_port);
	return pthread_create(&S.thread, NULL, serve, NULL);
}

static int down(void **state)
{
	atomic_store(&S.ending, true);
	shutdown(S.listener, SHUT_RDWR);
	pthread_join(S.thread, NULL);
	close(S.listener);
	for (int i = 0; i < S.n_open; i++)
		close(S.open[i]);
	return world_down(state);
}

static int calls(size_t i)
{
	pthread_mutex_lock(&S.lock);
	int n = S.path[i].calls;
	pthread_mutex_unlock(&S.lock);
	return n;
}

/* What path i was asked last; in the test's arena. */
static const char *asked(size_t i)
{
	pthread_mutex_lock(&S.lock);
	const char *copy = text("%s", S.path[i].asked);
	pthread_mutex_unlock(&S.lock);
	return copy;
}

static void answers(size_t i, const char *response)
{
	pthread_mutex_lock(&S.lock);
	snprintf(S.path[i].response, sizeof S.path[i].response, "%s", response);
	S.path[i].calls = 0;
	pthread_mutex_unlock(&S.lock);
}

/* Provider and agent wI that are answered by path i, on this host. */
static void route(size_t i, const char *host)
{
	q("select signalbox.provider_set('w%zu', '{\"protocol\": \"openai\", \"base_url\": \"http://%s/c/%zu\"}', 'test')", i,
	  host, i);
	q("select signalbox.agent_set('w%zu', '{\"provider\": \"w%zu\", \"model\": \"m\"}', 'test')", i, i);
}

static const char *here(void)
{
	return text("127.0.0.1:%d", S.port);
}

static const char *ended(const char *message, const char *status)
{
	wait_for(text("select processing_status from signalbox.ai_messages where uuid = '%s'", message), status, 20);
	return message;
}

static void test_what_is_really_sent(void **state)
{
	(void)state;
	const char *messages[N_ROWS];
	for (size_t i = 0; i < N_ROWS; i++)
		route(i, here());
	worker(QUICK, NULL);
	for (size_t i = 0; i < N_ROWS; i++)
		messages[i] = say(text("w%zu", i), ROWS[i].name);
	wait_for(
		"select count(*) from signalbox.ai_messages where role = 'assistant' and processing_status in ('queued', 'processing')",
		"0", 20);
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct row *r = &ROWS[i];
		const char *got = q(
			"select concat_ws(' | ', d ->> 'status', d ->> 'content', split_part(d ->> 'error', ':', 1), "
			"coalesce(d ->> 'finish_reason', '-'), coalesce(a.proof, '-')) "
			"from signalbox.message_status('%s') d, signalbox.attempts a join signalbox.ai_messages m on m.id = a.message_id "
			"where m.uuid = '%s'",
			messages[i], messages[i]);
		const char *want = text("%s | %s | %s | %s", r->status, r->content != NULL ? r->content : r->class,
		                        r->finish != NULL ? r->finish : "-", r->proof != NULL ? r->proof : "");
		if (strncmp(got, want, strlen(want)) != 0 || calls(i) != r->calls)
			fail_msg("%s: '%s' after %d calls, not '%s' after %d (%s)", r->name, got, calls(i), want, r->calls,
			         q("select processing_error from signalbox.ai_messages where uuid = '%s'", messages[i]));
	}
	/* What a model makes of its tokens is no fault of the provider's. */
	EXPECT("0",
	       "select count(*) from signalbox.breaker_counts where provider in (select 'w' || i from generate_series(%zu, %zu) i) and errors > 0",
	       (size_t)21, (size_t)24);
	EXPECT("t", "select processing_error like '%%127.0.0.1:9/elsewhere%%' from signalbox.ai_messages where uuid = '%s'",
	       messages[19]);
	EXPECT("t", "select processing_error like '%%raise max_tokens%%' from signalbox.ai_messages where uuid = '%s'",
	       messages[22]);
}

/* The vendor's own cost stands beside ours, and what is cached is known as that, whatever it is called. */
static void test_what_it_used(void **state)
{
	(void)state;
	size_t i = N_ROWS;
	answers(i,
	        OK_ SSE "\r\n" ALL F(
			"stop") "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1000,\"completion_tokens\":5,\"prompt_cache_hit_tokens\":900,"
	                        "\"cost\":0.00123}}\n\n" D);
	route(i, here());
	worker(QUICK, NULL);
	const char *m = ended(say(text("w%zu", i), "hello"), "completed");
	EXPECT("1000 5 900 1230000000 f",
	       "select concat_ws(' ', tokens_input, tokens_output, tokens_cached, vendor_cost_pico, is_estimated) from signalbox.ai_costs");
	EXPECT("0.00123", "select signalbox.message_full('%s') #>> '{attempts,0,vendor_cost_usd}'", m);
	/* What was said before a cut is not all: an estimate. */
	answers(i,
	        OK_ SSE "\r\n" T("Half") "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2}}\n\n");
	ended(say(text("w%zu", i), "again"), "failed");
	EXPECT("10 2 t",
	       "select concat_ws(' ', tokens_input, tokens_output, is_estimated) from signalbox.ai_costs order by created_at desc limit 1");
}

/* Headers and query as people set them; a secret in them is named by its variable. */
static void test_headers_query_and_parameters(void **state)
{
	(void)state;
	size_t i = N_ROWS + 1;
	answers(i, OK_ SSE "\r\n" ALL F("stop") D);
	route(i, here());
	setenv("AZURE_API_KEY", "k+&1", 1);
	q("select signalbox.provider_set('w%zu', '{\"header\": \"api-key: $AZURE_API_KEY\\nX-Team: blue\", \"query\": \"api-version=1&code=${AZURE_API_KEY}\"}', 'test')",
	  i);
	q("select signalbox.agent_set('w%zu', '{\"temperature\": \"0.2\", \"top_p\": \"0.9\", \"reasoning\": \"low\"}', 'test')",
	  i);
	worker(QUICK, NULL);
	ended(say(text("w%zu", i), "hello"), "completed");
	const char *r = asked(i);
	static const char *const PARTS[] = { "POST /c/%zu/chat/completions?api-version=1&code=k%%2B%%261 HTTP/1.1",
		                             "\r\napi-key: k+&1\r\n",
		                             "\r\nX-Team: blue\r\n",
		                             "\"temperature\":0.2",
		                             "\"top_p\":0.9",
		                             "\"reasoning_effort\":\"low\"" };
	for (size_t k = 0; k < ARRAY_SIZE(PARTS); k++)
		if (strstr(r, k == 0 ? text(PARTS[k], i) : PARTS[k]) == NULL)
			fail_msg("no %s in %s", PARTS[k], r);
	if (strcasestr(r, "accept-encoding") != NULL)
		fail_msg("asks for an encoding: %s", r);
	/* The database's password and our own settings are nobody's. */
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.provider_set('w%zu', '{\"header\": \"X: $SIGNALBOX_DATABASE_URL\"}', 'test')",
	           i);
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.provider_set('w%zu', '{\"query\": \"a=${PGPASSWORD}\"}', 'test')", i);
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.provider_set('w%zu', '{\"key_env\": \"SIGNALBOX_DATABASE_URL\"}', 'test')",
	           i);
	q("update signalbox.providers set header = 'X: $SIGNALBOX_DATABASE_URL' where slug = 'w%zu'", i);
	wait_for(text("select signalbox.message_status('%s') ->> 'waits_for'", say(text("w%zu", i), "not this")), "worker", 20);
	assert_int_equal(calls(i), 1);
}

/* A proxy from the environment is used, and who is exempt is not. */
static void test_proxy_of_the_environment(void **state)
{
	(void)state;
	size_t i = N_ROWS + 2, direct = N_ROWS + 3;
	answers(i, OK_ SSE "\r\n" ALL F("stop") D);
	answers(direct, OK_ SSE "\r\n" ALL F("stop") D);
	setenv("http_proxy", text("http://%s", here()), 1);
	setenv("no_proxy", "127.0.0.1", 1);
	route(i, "provider.invalid");
	route(direct, here());
	worker(QUICK, NULL);
	const char *m = say(text("w%zu", i), "by the proxy"), *n = say(text("w%zu", direct), "without");
	ended(m, "completed");
	ended(n, "completed");
	unsetenv("http_proxy");
	unsetenv("no_proxy");
	assert_true(strncmp(asked(i), "POST http://provider.invalid/c/", 31) == 0);
	assert_true(strncmp(asked(direct), "POST /c/", 8) == 0);
}

/* Nobody says how long: each wait is twice the last one, for all messages and workers; what a good answer's headers say holds nobody up for long.
 * */
static void test_waiting_grows(void **state)
{
	(void)state;
	size_t i = N_ROWS + 4, good = N_ROWS + 5;
	answers(i, "HTTP/1.1 429 Too Many\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n");
	answers(good, OK_ SSE
	        "X-RateLimit-Remaining-Requests: 0\r\nX-RateLimit-Limit-Requests: 10\r\nX-RateLimit-Reset-Requests: 6h\r\n\r\n" ALL
	                F("stop") D);
	route(i, here());
	route(good, here());
	worker(QUICK, NULL);
	worker(QUICK, NULL);
	for (int k = 0; k < 3; k++)
		say(text("w%zu", i), text("message %d", k));
	ended(say(text("w%zu", good), "first"), "completed");
	/* The fleet knows that nothing is left: before that, the other worker may still call. */
	wait_for(text("select state from signalbox.breakers where provider = 'w%zu'", good), "parked", 0);
	ended(say(text("w%zu", good), "second"), "completed");
	const char *unsaid = text("select unsaid::text from signalbox.breakers where provider = 'w%zu'", i);
	wait_for(unsaid, "2", 0);
	EXPECT("00:00:04", "select until - changed_at from signalbox.breakers where provider = 'w%zu'", i);
	wait_for(unsaid, "3", 0);
	EXPECT("00:00:08", "select until - changed_at from signalbox.breakers where provider = 'w%zu'", i);
	assert_in_range(calls(i), 3, 9); /* three messages, three rounds */
	EXPECT("0", "select count(*) from signalbox.ai_messages where processing_status = 'failed'");
	/* It is back: the next refusal begins at the beginning. */
	answers(i, OK_ SSE "\r\n" ALL F("stop") D);
	q("update signalbox.breakers set until = now() where provider = 'w%zu'", i);
	wait_for("select count(*) from signalbox.ai_messages where role = 'assistant' and processing_status = 'completed'", "5",
	         20);
	wait_for(unsaid, "0", 0);
}

/* A conversation with holes in it is still one that the strictest vendor takes. */
static void test_a_turn_that_failed(void **state)
{
	(void)state;
	size_t i = N_ROWS + 6;
	route(i, here());
	worker(QUICK, NULL);
	const char *agent = text("w%zu", i);
	answers(i, OK_ SSE "\r\n" ALL F("stop") D);
	ended(say_in(agent, "thread", "first"), "completed");
	answers(i, "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n");
	ended(say_in(agent, "thread", "second"), "failed");
	answers(i, OK_ SSE "\r\n" ALL F("stop") D);
	const char *m = ended(say_in(agent, "thread", "third"), "completed");
	static const char MESSAGES[] =
		"\"messages\":[{\"role\":\"user\",\"content\":\"first\"},{\"role\":\"assistant\",\"content\":\"All of it.\"},"
		"{\"role\":\"user\",\"content\":\"second\\n\\nthird\"}]";
	if (strstr(asked(i), MESSAGES) == NULL)
		fail_msg("%s", asked(i));
	/* What is shown as sent is what was sent. */
	EXPECT("user assistant user",
	       "select string_agg(x ->> 'role', ' ' order by o) from signalbox.ai_messages m, jsonb_array_elements(m.rag_context -> 'messages') "
	       "with ordinality t(x, o) where m.uuid = '%s'",
	       m);
	/* The window of two messages would begin with an answer. */
	q("select signalbox.agent_set('%s', '{\"context_window_size\": \"2\"}', 'test')", agent);
	ended(say_in(agent, "thread", "fourth"), "completed");
	if (strstr(asked(i), "\"messages\":[{\"role\":\"user\"") == NULL)
		fail_msg("%s", asked(i));
}

#define QUOTA(value)                                                                                                                             \
	"HTTP/1.1 429 No\r\nConnection: close\r\n\r\n{\"error\":{\"code\":429,\"message\":\"quota\",\"details\":[{\"violations\":[{\"quotaId\":" \
	"\"GenerateRequestsPerDayPerProjectPerModel-FreeTier\",\"quotaValue\":\"" value "\"}]},{\"retryDelay\":\"36000s\"}]}}"

/* Google's quotas are a model's: the next model of the chain is called with the same key, and without a chain who found out waits like who comes
 * next. */
static void test_a_quota_of_one_model(void **state)
{
	(void)state;
	size_t i = N_ROWS + 7;
	setenv("GOOGLE_API_KEY", "k", 1);
	q("select signalbox.provider_set('g', '{\"protocol\": \"gemini\", \"base_url\": \"http://%s/c/%zu\", \"key_env\": \"GOOGLE_API_KEY\"}', 'test')",
	  here(), i);
	q("select signalbox.agent_set('g', '{\"provider\": \"g\", \"model\": \"m\"}', 'test')");
	worker(QUICK, NULL);
	answers(i, QUOTA("50"));
	const char *m = say("g", "finds out"), *n = say("g", "comes next");
	wait_for("select string_agg(concat_ws(' ', model, key_env, state, reason), ', ') from signalbox.breakers",
	         "m GOOGLE_API_KEY parked rate_limited", 0);
	wait_for(
		text("select outcome from signalbox.attempts a join signalbox.ai_messages x on x.id = a.message_id where x.uuid in ('%s', '%s') limit 1",
	             m, n),
		"rate_limited", 0); /* the report may come before it */
	wait_for(state_sql(m), "queued", 0);
	wait_for(state_sql(n), "queued", 0);
	assert_in_range(calls(i), 1, 2);
	/* No access at all: that is for good, but the model's too. */
	q("update signalbox.breakers set until = now(), state = 'closed'");
	answers(i, QUOTA("0"));
	ended(say("g", "has none"), "failed");
	wait_for("select string_agg(concat_ws(' ', model, key_env, state, reason), ', ') from signalbox.breakers",
	         "m GOOGLE_API_KEY parked quota_exhausted", 0);
}

/* Who says again and again that it will be only a moment is not asked by everybody at each moment: the wait becomes the fleet's, and grows. */
static void test_a_short_wait_is_no_hammer(void **state)
{
	(void)state;
	size_t i = N_ROWS + 8;
	answers(i, "HTTP/1.1 429 Too Many\r\nretry-after-ms: 5\r\nContent-Length: 0\r\n\r\n");
	route(i, here());
	for (int k = 0; k < 5; k++)
		say(text("w%zu", i), text("message %d", k));
	worker(QUICK, NULL);
	wait_for("select unsaid::text from signalbox.breakers", "2", 10);
	assert_in_range(calls(i), 2, 40);
	EXPECT("0", "select count(*) from signalbox.ai_messages where processing_status = 'failed'");
}

/* A wait that was named is believed, also where the call before failed otherwise: nothing is parked, the attempt goes on. */
static void test_a_short_wait_after_another_error(void **state)
{
	(void)state;
	size_t i = N_ROWS + 12;
	answers(i, "HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" NEXT
	           "HTTP/1.1 429 Too Many\r\nretry-after-ms: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" NEXT OK_ SSE
	           "\r\n" ALL F("stop") D);
	route(i, here());
	q("delete from signalbox.breakers");
	worker(QUICK, "--retries", "3", "--retry-wait", "1ms", NULL);
	const char *m = ended(say(text("w%zu", i), "x"), "completed");
	assert_int_equal(calls(i), 3);
	EXPECT("1",
	       "select count(*) from signalbox.attempts a join signalbox.ai_messages m on m.id = a.message_id where m.uuid = '%s'",
	       m);
	EXPECT("0", "select count(*) from signalbox.breakers where provider = 'w%zu' and state <> 'closed'", i);
}

/* What a server repeats of what it was sent is stored nowhere. */
static void test_a_secret_comes_back(void **state)
{
	(void)state;
	size_t i = N_ROWS + 9;
	setenv("WIRE_API_KEY", "sk-wire-0123456789", 1);
	answers(i, "HTTP/1.1 401 No\r\nx-request-id: sk-wire-0123456789\r\nConnection: close\r\n\r\n"
	           "{\"error\":{\"message\":\"Incorrect API key provided: sk-wire-0123456789\"}}");
	route(i, here());
	q("select signalbox.provider_set('w%zu', '{\"key_env\": \"WIRE_API_KEY\"}', 'test')", i);
	worker(QUICK, NULL);
	const char *m = ended(say(text("w%zu", i), "x"), "failed");
	EXPECT("t",
	       "select processing_error like '%%provided: ******************%%' from signalbox.ai_messages where uuid = '%s'", m);
	EXPECT("0",
	       "select count(*) from (select a::text from signalbox.attempts a union all select m::text from signalbox.ai_messages m union all "
	       "select b::text from signalbox.breakers b union all select e::text from signalbox.breaker_events e) t(x) where x like '%%sk-wire%%'");
}

#define THOUGHT_ "[{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"c2lnbmVk\"},{\"type\":\"text\",\"text\":\"So.\"}]"

/* A vendor's signed thinking goes back to that vendor, and to no other that speaks its protocol: it would refuse the conversation for ever. */
static void test_own_turns_go_home(void **state)
{
	(void)state;
	size_t one = N_ROWS + 10, two = N_ROWS + 11;
	for (size_t i = one; i <= two; i++) {
		route(i, here());
		q("select signalbox.provider_set('w%zu', '{\"protocol\": \"anthropic\"}', 'test')", i);
		answers(i, OK_ "Connection: close\r\n\r\n{\"type\":\"message\",\"id\":\"m\",\"content\":" THOUGHT_
		               ",\"stop_reason\":\"end_turn\"}");
	}
	worker(QUICK, NULL);
	const char *agent = text("w%zu", one);
	ended(say_in(agent, "thread", "first"), "completed");
	ended(say_in(agent, "thread", "second"), "completed");
	if (strstr(asked(one), THOUGHT_) == NULL)
		fail_msg("%s", asked(one));
	q("select signalbox.agent_set('%s', '{\"provider\": \"w%zu\"}', 'test')", agent, two);
	ended(say_in(agent, "thread", "third"), "completed");
	if (strstr(asked(two), "c2lnbmVk") != NULL || strstr(asked(two), "So.") == NULL)
		fail_msg("%s", asked(two));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, scene_up, scene_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_what_is_really_sent),
		CASE(test_what_it_used),
		CASE(test_headers_query_and_parameters),
		CASE(test_proxy_of_the_environment),
		CASE(test_waiting_grows),
		CASE(test_a_turn_that_failed),
		CASE(test_a_quota_of_one_model),
		CASE(test_a_short_wait_is_no_hammer),
		CASE(test_a_short_wait_after_another_error),
		CASE(test_a_secret_comes_back),
		CASE(test_own_turns_go_home),
	};
	return world_end(cmocka_run_group_tests_name("wire", tests, up, down));
}
