/*
 * Spans go to somebody else's collector, over a network that fails: their form must be OTLP's to the letter, their ids must hang together
 * across processes, and whatever the collector does nothing may wait for it or grow. A collector of ours answers as told.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/clock.h"
#include "shared/json.h"
#include "worker/net/engine.h"
#include "worker/telemetry/count.h"
#include "worker/telemetry/trace.h"
#include "worker/telemetry/vendor.h"

#define TEST(name) static void name(void **state __attribute__((unused)))
#define MESSAGE "11111111-2222-4333-8444-555555555555"
#define JOB "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"

/* ---------------------------------------------------------------- ids */

TEST(test_traceparent)
{
	static const char *const BAD[] = {
		"",
		"00",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01", /* no trace */
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", /* no parent */
		"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", /* version 00 has no more */
		"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
		"00-4bf92f3577b34da6a3ce929d0e0e473-000f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
	};
	struct span s;
	char header[TRACEPARENT_SIZE];
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++)
		if (traceparent_parse(BAD[i], &s))
			fail_msg("%s", BAD[i]);
	assert_false(traceparent_parse(NULL, &s));
	assert_true(traceparent_parse("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-more", &s));
	assert_false(s.is_sampled);
	s = span_attempt("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", MESSAGE, JOB);
	assert_string_equal(span_header(&s, header), "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-8dddeeeeeeeeeeee-01");
	assert_true(s.has_parent && s.parent[1] == 0xf0);
}

TEST(test_ids)
{
	char header[TRACEPARENT_SIZE], again[TRACEPARENT_SIZE];
	struct span a = span_attempt(NULL, MESSAGE, JOB), b = span_attempt("nonsense", MESSAGE, MESSAGE);
	assert_string_equal(span_header(&a, header), "traceparent: 00-11111111222243338444555555555555-8dddeeeeeeeeeeee-01");
	assert_memory_equal(a.trace, b.trace, 16); /* two attempts, one trace */
	assert_memory_not_equal(a.id, b.id, 8);
	struct span child = span_child(&a), other = span_child(&a);
	assert_memory_equal(child.trace, a.trace, 16);
	assert_memory_equal(child.parent, a.id, 8);
	assert_memory_not_equal(child.id, other.id, 8);
	a = span_attempt(NULL, "no uuid", NULL); /* never zeros, never the same */
	b = span_attempt(NULL, "no uuid", NULL);
	assert_string_not_equal(span_header(&a, header), span_header(&b, again));
}

/* ---------------------------------------------------------------- JSON */

static struct arena arena;

static const struct json *parse(const struct strbuf *b)
{
	const struct json *j = NULL;
	struct err err;
	if (json_parse(&arena, (struct str){ strbuf_text(b), b->len }, 1 << 20, &j, &err) < 0)
		fail_msg("%s: %s", err.msg, strbuf_text(b));
	return j;
}

static void assert_at(const struct json *j, const char *path, const char *expected)
{
	struct str s = { "(none)", 6 };
	json_str(j, path, &s);
	if (!str_eq(s, expected))
		fail_msg("%s is '%.*s', not '%s'", path, (int)s.len, s.ptr, expected);
}

/* The attribute's value as text, whatever its type. */
static void assert_attribute(const struct json *span, const char *key, const char *type, const char *expected)
{
	for (const struct json *a = json_first(json_get(span, "attributes")); a != NULL; a = json_next(a)) {
		struct str name = { "", 0 };
		char path[40];
		json_str(a, "key", &name);
		snprintf(path, sizeof path, "value.%s", type);
		if (str_eq(name, key)) {
			assert_at(a, path, expected);
			return;
		}
	}
	if (expected != NULL)
		fail_msg("no %s", key);
}

static const struct call_facts CALL = { .agent = "luna",
	                                .provider = "fast",
	                                .base_url = "https://user:secret@api.groq.com:8443/v1?key=secret",
	                                .model = "llama \"3\"",
	                                .was_called = true,
	                                .duration = 2500000,
	                                .ttft_ms = 120,
	                                .input = 10,
	                                .output = 20,
	                                .cached = 4 };

TEST(test_vendors)
{
	static const char *const URLS[][2] = {
		{ "https://api.openai.com/v1", "openai" },
		{ "https://eu.api.openai.com/v1", "openai" },
		{ "https://API.Anthropic.com", "anthropic" },
		{ "https://generativelanguage.googleapis.com", "gcp.gemini" },
		{ "https://europe-west1-aiplatform.googleapis.com/v1", "gcp.vertex_ai" },
		{ "https://us.openai.azure.com/openai/v1", "azure.ai.openai" },
		{ "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1", "aws.bedrock" },
		{ "https://api.x.ai/v1", "x_ai" },
		{ "https://s3.amazonaws.com", "slug" },
		{ "https://proxy.example/api.openai.com", "slug" },
		{ "https://notopenai.com", "slug" },
		{ "http://127.0.0.1:11434", "slug" },
		{ "nonsense", "slug" },
		{ NULL, "slug" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(URLS); i++)
		if (strcmp(vendor_of(URLS[i][0], "slug"), URLS[i][1]) != 0)
			fail_msg("%s: %s", URLS[i][0], vendor_of(URLS[i][0], "slug"));
	assert_null(vendor_of("http://127.0.0.1", NULL));
}

TEST(test_call_json)
{
	struct strbuf b = STRBUF_INIT(8192);
	struct span root = span_attempt(NULL, MESSAGE, JOB), child = span_child(&root);
	struct call_span call = { .facts = &CALL,
		                  .conversation = JOB,
		                  .response_id = "r1",
		                  .response_model = "llama-3.1",
		                  .finish = "stop",
		                  .max_tokens = 50,
		                  .reasoning = -1,
		                  .cache_write = -1,
		                  .resend = 2 };
	span_json_call(&b, &child, &call, 1000000000);
	const struct json *j = parse(&b);
	int64_t n = 0;
	double d = 0;
	bool is = false;
	assert_at(j, "traceId", "11111111222243338444555555555555");
	assert_at(j, "parentSpanId", "8dddeeeeeeeeeeee");
	assert_at(j, "name", "chat llama \"3\"");
	assert_at(j, "startTimeUnixNano", "997500000000");
	assert_at(j, "endTimeUnixNano", "1000000000000");
	assert_true(json_int(j, "kind", &n) && n == 3);
	assert_null(json_get(j, "status")); /* unset */
	assert_attribute(j, "gen_ai.operation.name", "stringValue", "chat");
	assert_attribute(j, "gen_ai.provider.name", "stringValue", "groq");
	assert_attribute(j, "signalbox.provider", "stringValue", "fast");
	assert_attribute(j, "gen_ai.usage.input_tokens", "intValue", "10");
	assert_attribute(j, "gen_ai.usage.cache_read.input_tokens", "intValue", "4");
	assert_attribute(j, "http.request.resend_count", "intValue", "2");
	assert_attribute(j, "gen_ai.response.finish_reasons", "arrayValue.values[0].stringValue", "stop");
	assert_attribute(j, "server.address", "stringValue", "api.groq.com");
	assert_attribute(j, "server.port", "intValue", "8443");
	assert_true(json_bool(j, "attributes[6].value.boolValue", &is) && is);
	assert_true(json_double(j, "attributes[11].value.doubleValue", &d) && d > 0.119 && d < 0.121);
	assert_null(strstr(strbuf_text(&b), "secret"));
	strbuf_clear(&b);
	struct call_facts failed = CALL;
	failed.base_url = "http://[::1]:11434";
	failed.code = ERR_TIMEOUT_IDLE;
	call.facts = &failed;
	span_json_call(&b, &child, &call, 1000000000);
	j = parse(&b);
	assert_attribute(j, "gen_ai.provider.name", "stringValue", "fast");
	assert_attribute(j, "server.address", "stringValue", "[::1]");
	assert_attribute(j, "server.port", "intValue", "11434");
	assert_attribute(j, "error.type", "stringValue", "timeout_idle");
	assert_true(json_int(j, "status.code", &n) && n == 2);
	strbuf_release(&b);
	arena_release(&arena);
}

TEST(test_message_json)
{
	struct strbuf b = STRBUF_INIT(8192);
	struct span root = span_attempt(NULL, MESSAGE, JOB);
	struct message_facts facts = { .agent = "luna", .provider = "groq", .model = "m", .duration = 3000000, .number = 1 };
	struct message_span message = { &facts, NULL, 500000 };
	strbuf_char(&b, '[');
	span_json_message(&b, &root, &message, 10000000);
	strbuf_char(&b, ']');
	const struct json *j = parse(&b), *one = json_first(j), *two = json_next(one);
	assert_at(one, "name", "invoke_agent luna");
	assert_at(one, "spanId", "8dddeeeeeeeeeeee");
	assert_null(json_get(one, "parentSpanId"));
	assert_at(one, "startTimeUnixNano", "6500000000"); /* with the wait */
	assert_at(two, "name", "wait signalbox.queue");    /* operation and destination */
	assert_attribute(two, "messaging.operation.name", "stringValue", "wait");
	assert_attribute(two, "messaging.destination.name", "stringValue", "signalbox.queue");
	assert_at(two, "parentSpanId", "8dddeeeeeeeeeeee");
	assert_at(two, "endTimeUnixNano", "7000000000");
	assert_null(json_next(two));
	strbuf_release(&b);
	arena_release(&arena);
}

TEST(test_work_json)
{
	struct strbuf b = STRBUF_INIT(8192);
	struct span root = span_attempt(NULL, JOB, JOB);
	struct work_span work = { .agent = "luna", .code = ERR_CANCELLED, .duration = 3000000, .n = 7 };
	span_json_work(&b, &root, &work, 10000000);
	const struct json *j = parse(&b);
	assert_at(j, "name", "classify luna");
	assert_null(json_get(j, "parentSpanId"));
	assert_at(j, "startTimeUnixNano", "7000000000");
	assert_attribute(j, "signalbox.texts", "intValue", "7");
	assert_attribute(j, "error.type", "stringValue", "cancelled");
	strbuf_release(&b);
	arena_release(&arena);
}

TEST(test_run_json)
{
	struct strbuf b = STRBUF_INIT(8192);
	struct span root = span_attempt(NULL, JOB, JOB), child = span_child(&root);
	struct run_facts run = {
		.language = "python", .verdict = "timeout", .kind = "calculation", .agent = "luna", .took = 3000000
	};
	span_json_run(&b, &child, &run, 10000000);
	const struct json *j = parse(&b);
	assert_at(j, "name", "execute_tool python");
	assert_non_null(json_get(j, "parentSpanId"));
	assert_at(j, "startTimeUnixNano", "7000000000");
	assert_attribute(j, "signalbox.run.kind", "stringValue", "calculation");
	assert_attribute(j, "signalbox.run.verdict", "stringValue", "timeout");
	assert_attribute(j, "error.type", "stringValue", "timeout");
	strbuf_release(&b);
	arena_release(&arena);
}

/* ---------------------------------------------------------------- a collector */

#define REQUESTS_MAX 8

struct sink {
	int fd, port, n;
	const char *const *answers; /* one a request; the last for all further ones; NULL: none, the connection hangs */
	pthread_t thread;
	pthread_mutex_t lock;
	char *requests[REQUESTS_MAX];
};

static void serve(struct sink *s, int fd)
{
	static const size_t SIZE = 1 << 20;
	char *buf = xcalloc(1, SIZE), *end;
	size_t len = 0, want = SIZE;
	for (ssize_t n; len < want && (n = read(fd, buf + len, SIZE - 1 - len)) > 0;) {
		len += (size_t)n;
		const char *length = strcasestr(buf, "content-length:");
		if ((end = strstr(buf, "\r\n\r\n")) != NULL && length != NULL)
			want = (size_t)(end + 4 - buf) + (size_t)atoi(length + 15);
	}
	pthread_mutex_lock(&s->lock);
	int i = s->n++;
	const char *answer = NULL;
	for (int k = 0; k <= i && s->answers[k] != NULL; k++)
		answer = s->answers[k];
	s->requests[i % REQUESTS_MAX] = buf;
	pthread_mutex_unlock(&s->lock);
	if (answer != NULL && write(fd, answer, strlen(answer)) > 0)
		close(fd);
}

static void *sink_main(void *arg)
{
	struct sink *s = arg;
	for (int fd; (fd = accept(s->fd, NULL, NULL)) >= 0;)
		serve(s, fd);
	return NULL;
}

static void sink_up(struct sink *s, const char *const *answers)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	*s = (struct sink){ .answers = answers };
	pthread_mutex_init(&s->lock, NULL);
	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(s->fd, 16), 0);
	getsockname(s->fd, (struct sockaddr *)&at, &len);
	s->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, sink_main, s), 0);
}

static void sink_down(struct sink *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
	for (size_t i = 0; i < REQUESTS_MAX; i++)
		free(s->requests[i]);
	pthread_mutex_destroy(&s->lock);
}

/* Sends n calls to a collector that answers so; what became of them is in the counts. */
static void send_calls(struct sink *s, const char *const *answers, int n, int give_up_ms, int wait_ms, struct counts *c)
{
	char endpoint[80];
	struct span root = span_attempt(NULL, MESSAGE, JOB);
	struct call_span call = { .facts = &CALL, .reasoning = -1, .cache_write = -1 };
	sink_up(s, answers);
	snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d/", s->port);
	struct engine *engine = engine_start(8);
	struct trace *t = trace_start(endpoint, "x-key: 42", "host:1", engine, c);
	for (int i = 0; i < n; i++) {
		struct span child = span_child(&root);
		trace_call(t, &child, &call);
	}
	usec_t until = clock_mono() + wait_ms * USEC_PER_MSEC;
	while (clock_mono() < until && count_get(c, OTLP_SPANS, NULL) == 0)
		usleep(10000);
	trace_stop(t, give_up_ms);
	engine_stop(engine);
	sink_down(s);
}

#define OK_ANSWER(body) "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" body

TEST(test_send)
{
	static const char *const ANSWERS[] = { OK_ANSWER("{}"), NULL };
	struct counts *c = counts_new();
	struct sink s;
	send_calls(&s, ANSWERS, 3, 2000, 0, c);
	assert_int_equal(count_get(c, OTLP_SPANS, NULL), 3);
	assert_int_equal(s.n, 1);
	counts_free(c);
}

TEST(test_request)
{
	static const char *const ANSWERS[] = { OK_ANSWER("{\"partialSuccess\":{\"rejectedSpans\":\"2\",\"errorMessage\":\"\"}}"),
		                               NULL };
	struct counts *c = counts_new();
	char endpoint[80];
	struct sink s;
	struct span root = span_attempt(NULL, MESSAGE, JOB);
	struct message_facts facts = { .agent = "luna", .number = 1 };
	struct message_span message = { &facts, NULL, 5 };
	sink_up(&s, ANSWERS);
	snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d/v1/traces", s.port);
	struct engine *engine = engine_start(8);
	struct trace *t = trace_start(endpoint, "x-key: 42", "host:1", engine, c);
	trace_message(t, &root, &message);
	root.is_sampled = false; /* whoever began the trace does not want it */
	trace_message(t, &root, &message);
	trace_stop(t, 2000);
	engine_stop(engine);
	const char *request = s.requests[0];
	assert_memory_equal(request, "POST /v1/traces HTTP/1.1\r\n", 26);
	assert_non_null(strcasestr(request, "\r\nx-key: 42\r\n"));
	assert_non_null(strcasestr(request, "\r\nContent-Type: application/json\r\n"));
	struct strbuf body = STRBUF_INIT(1 << 20);
	strbuf_str(&body, strstr(request, "\r\n\r\n") + 4);
	const struct json *j = parse(&body);
	assert_at(j, "resourceSpans[0].resource.attributes[0].value.stringValue", "signalbox-worker");
	assert_at(j, "resourceSpans[0].resource.attributes[2].value.stringValue", "host:1");
	assert_at(j, "resourceSpans[0].scopeSpans[0].spans[1].name", "wait signalbox.queue");
	assert_null(json_get(j, "resourceSpans[0].scopeSpans[0].spans[2]"));
	assert_int_equal(count_get(c, OTLP_DROPPED, "rejected"), 2);
	assert_int_equal(count_get(c, OTLP_SPANS, NULL), 0);
	strbuf_release(&body);
	arena_release(&arena);
	sink_down(&s);
	counts_free(c);
}

TEST(test_again)
{
	static const char *const ANSWERS[] = {
		"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nConnection: close\r\n\r\n",
		"HTTP/1.1 429 Busy\r\nRetry-After: 1\r\nConnection: close\r\n\r\n",
		OK_ANSWER(""),
		NULL,
	};
	struct counts *c = counts_new();
	struct sink s;
	send_calls(&s, ANSWERS, 2, 2000, 10000, c);
	assert_int_equal(s.n, 3);
	assert_int_equal(count_get(c, OTLP_SPANS, NULL), 2);
	counts_free(c);
}

TEST(test_counts)
{
	struct counts *c = counts_new();
	struct strbuf b = STRBUF_INIT(1 << 20);
	struct engine *engine = engine_start(8);
	trace_stop(trace_start("http://127.0.0.1:1", "", "host:1", engine, c), 1000);
	engine_stop(engine);
	counts_write(&c, 1, &b);
	assert_non_null(strstr(strbuf_text(&b), "signalbox_otlp_dropped_total{reason=\"unreachable\"} 0\n"));
	strbuf_release(&b);
	counts_free(c);
}

TEST(test_refused)
{
	static const char *const ANSWERS[] = { "HTTP/1.1 400 Bad\r\nConnection: close\r\n\r\n", NULL };
	struct counts *c = counts_new();
	struct sink s;
	send_calls(&s, ANSWERS, 2, 2000, 0, c);
	assert_int_equal(s.n, 1);
	assert_int_equal(count_get(c, OTLP_DROPPED, "refused"), 2);
	counts_free(c);
}

/* A collector that takes the connection and says nothing must not keep a worker from ending. */
TEST(test_hang)
{
	static const char *const ANSWERS[] = { NULL };
	struct counts *c = counts_new();
	struct sink s;
	usec_t began = clock_mono();
	send_calls(&s, ANSWERS, 2, 300, 0, c);
	assert_true(clock_mono() - began < 5 * USEC_PER_SEC);
	assert_int_equal(count_get(c, OTLP_DROPPED, "unreachable"), 2);
	counts_free(c);
}

TEST(test_full)
{
	static const char *const ANSWERS[] = { NULL };
	struct counts *c = counts_new();
	struct sink s;
	send_calls(&s, ANSWERS, 20000, 300, 0, c);
	assert_in_range(count_get(c, OTLP_DROPPED, "full"), 1, 19999);
	assert_int_equal(count_get(c, OTLP_DROPPED, "full") + count_get(c, OTLP_DROPPED, "unreachable"), 20000);
	counts_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_traceparent),  cmocka_unit_test(test_ids),     cmocka_unit_test(test_call_json),
		cmocka_unit_test(test_message_json), cmocka_unit_test(test_send),    cmocka_unit_test(test_request),
		cmocka_unit_test(test_again),        cmocka_unit_test(test_refused), cmocka_unit_test(test_hang),
		cmocka_unit_test(test_full),         cmocka_unit_test(test_vendors), cmocka_unit_test(test_work_json),
		cmocka_unit_test(test_run_json),     cmocka_unit_test(test_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
