/*
 * The scripted provider: speaks Ollama's, OpenAI's, Anthropic's and Gemini's protocol over HTTP, so that the whole path can be tried and
 * tested where no model is. It invents nothing: every answer says that it is practice and repeats the question; vectors are hashes of words.
 * One thread, epoll, loopback only. What is said is in fake/speak.c, the script in fake/script.c, requests are read in fake/asked.c.
 *   fake_llm [--port N] [--rate WORDS_PER_SECOND] [--log FILE] [--port-file FILE] [--script WORDS]
 *
 * Paths: /api/chat, /api/embed, /v1/chat/completions, /v1/embeddings, /v1/messages, /v1beta/models/M:streamGenerateContent?alt=sse,
 * /v1beta/models/M:batchEmbedContents. Before any of them may stand /p/NAME: another provider, with a script of its own.
 *
 * What a request should meet stands in its last user message, between [[ and ]], words separated by blanks (--script: what a message
 * without them meets). POST /practice/script?name=NAME with words as its body: what all requests to /p/NAME meet from now on, until it is
 * posted again (empty: nothing); it goes before the words of the message. No name: the one without a prefix.
 * GET /practice/stats[?name=NAME] counts requests, answers and connections.
 *   slow=MS        wait before the first byte            hang            never answer
 *   words=N        length of the answer                  rate=N          words a second, 0 = at once
 *   cut=N          drop the connection after N words     end=N           end the body cleanly after N words, without the end mark
 *   stall=N        fall silent after N words             split=N         send N bytes at a time
 *   rst=N          reset the connection after N words    flood=N         N MB before the first word that say nothing
 *   status=N       answer this HTTP status               retry_after=S   with this header
 *   fail=N         HTTP 500 to the first N requests of this very text
 *   malformed      rubbish instead of JSON               html            a page, with 200
 *   whole          one JSON body instead of a stream     nousage         no token counts
 *   errormid=N     an error inside the stream            empty           no text at all
 *   say=TEXT       exactly this, underscores for blanks, | for a line's end
 *   quota, overloaded, authfail, toolong                 the protocol's own error of that kind (with errormid=N: inside the stream)
 *   down=N         503 for N seconds since the first request that met it
 *   tools          a call of the first tool, once, then words    ask=CALLS       calls of tools, see fake/script.c
 *   remaining=N    headers: N of 100 requests are left   reset=S         for S seconds (2)
 *   cached=N       N of the prompt's tokens from a cache    signed      Gemini: with a signature, so that the turn is kept
 * The log has two lines for each request, in JSON: when it came, with "text"; and when it was answered or left, with what a bill is made of
 * ("answered", time, path, model, status, prompt_tokens, completion_tokens, cached_tokens, request_id; "end" says how it ended), and in
 * "first_us" and "at_us" when its first word and its end were handed to the kernel.
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
#include <time.h>
#include <unistd.h>

#include "tests/lib/fake/fake.h"

static struct {
	int epoll;
	FILE *log;
	struct conn **timers; /* heap, the next one first; [0] is not used */
	size_t n_timers, timer_room;
	int requests, answers, open;
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

static void put_time(struct strbuf *b)
{
	usec_t now = clock_wall();
	time_t seconds = (time_t)(now / USEC_PER_SEC);
	struct tm tm;
	char text[40];
	gmtime_r(&seconds, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	strbuf_addf(b, ",\"time\":\"%s.%03dZ\"", text, (int)(now % USEC_PER_SEC / USEC_PER_MSEC));
}

static void log_line(struct strbuf *b)
{
	fprintf(F.log, "%s}\n", strbuf_text(b));
	fflush(F.log);
	strbuf_release(b);
}

/* What a bill is made of. */
static void log_answer(const struct conn *c, const char *end)
{
	struct strbuf b = STRBUF_INIT(4096);
	bool is_billed = c->status == 200;
	if (F.log == NULL)
		return;
	strbuf_addf(&b, "{\"answered\":%d", c->number);
	put_time(&b);
	json_put_field(&b, "name", c->stage->name);
	json_put_field(&b, "path", c->asked.path);
	json_put_field(&b, "model", c->asked.model);
	json_put_int_field(&b, "status", c->status);
	json_put_int_field(&b, "prompt_tokens", is_billed ? c->asked.prompt_tokens : 0);
	json_put_int_field(&b, "completion_tokens", is_billed ? completion_tokens(c) : 0);
	json_put_int_field(&b, "cached_tokens", is_billed ? cached_tokens(c) : 0);
	strbuf_addf(&b, ",\"request_id\":\"practice-%d\"", c->number);
	json_put_int_field(&b, "first_us", c->first_at);
	json_put_int_field(&b, "at_us", clock_mono());
	json_put_field(&b, "end", end);
	log_line(&b);
}

static void drop(struct conn *c)
{
	if (c->answering)
		log_answer(c, c->word == c->script.cut ? "cut" : c->word == c->script.rst ? "reset" : "left");
	asked_release(&c->asked);
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

void event(struct conn *c, const char *name, const struct strbuf *json)
{
	struct strbuf b = STRBUF_INIT(1u << 20);
	if (c->asked.protocol == ANTHROPIC)
		strbuf_addf(&b, "event: %s\n", name);
	strbuf_str(&b, c->asked.protocol == OLLAMA ? "" : "data: ");
	strbuf_add(&b, strbuf_text(json), json->len);
	strbuf_str(&b, c->asked.protocol == OLLAMA ? "\n" : c->asked.protocol == GEMINI ? "\r\n\r\n" : "\n\n");
	chunk(c, &b);
	strbuf_release(&b);
}

static void end_reply(struct conn *c, const char *how)
{
	strbuf_str(&c->out, "0\r\n\r\n");
	c->answering = false;
	F.answers++;
	c->stage->answers++;
	log_answer(c, how);
}

/* Gemini and Ollama have no such headers. */
static void put_remaining(struct conn *c)
{
	const struct script *s = &c->script;
	time_t then = (time_t)(clock_wall() / USEC_PER_SEC) + (time_t)s->reset;
	struct tm tm;
	char text[40];
	if (s->remaining >= 0 && c->asked.protocol == OPENAI)
		strbuf_addf(&c->out,
		            "x-ratelimit-limit-requests: 100\r\nx-ratelimit-remaining-requests: %d\r\n"
		            "x-ratelimit-reset-requests: %gs\r\n",
		            s->remaining, s->reset);
	if (s->remaining < 0 || c->asked.protocol != ANTHROPIC)
		return;
	gmtime_r(&then, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	strbuf_addf(&c->out,
	            "anthropic-ratelimit-requests-limit: 100\r\nanthropic-ratelimit-requests-remaining: %d\r\n"
	            "anthropic-ratelimit-requests-reset: %s\r\n",
	            s->remaining, text);
}

static void head(struct conn *c, int status, const char *type)
{
	strbuf_addf(&c->out, "HTTP/1.1 %d Practice\r\nContent-Type: %s\r\n%s: practice-%d\r\n", status, type,
	            c->asked.protocol == ANTHROPIC ? "request-id" : "X-Request-Id", c->number);
	if (c->script.retry_after > 0)
		strbuf_addf(&c->out, "Retry-After: %g\r\n", c->script.retry_after);
	put_remaining(c);
	strbuf_str(&c->out, "Transfer-Encoding: chunked\r\n\r\n");
	c->headers_out = true;
	c->status = status;
}

static void put_body(struct conn *c, int status, const char *type, struct str body)
{
	struct strbuf b = STRBUF_INIT(REQUEST_MAX);
	head(c, status, type);
	strbuf_add(&b, body.ptr, body.len);
	chunk(c, &b);
	strbuf_release(&b);
}

/* An answer of one piece to a request that was counted. */
static void short_reply(struct conn *c, int status, const char *type, const char *body)
{
	put_body(c, status, type, str_of(body));
	end_reply(c, "whole");
}

/* Something about the practice itself, which no bill has. */
static void aside(struct conn *c, int status, const char *body)
{
	c->script = (struct script){ .remaining = -1 };
	put_body(c, status, "application/json", str_of(body));
	strbuf_str(&c->out, "0\r\n\r\n");
	c->headers_out = false;
}

static void refuse(struct conn *c, enum failure f, int status)
{
	struct strbuf b = STRBUF_INIT(1u << 20);
	put_error(&b, c->asked.protocol, f, status);
	short_reply(c, status, "application/json", strbuf_text(&b));
	strbuf_release(&b);
}

static void whole_reply(struct conn *c)
{
	struct strbuf b = STRBUF_INIT(REQUEST_MAX);
	c->word = MAX(c->script.words, 1);
	if (c->asked.is_embedding)
		put_embeddings(c, &b);
	else
		put_whole(c, &b);
	short_reply(c, 200, "application/json", strbuf_text(&b));
	strbuf_release(&b);
}

/* The answer begins: with a stream's headers, or all at once. */
static void begin_reply(struct conn *c)
{
	const struct script *s = &c->script;
	const char *stream = stream_type(c->asked.protocol);
	if (s->status != 0)
		refuse(c, FAIL_ASKED, s->status);
	else if (s->failure != FAIL_NONE && (s->error_mid < 0 || c->asked.is_embedding))
		refuse(c, s->failure, error_status(c->asked.protocol, s->failure));
	else if (s->html)
		short_reply(c, 200, "text/html", "<html><body>practice: not what you asked for</body></html>");
	else if (s->malformed)
		short_reply(c, 200, stream, "data: {\"choices\":[{]}\n\n{\"message\":\n");
	else if (s->whole || c->asked.is_embedding)
		whole_reply(c);
	else
		head(c, 200, stream);
}

/* The first close answers with a reset instead of an end; not before all is sent. */
static void reset(struct conn *c)
{
	struct linger at_once = { .l_onoff = 1 };
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	drop(c);
}

/* A part of the flood, when the last one is gone: comments, or lines without anything where there are none. */
static bool flood(struct conn *c)
{
	struct strbuf b = STRBUF_INIT(2u << 20);
	char line[1000];
	if (c->out.len == 0) {
		memset(line, c->asked.protocol == OLLAMA ? '\n' : ':', sizeof line);
		line[sizeof line - 1] = '\n';
		while (b.len < 1u << 20)
			strbuf_add(&b, line, sizeof line);
		chunk(c, &b);
		c->script.flood--;
	}
	strbuf_release(&b);
	set_timer(c, clock_mono() + USEC_PER_MSEC);
	return flush(c);
}

static bool end_stream(struct conn *c, const char *how)
{
	end_reply(c, how);
	return flush(c);
}

/* The next thing of this answer is due. Returns false when the connection is gone. */
static bool step(struct conn *c, usec_t now)
{
	struct script *s = &c->script;
	if (s->hang)
		return true;
	if (!c->headers_out) {
		begin_reply(c);
		if (!c->answering)
			return flush(c);
	}
	if (s->flood > 0)
		return flood(c);
	do {
		if (c->word == s->stall)
			return flush(c);
		if (c->word == s->cut) {
			if (flush(c))
				drop(c);
			return false;
		}
		if (c->word == s->rst) {
			if (flush(c))
				reset(c);
			return false;
		}
		if (c->word == s->error_mid) {
			speak_error(c);
			return end_stream(c, "error");
		}
		if (c->word == s->end)
			return end_stream(c, "ended early");
		if (c->said >= c->text.len || s->empty) {
			if (asks_for_tools(c))
				speak_tools(c);
			speak_last(c);
			return end_stream(c, "whole");
		}
		const char *from = c->text.ptr + c->said, *space = strchr(from, ' ');
		size_t n = space != NULL ? (size_t)(space - from) + 1 : c->text.len - c->said;
		if (c->word == 0 && F.log != NULL)
			c->first_at = clock_mono();
		speak_piece(c, (struct str){ from, n });
		c->said += n;
		c->word++;
	} while (s->rate == 0);
	/* From when it was due, so that a stream lasts as long as it should however late we are. */
	set_timer(c, MIN(c->next_at, now) + USEC_PER_SEC / s->rate);
	return flush(c);
}

static void log_request(const struct conn *c)
{
	static const char *const NAMES[] = { "ollama", "openai", "anthropic", "gemini" };
	struct strbuf b = STRBUF_INIT(1u << 20);
	if (F.log == NULL)
		return;
	strbuf_char(&b, '{');
	json_put_int_field(&b, "n", c->number);
	json_put_int_field(&b, "at_us", clock_mono());
	put_time(&b);
	json_put_field(&b, "name", c->stage->name);
	json_put_field(&b, "protocol", NAMES[c->asked.protocol]);
	json_put_field(&b, "model", c->asked.model);
	json_put_int_field(&b, "turns", c->asked.turns);
	json_put_field(&b, "text", strbuf_text(&c->asked.message));
	if (c->asked.results.len > 0)
		json_put_field(&b, "results", strbuf_text(&c->asked.results));
	log_line(&b);
}

static void answer(struct conn *c, const char *path, struct str body)
{
	asked_release(&c->asked);
	c->word = 0;
	c->said = 0;
	c->first_at = 0;
	c->answering = true;
	c->headers_out = c->has_begun = false;
	c->status = 0;
	c->script = (struct script){ .remaining = -1 };
	if (!read_asked(&c->asked, path, body)) {
		c->number = F.requests;
		short_reply(c, 400, "application/json", "{\"error\":\"practice: the request is not JSON\"}");
		return;
	}
	c->number = ++F.requests;
	c->stage->requests++;
	read_script(&c->script, c->stage, strbuf_text(&c->asked.message));
	compose(&c->text, &c->script, asks_for_tools(c) ? "it asks for tools." : strbuf_text(&c->asked.message));
	log_request(c);
	c->next_at = clock_mono() + c->script.slow_ms * USEC_PER_MSEC;
}

/* /p/NAME/rest, or ?name=NAME: whose turn it is. Answers the path without the prefix. */
static const char *find_stage(struct conn *c, const char *path)
{
	const char *name = strstr(path, "?name=");
	if (strncmp(path, "/p/", 3) == 0) {
		size_t n = strcspn(path + 3, "/");
		c->stage = stage_find(path + 3, n);
		return path + 3 + n;
	}
	c->stage = strncmp(path, "/practice/", 10) == 0 && name != NULL ? stage_find(name + 6, strcspn(name + 6, "&"))
	                                                                : stage_find("", 0);
	return path;
}

static void look(struct conn *c, const char *path)
{
	char stats[100];
	bool is_all = c->stage->name[0] == '\0';
	snprintf(stats, sizeof stats, "{\"requests\":%d,\"answers\":%d,\"open\":%d}", is_all ? F.requests : c->stage->requests,
	         is_all ? F.answers : c->stage->answers, F.open);
	aside(c, 200,
	      strncmp(path, "/practice/stats", 15) == 0 ? stats
	      : strstr(path, "/v1beta/") != NULL        ? "{\"models\":[{\"name\":\"models/practice\"}]}"
	      : strstr(path, "/v1/") != NULL            ? "{\"object\":\"list\",\"data\":[{\"id\":\"practice\"}]}"
	                                                : "{\"models\":[{\"name\":\"practice\"}],\"version\":\"practice\"}");
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
	char method[8] = "", line[200] = "";
	if (sscanf(c->in.ptr, "%7s %199s", method, line) != 2) {
		drop(c);
		return false;
	}
	const char *path = find_stage(c, line);
	struct str body = { c->in.ptr + head_len, body_len };
	if (strcmp(method, "POST") != 0) {
		look(c, path);
	} else if (strncmp(path, "/practice/script", 16) == 0) {
		stage_set(c->stage, body);
		aside(c, 200, "{}");
	} else {
		answer(c, path, body);
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
		c->stage = stage_find("", 0);
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
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--port") == 0)
			port = atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--rate") == 0)
			default_rate = atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--port-file") == 0)
			port_file = argv[i + 1];
		else if (strcmp(argv[i], "--script") == 0)
			default_script = argv[i + 1];
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
