/*
 * An application that calls a model over HTTP (OpenAI's chat completions), for experiment 6: the same program whether a gateway stands
 * between or not. N connections that are kept, on each one call after the other; libcurl, one thread.
 *
 *   caller [--parallel N] [--calls N] [--warm N] [--words N] [--stream 0|1] [--ask chat|message|get] [--header 'NAME: VALUE']... URL
 *       WARM calls before those that count, on the same connections. Each answer must be status 200, hold the word "word" WORDS times and
 *       be complete (a stream: its end mark); anything else ends the run with exit 1. --ask message: the body is signalbox's, {"content":…}, and 202
 *       will do as well, whose document has no words (--words 0); --ask get: there is no body. Prints one line of JSON fields: the time of a
 *       call from before it is sent to its last byte, and to the first byte of the answer's body ("ttfb"), in milliseconds.
 */
#include <curl/curl.h>
#include <sys/resource.h>

#include "shared/clock.h"
#include "shared/str.h"
#include "tests/bench/easy.h"

#define BODY_MAX (1u << 20)
#define PARALLEL_MAX 1024

struct slot {
	CURL *easy;
	struct strbuf request, answer;
	usec_t began, first;
};

static struct {
	int parallel, calls, warm, words, stream;
	enum { CHAT, MESSAGE, GET } what;
	struct curl_slist *headers;
	const char *url;
	CURLM *multi;
	struct slot slots[PARALLEL_MAX];
	int started, ended;
	usec_t measured_from, measured_to;
	double *total, *ttfb; /* of those that count, in milliseconds */
} C = { .parallel = 1, .calls = 100, .words = 20, .stream = 1 };

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "caller: %s: %s\n", what, why);
	exit(1);
}

static size_t receive(char *data, size_t size, size_t n, void *arg)
{
	struct slot *s = arg;
	if (s->first == 0)
		s->first = clock_mono();
	strbuf_add(&s->answer, data, size * n);
	return size * n;
}

/* Of a chat: what signalbox's worker sends, field for field; without streaming the two words of it are left out. */
static void put_request(struct slot *s)
{
	if (C.what == MESSAGE)
		strbuf_addf(&s->request, "{\"content\":\"bench: gateway, nonce %d\"}", ++C.started);
	else if (C.what == GET)
		++C.started;
	else
		strbuf_addf(&s->request,
		            "{\"model\":\"practice\",%s\"messages\":[{\"role\":\"system\",\"content\":\"You are Bench, of the support team.\"},"
		            "{\"role\":\"user\",\"content\":\"bench: gateway, nonce %d\"}]}",
		            C.stream ? "\"stream\":true,\"stream_options\":{\"include_usage\":true}," : "", ++C.started);
}

static void start(struct slot *s)
{
	s->first = 0;
	strbuf_clear(&s->answer);
	strbuf_clear(&s->request);
	put_request(s);
	if (C.what == GET) {
		curl_easy_setopt(s->easy, CURLOPT_HTTPGET, 1L);
	} else {
		curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, (long)s->request.len);
		curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, strbuf_text(&s->request));
	}
	if (C.started == C.warm + 1)
		C.measured_from = clock_mono();
	s->began = clock_mono();
	if (curl_multi_add_handle(C.multi, s->easy) != CURLM_OK)
		die("curl", "add");
}

static void check(struct slot *s)
{
	const char *text = strbuf_text(&s->answer), *end = C.what != CHAT ? "}\n" : C.stream ? "data: [DONE]\n\n" : "}";
	size_t n = strlen(end);
	int words = 0;
	long status = 0;
	curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
	for (const char *p = text; (p = strstr(p, "word")) != NULL; p += 4)
		words++;
	bool is_whole = s->answer.len >= n && strcmp(text + s->answer.len - n, end) == 0;
	if ((status == 200 || (C.what == MESSAGE && status == 202)) && words == C.words && is_whole)
		return;
	fprintf(stderr, "caller: status %ld, %d of %d words, %s: %.500s\n", status, words, C.words, is_whole ? "whole" : "cut", text);
	exit(1);
}

static void finish(struct slot *s, CURLcode result)
{
	usec_t now = clock_mono();
	int at = C.ended++ - C.warm;
	if (result != CURLE_OK)
		die(C.url, curl_easy_strerror(result));
	check(s);
	if (at >= 0) {
		C.total[at] = (double)(now - s->began) / 1000;
		C.ttfb[at] = (double)(s->first - s->began) / 1000;
		C.measured_to = now;
	}
	curl_multi_remove_handle(C.multi, s->easy);
	if (C.started < C.warm + C.calls)
		start(s);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void prepare(struct slot *s)
{
	s->easy = easy_new(C.url, C.headers, receive, s);
	s->request = s->answer = (struct strbuf)STRBUF_INIT(BODY_MAX);
}

static void run(void)
{
	C.multi = curl_multi_init();
	curl_multi_setopt(C.multi, CURLMOPT_MAXCONNECTS, (long)PARALLEL_MAX);
	C.total = xcalloc((size_t)C.calls, sizeof *C.total);
	C.ttfb = xcalloc((size_t)C.calls, sizeof *C.ttfb);
	for (int i = 0; i < C.parallel; i++) {
		prepare(&C.slots[i]);
		if (C.started < C.warm + C.calls)
			start(&C.slots[i]);
	}
	while (C.ended < C.warm + C.calls) {
		int running, left;
		bool any = false;
		if (curl_multi_perform(C.multi, &running) != CURLM_OK)
			die("curl", "perform");
		for (CURLMsg *m; (m = curl_multi_info_read(C.multi, &left)) != NULL;) {
			struct slot *s = NULL;
			CURLcode result = m->data.result;
			curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s);
			finish(s, result);
			any = true;
		}
		if (!any && curl_multi_poll(C.multi, NULL, 0, 1000, NULL) != CURLM_OK)
			die("curl", "poll");
	}
	for (int i = 0; i < C.parallel; i++) {
		curl_easy_cleanup(C.slots[i].easy);
		strbuf_release(&C.slots[i].request);
		strbuf_release(&C.slots[i].answer);
	}
	curl_multi_cleanup(C.multi);
}

static void report(void)
{
	struct rusage used;
	int n = C.calls;
	qsort(C.total, (size_t)n, sizeof *C.total, by_size);
	qsort(C.ttfb, (size_t)n, sizeof *C.ttfb, by_size);
	getrusage(RUSAGE_SELF, &used);
	printf("\"calls\":%d,\"asked\":%d,\"per_second\":%.1f,\"p50_ms\":%.3f,\"p95_ms\":%.3f,\"p99_ms\":%.3f,", n, C.ended,
	       n / ((double)(C.measured_to - C.measured_from) / 1e6), C.total[n / 2], C.total[n * 95 / 100], C.total[n * 99 / 100]);
	printf("\"ttfb_p50_ms\":%.3f,\"ttfb_p99_ms\":%.3f,\"cpu_client_s\":%.2f\n", C.ttfb[n / 2], C.ttfb[n * 99 / 100],
	       (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
	free(C.total);
	free(C.ttfb);
	curl_slist_free_all(C.headers);
}

int main(int argc, char **argv)
{
	int i = 1;
	curl_global_init(CURL_GLOBAL_ALL);
	C.headers = curl_slist_append(NULL, "Content-Type: application/json");
	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
		int n = atoi(argv[i + 1]);
		if (strcmp(argv[i], "--parallel") == 0)
			C.parallel = n;
		else if (strcmp(argv[i], "--calls") == 0)
			C.calls = n;
		else if (strcmp(argv[i], "--warm") == 0)
			C.warm = n;
		else if (strcmp(argv[i], "--words") == 0)
			C.words = n;
		else if (strcmp(argv[i], "--stream") == 0)
			C.stream = n;
		else if (strcmp(argv[i], "--ask") == 0)
			C.what = strcmp(argv[i + 1], "message") == 0 ? MESSAGE : strcmp(argv[i + 1], "get") == 0 ? GET : CHAT;
		else if (strcmp(argv[i], "--header") == 0)
			C.headers = curl_slist_append(C.headers, argv[i + 1]);
		else
			die(argv[i], "unknown");
	}
	if (argc - i != 1 || C.calls < 1 || C.warm < 0 || C.parallel < 1 || C.parallel > PARALLEL_MAX)
		die("usage", "see the head of caller.c");
	C.url = argv[i];
	if (C.what == CHAT)
		C.headers = curl_slist_append(C.headers, "Authorization: Bearer practice");
	run();
	report();
	return 0;
}
