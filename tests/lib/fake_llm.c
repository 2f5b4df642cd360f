/*
 * The scripted provider: speaks Ollama's and OpenAI's protocol over HTTP, so that the whole path can be tried and tested where no model
 * is. It invents nothing: every answer says that it is practice and repeats the question. One thread, epoll, loopback only.
 *
 *   fake_llm [--port N] [--rate WORDS_PER_SECOND] [--log FILE] [--port-file FILE] [--script WORDS]
 *
 * What a request should meet stands in its last user message, between [[ and ]], words separated by blanks (--script: what a message
 * without them meets). GET /practice/stats counts requests, answers and connections.
 *   slow=MS        wait before the first byte            hang            never answer
 *   words=N        length of the answer                  rate=N          words a second, 0 = at once
 *   cut=N          drop the connection after N words     end=N           end the body cleanly after N words, without the end mark
 *   stall=N        fall silent after N words             split=N         send N bytes at a time
 *   status=N       answer this HTTP status               retry_after=S   with this header
 *   fail=N         HTTP 500 to the first N requests of this very text
 *   malformed      rubbish instead of JSON               html            a page, with 200
 *   whole          one JSON body instead of a stream     nousage         no token counts
 *   errormid=N     an error inside the stream            empty           no text at all
 *   say=TEXT       exactly this, underscores for blanks
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/arena.h"
#include "shared/clock.h"
#include "shared/json.h"

#define REQUEST_MAX (32u << 20)

enum protocol { OLLAMA, OPENAI };

struct script {
	int slow_ms, words, rate, cut, end, stall, split, status, fail, error_mid;
	double retry_after;
	bool hang, malformed, html, whole, no_usage, empty;
	char say[400];
};

struct conn {
	int fd;
	struct strbuf in, out, text; /* text: the answer, whole */
	size_t sent, said;
	struct script script;
	enum protocol protocol;
	char model[80];
	int prompt_tokens, word;
	bool answering, headers_out, last_out, wants_out;
	usec_t next_at;
	size_t timer; /* place in the heap of timers, from 1; 0: none set */
};

static struct {
	int epoll, rate;
	const char *script;
	FILE *log;
	struct conn **timers; /* heap, the next one first; [0] is not used */
	size_t n_timers, timer_room;
	struct {
		uint64_t hash;
		int n;
	} fails[1024];
	int n_fails, requests, answers, open;
} F;

static void put_timer(size_t at, struct conn *c)
{
	F.timers[at] = c;
	c->timer = at;
}

static void sift(size_t at, struct conn *c)
{
	for (; at > 1 && F.timers[at / 2]->next_at > c->next_at; at /= 2)
		put_timer(at, F.timers[at / 2]);
	for (size_t down; (down = at * 2) <= F.n_timers; at = down) {
		down += down < F.n_timers && F.timers[down + 1]->next_at < F.timers[down]->next_at;
		if (F.timers[down]->next_at >= c->next_at)
			break;
		put_timer(at, F.timers[down]);
	}
	put_timer(at, c);
}

static void clear_timer(struct conn *c)
{
	if (c->timer == 0)
		return;
	size_t at = c->timer;
	struct conn *last = F.timers[F.n_timers--];
	c->timer = 0;
	if (last != c)
		sift(at, last);
}

static void set_timer(struct conn *c, usec_t at)
{
	clear_timer(c);
	c->next_at = at;
	if (F.n_timers + 2 > F.timer_room) {
		F.timer_room = MAX(64u, F.timer_room * 2);
		F.timers = realloc(F.timers, sizeof(*F.timers) * F.timer_room);
		if (F.timers == NULL)
			abort();
	}
	sift(++F.n_timers, c);
}

static void drop(struct conn *c)
{
	epoll_ctl(F.epoll, EPOLL_CTL_DEL, c->fd, NULL);
	close(c->fd);
	clear_timer(c);
	F.open--;
	strbuf_release(&c->in);
	strbuf_release(&c->out);
	strbuf_release(&c->text);
	free(c);
}

/* Sends what there is, `split` bytes at a time so that the reader sees every cut. False when the connection is gone. */
static bool flush(struct conn *c)
{
	while (c->sent < c->out.len) {
		size_t n = c->out.len - c->sent;
		if (c->script.split > 0)
			n = MIN(n, (size_t)c->script.split);
		ssize_t done = send(c->fd, c->out.ptr + c->sent, n, MSG_NOSIGNAL);
		if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (done < 0) {
			drop(c);
			return false;
		}
		c->sent += (size_t)done;
		if (c->script.split > 0)
			usleep(200); /* so that the pieces arrive as pieces */
	}
	if (c->sent == c->out.len) {
		strbuf_clear(&c->out);
		c->sent = 0;
	}
	bool wants = c->out.len > 0;
	if (wants != c->wants_out) {
		struct epoll_event ev = { .events = EPOLLIN | (wants ? EPOLLOUT : 0u), .data.ptr = c };
		epoll_ctl(F.epoll, EPOLL_CTL_MOD, c->fd, &ev);
		c->wants_out = wants;
	}
	return true;
}

static void chunk(struct conn *c, const struct strbuf *b)
{
	strbuf_addf(&c->out, "%zx\r\n", b->len);
	strbuf_add(&c->out, strbuf_text(b), b->len);
	strbuf_str(&c->out, "\r\n");
}

static void event(struct conn *c, const struct strbuf *json)
{
	struct strbuf b = STRBUF_INIT(1u << 20);
	strbuf_str(&b, c->protocol == OPENAI ? "data: " : "");
	strbuf_add(&b, strbuf_text(json), json->len);
	strbuf_str(&b, c->protocol == OPENAI ? "\n\n" : "\n");
	chunk(c, &b);
	strbuf_release(&b);
}

static void put_usage(struct strbuf *b, const struct conn *c)
{
	int out = MAX(1, c->word);
	if (c->script.no_usage)
		return;
	if (c->protocol == OLLAMA)
		strbuf_addf(b, ",\"prompt_eval_count\":%d,\"eval_count\":%d,\"total_duration\":1000000", c->prompt_tokens, out);
	else
		strbuf_addf(b, ",\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d}", c->prompt_tokens,
		            out, c->prompt_tokens + out);
}

static void piece(struct conn *c, struct str text)
{
	struct strbuf b = STRBUF_INIT(1u << 20);
	strbuf_char(&b, '{');
	json_put_field(&b, "model", c->model);
	strbuf_str(&b, c->protocol == OLLAMA ? ",\"message\":{\"role\":\"assistant\",\"content\":"
	                                     : ",\"choices\":[{\"index\":0,\"delta\":{\"content\":");
	json_put_str(&b, text);
	strbuf_str(&b, c->protocol == OLLAMA ? "},\"done\":false}" : "},\"finish_reason\":null}]}");
	event(c, &b);
	strbuf_release(&b);
}

static void last_events(struct conn *c)
{
	struct strbuf b = STRBUF_INIT(1u << 20);
	strbuf_char(&b, '{');
	json_put_field(&b, "model", c->model);
	if (c->protocol == OLLAMA) {
		strbuf_str(&b, ",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\"");
		put_usage(&b, c);
		strbuf_char(&b, '}');
		event(c, &b);
	} else {
		strbuf_str(&b, ",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}");
		event(c, &b);
		strbuf_clear(&b);
		strbuf_str(&b, "{\"choices\":[]");
		put_usage(&b, c);
		strbuf_char(&b, '}');
		event(c, &b);
		strbuf_clear(&b);
		strbuf_str(&b, "[DONE]");
		event(c, &b);
	}
	strbuf_release(&b);
}

static void end_reply(struct conn *c)
{
	strbuf_str(&c->out, "0\r\n\r\n");
	c->answering = false;
	F.answers++;
}

static void head(struct conn *c, int status, const char *type)
{
	strbuf_addf(&c->out, "HTTP/1.1 %d Practice\r\nContent-Type: %s\r\nX-Request-Id: practice-%d\r\n", status, type,
	            F.requests);
	if (c->script.retry_after > 0)
		strbuf_addf(&c->out, "Retry-After: %g\r\n", c->script.retry_after);
	strbuf_str(&c->out, "Transfer-Encoding: chunked\r\n\r\n");
	c->headers_out = true;
}

static void short_reply(struct conn *c, int status, const char *type, const char *body)
{
	struct strbuf b = STRBUF_INIT(1u << 20);
	head(c, status, type);
	strbuf_str(&b, body);
	chunk(c, &b);
	end_reply(c);
	strbuf_release(&b);
}

static void whole_reply(struct conn *c)
{
	struct strbuf b = STRBUF_INIT(1u << 20);
	c->word = MAX(c->script.words, 1);
	strbuf_char(&b, '{');
	json_put_field(&b, "model", c->model);
	strbuf_str(&b, c->protocol == OLLAMA ? ",\"message\":{\"content\":"
	                                     : ",\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":");
	json_put_str(&b, (struct str){ strbuf_text(&c->text), c->text.len });
	strbuf_str(&b, c->protocol == OLLAMA ? "},\"done\":true" : "},\"finish_reason\":\"stop\"}]");
	put_usage(&b, c);
	strbuf_str(&b, "}");
	short_reply(c, 200, "application/json", strbuf_text(&b));
	strbuf_release(&b);
}

/* The next thing of this answer is due. Returns false when the connection is gone. */
static bool step(struct conn *c, usec_t now)
{
	struct script *s = &c->script;
	if (s->hang)
		return true;
	if (!c->headers_out) {
		const char *stream = c->protocol == OLLAMA ? "application/x-ndjson" : "text/event-stream";
		if (s->status != 0)
			short_reply(
				c, s->status, "application/json",
				c->protocol == OLLAMA
					? "{\"error\":\"practice: asked to fail\"}"
					: "{\"error\":{\"message\":\"practice: asked to fail\",\"type\":\"practice\",\"code\":null}}");
		else if (s->html)
			short_reply(c, 200, "text/html", "<html><body>practice: not what you asked for</body></html>");
		else if (s->malformed)
			short_reply(c, 200, stream, "data: {\"choices\":[{]}\n\n{\"message\":\n");
		else if (s->whole)
			whole_reply(c);
		else
			head(c, 200, stream);
		if (!c->answering)
			return flush(c);
	}
	do {
		if (c->word == s->stall)
			return flush(c);
		if (c->word == s->cut) {
			if (flush(c))
				drop(c);
			return false;
		}
		if (c->word == s->error_mid) {
			struct strbuf b = STRBUF_INIT(200);
			strbuf_str(&b, c->protocol == OLLAMA ? "{\"error\":\"practice: an error in the stream\"}"
			                                     : "{\"error\":{\"message\":\"practice: an error in the stream\"}}");
			event(c, &b);
			strbuf_release(&b);
			end_reply(c);
			return flush(c);
		}
		if (c->word == s->end || c->said >= c->text.len || s->empty) {
			if (c->word != s->end)
				last_events(c);
			end_reply(c);
			return flush(c);
		}
		const char *from = c->text.ptr + c->said, *space = strchr(from, ' ');
		size_t n = space != NULL ? (size_t)(space - from) + 1 : c->text.len - c->said;
		piece(c, (struct str){ from, n });
		c->said += n;
		c->word++;
	} while (s->rate == 0);
	/* From when it was due, so that a stream lasts as long as it should however late we are. */
	set_timer(c, MIN(c->next_at, now) + USEC_PER_SEC / s->rate);
	return flush(c);
}

static int number(const char *text, const char *key, int none)
{
	const char *p = strstr(text, key);
	size_t n = strlen(key);
	return p != NULL && (p == text || p[-1] == ' ' || p[-1] == '[') && p[n] == '=' ? atoi(p + n + 1) : none;
}

static bool word(const char *text, const char *key)
{
	const char *p = strstr(text, key);
	size_t n = strlen(key);
	return p != NULL && (p[n] == ' ' || p[n] == '\0') && (p == text || p[-1] == ' ');
}

static int failures(const char *text)
{
	uint64_t h = 1469598103934665603u;
	for (const char *p = text; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	for (int i = 0; i < F.n_fails; i++)
		if (F.fails[i].hash == h)
			return ++F.fails[i].n;
	if (F.n_fails < (int)ARRAY_SIZE(F.fails))
		F.fails[F.n_fails++].hash = h;
	return F.fails[F.n_fails - 1].n = 1;
}

static void read_script(struct script *s, const char *message)
{
	char text[400] = "";
	const char *from = strstr(message, "[["), *to = from != NULL ? strstr(from, "]]") : NULL;
	if (to != NULL)
		snprintf(text, sizeof text, "%.*s", (int)MIN((size_t)(to - from - 2), sizeof text - 1), from + 2);
	else if (F.script != NULL)
		snprintf(text, sizeof text, "%s", F.script);
	*s = (struct script){
		.slow_ms = number(text, "slow", 0),
		.words = number(text, "words", 0),
		.rate = number(text, "rate", F.rate),
		.cut = number(text, "cut", -1),
		.end = number(text, "end", -1),
		.stall = number(text, "stall", -1),
		.split = number(text, "split", 0),
		.status = number(text, "status", 0),
		.fail = number(text, "fail", 0),
		.error_mid = number(text, "errormid", -1),
		.hang = word(text, "hang"),
		.malformed = word(text, "malformed"),
		.html = word(text, "html"),
		.whole = word(text, "whole"),
		.no_usage = word(text, "nousage"),
		.empty = word(text, "empty"),
	};
	const char *say = strstr(text, "say="), *after = strstr(text, "retry_after=");
	if (after != NULL)
		s->retry_after = atof(after + 12);
	if (say != NULL) {
		snprintf(s->say, sizeof s->say, "%.*s", (int)strcspn(say + 4, " "), say + 4);
		for (char *p = s->say; *p != '\0'; p++)
			*p = *p == '_' ? ' ' : *p;
	}
	if (s->fail > 0 && failures(message) <= s->fail)
		s->status = 500;
}

static void compose(struct conn *c, const char *message)
{
	const char *end = strstr(message, "]]");
	strbuf_clear(&c->text);
	if (c->script.say[0] != '\0') {
		strbuf_str(&c->text, c->script.say);
		return;
	}
	strbuf_str(&c->text, "[practice] No model wrote this. You said: ");
	const char *from = strstr(message, "[[");
	if (from != NULL && end != NULL && from < end)
		strbuf_addf(&c->text, "%.*s%.2000s", (int)MIN(from - message, 2000), message,
		            end + 2 + (from == message ? strspn(end + 2, " ") : 0));
	else
		strbuf_addf(&c->text, "%.2000s", message);
	for (int i = 0; i < c->script.words; i++)
		strbuf_addf(&c->text, " word%d", i + 1);
}

static void log_request(const struct conn *c, const char *message, int turns)
{
	struct strbuf b = STRBUF_INIT(1u << 20);
	if (F.log == NULL)
		return;
	strbuf_char(&b, '{');
	json_put_int_field(&b, "n", F.requests);
	json_put_int_field(&b, "at_us", clock_mono());
	json_put_field(&b, "protocol", c->protocol == OLLAMA ? "ollama" : "openai");
	json_put_field(&b, "model", c->model);
	json_put_int_field(&b, "turns", turns);
	json_put_field(&b, "text", message);
	fprintf(F.log, "%s}\n", strbuf_text(&b));
	fflush(F.log);
	strbuf_release(&b);
}

static void answer(struct conn *c, const char *path, struct str body)
{
	struct arena a = ARENA_INIT;
	struct err err;
	const struct json *j;
	struct str text = STR(""), model = STR("practice");
	int turns = 0;
	c->protocol = strstr(path, "/v1/") != NULL ? OPENAI : OLLAMA;
	c->word = 0;
	c->said = 0;
	c->answering = true;
	c->headers_out = false;
	c->script = (struct script){ 0 };
	if (json_parse(&a, body, REQUEST_MAX, &j, &err) < 0) {
		short_reply(c, 400, "application/json", "{\"error\":\"practice: the request is not JSON\"}");
	} else {
		json_str(j, "model", &model);
		for (const struct json *m = json_first(json_get(j, "messages")); m != NULL; m = json_next(m), turns++)
			json_str(m, "content", &text);
		snprintf(c->model, sizeof c->model, "%.79s", model.ptr);
		c->prompt_tokens = (int)(body.len / 4);
		read_script(&c->script, text.ptr);
		compose(c, text.ptr);
		F.requests++;
		log_request(c, text.ptr, turns);
		c->next_at = clock_mono() + c->script.slow_ms * USEC_PER_MSEC;
	}
	arena_release(&a);
}

/* A whole request is in c->in? Then answer it. False when the connection is gone. */
static bool request(struct conn *c)
{
	const char *end = c->in.len > 0 ? strstr(c->in.ptr, "\r\n\r\n") : NULL;
	if (end == NULL || c->answering)
		return true;
	size_t head_len = (size_t)(end - c->in.ptr) + 4;
	const char *length = strcasestr(c->in.ptr, "content-length:");
	size_t body_len = length != NULL && length < end ? strtoul(length + 15, NULL, 10) : 0;
	if (c->in.len < head_len + body_len)
		return true;
	char method[8] = "", path[200] = "";
	if (sscanf(c->in.ptr, "%7s %199s", method, path) != 2) {
		drop(c);
		return false;
	}
	if (strcmp(method, "POST") == 0) {
		answer(c, path, (struct str){ c->in.ptr + head_len, body_len });
	} else {
		char stats[100];
		snprintf(stats, sizeof stats, "{\"requests\":%d,\"answers\":%d,\"open\":%d}", F.requests, F.answers, F.open);
		c->script = (struct script){ 0 };
		short_reply(c, 200, "application/json",
		            strcmp(path, "/practice/stats") == 0 ? stats
		            : strstr(path, "/v1/") != NULL       ? "{\"object\":\"list\",\"data\":[{\"id\":\"practice\"}]}"
		                                           : "{\"models\":[{\"name\":\"practice\"}],\"version\":\"practice\"}");
	}
	memmove(c->in.ptr, c->in.ptr + head_len + body_len, c->in.len - head_len - body_len + 1);
	c->in.len -= head_len + body_len;
	if (c->answering && c->next_at <= clock_mono())
		return step(c, clock_mono());
	if (c->answering && !c->script.hang)
		set_timer(c, c->next_at);
	return flush(c);
}

static void receive(struct conn *c)
{
	char buf[8192];
	ssize_t n = recv(c->fd, buf, sizeof buf, 0);
	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		drop(c);
		return;
	}
	if (n > 0)
		strbuf_add(&c->in, buf, (size_t)n);
	request(c);
}

static void accept_all(int listener)
{
	int fd, one = 1;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct conn *c = xcalloc(1, sizeof *c);
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		c->fd = fd;
		c->in.cap = c->out.cap = REQUEST_MAX;
		c->text.cap = 1u << 20;
		F.open++;
		epoll_ctl(F.epoll, EPOLL_CTL_ADD, fd, &ev);
	}
}

static int open_port(int port, const char *port_file)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		                    .sin_port = htons((uint16_t)port),
		                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof addr;
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, 4096) < 0) {
		perror("fake_llm: listen");
		exit(1);
	}
	getsockname(fd, (struct sockaddr *)&addr, &len);
	printf("practice provider (no model) on http://127.0.0.1:%d\n", ntohs(addr.sin_port));
	fflush(stdout);
	if (port_file != NULL) {
		char temp[4096];
		snprintf(temp, sizeof temp, "%s.new", port_file);
		FILE *f = fopen(temp, "we");
		if (f == NULL || fprintf(f, "%d\n", ntohs(addr.sin_port)) < 0 || fclose(f) != 0 || rename(temp, port_file) != 0) {
			perror("fake_llm: port file");
			exit(1);
		}
	}
	return fd;
}

int main(int argc, char **argv)
{
	const char *port_file = NULL;
	int port = 0;
	F.rate = 20;
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--port") == 0)
			port = atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--rate") == 0)
			F.rate = atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--port-file") == 0)
			port_file = argv[i + 1];
		else if (strcmp(argv[i], "--script") == 0)
			F.script = argv[i + 1];
		else if (strcmp(argv[i], "--log") == 0)
			F.log = fopen(argv[i + 1], "ae");
	}
	signal(SIGPIPE, SIG_IGN);
	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	F.epoll = epoll_create1(EPOLL_CLOEXEC);
	int listener = open_port(port, port_file);
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL }, events[256];
	epoll_ctl(F.epoll, EPOLL_CTL_ADD, listener, &ev);
	for (;;) {
		usec_t wait = F.n_timers > 0 ? MAX(0, F.timers[1]->next_at - clock_mono()) : USEC_PER_SEC;
		int n = epoll_wait(F.epoll, events, ARRAY_SIZE(events), (int)((wait + USEC_PER_MSEC - 1) / USEC_PER_MSEC));
		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;
			if (c == NULL)
				accept_all(listener);
			else if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
				receive(c);
			else
				flush(c);
		}
		for (usec_t now = clock_mono(); F.n_timers > 0 && F.timers[1]->next_at <= now;) {
			struct conn *c = F.timers[1];
			clear_timer(c);
			if (c->answering && step(c, now) && !c->answering)
				request(c);
		}
	}
}
