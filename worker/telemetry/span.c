/* Spans as JSON, and their ids. Pure, except for random ids. */
#include "shared/json.h"
#include "shared/str.h"
#include "worker/telemetry/trace.h"
#include "worker/telemetry/vendor.h"

enum kind { INTERNAL = 1, CLIENT = 3 };

/* ---------------------------------------------------------------- ids */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads n bytes of lower-case hex. False if there are fewer, or if all bytes are zero. */
static bool read_hex(const char *s, uint8_t *out, size_t n)
{
	bool is_any = false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_digit(s[2 * i]), low = high >= 0 ? hex_digit(s[2 * i + 1]) : -1;
		if (low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
		is_any |= out[i] != 0;
	}
	return is_any;
}

static void put_hex(char *out, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* Reads the 16 bytes of a uuid. False if it is not a uuid. */
static bool read_uuid(const char *uuid, uint8_t out[static 16])
{
	char hex[33];
	size_t n = 0;
	for (const char *p = uuid != NULL ? uuid : ""; *p != '\0' && n < 32; p++)
		if (*p != '-')
			hex[n++] = *p;
	hex[n] = '\0';
	return n == 32 && read_hex(hex, out, 16);
}

bool traceparent_parse(const char *s, struct span *out)
{
	struct span span = { .has_parent = true };
	uint8_t version = 0, flags = 0;
	if (s == NULL || strlen(s) < 55 || s[2] != '-' || s[35] != '-' || s[52] != '-')
		return false;
	if (hex_digit(s[0]) < 0 || hex_digit(s[1]) < 0 || hex_digit(s[53]) < 0 || hex_digit(s[54]) < 0)
		return false;
	read_hex(s, &version, 1); /* returns false for 00, the usual version */
	read_hex(s + 53, &flags, 1);
	/* A later version may have more fields after the flags; ff is not a version. */
	if (version == 0xFF || (version == 0 && s[55] != '\0') || (s[55] != '\0' && s[55] != '-'))
		return false;
	if (!read_hex(s + 3, span.trace, 16) || !read_hex(s + 36, span.parent, 8))
		return false;
	span.is_sampled = flags & 1;
	*out = span;
	return true;
}

static void random_id(uint8_t *id, size_t n)
{
	arc4random_buf(id, n);
	id[0] |= id[0] == 0; /* an id of all zeros is invalid */
}

struct span span_attempt(const char *traceparent, const char *message_uuid, const char *job_id)
{
	struct span span;
	uint8_t job[16];
	if (!traceparent_parse(traceparent, &span)) {
		span = (struct span){ .is_sampled = true };
		if (!read_uuid(message_uuid, span.trace))
			random_id(span.trace, 16);
	}
	if (read_uuid(job_id, job))
		memcpy(span.id, job + 8, 8);
	else
		random_id(span.id, 8);
	return span;
}

struct span span_child(const struct span *parent)
{
	struct span span = *parent;
	memcpy(span.parent, parent->id, 8);
	span.has_parent = true;
	random_id(span.id, 8);
	return span;
}

const char *span_header(const struct span *span, char out[static TRACEPARENT_SIZE])
{
	char trace[33], id[17];
	put_hex(trace, span->trace, 16);
	put_hex(id, span->id, 8);
	snprintf(out, TRACEPARENT_SIZE, "traceparent: 00-%s-%s-%s", trace, id, span->is_sampled ? "01" : "00");
	return out;
}

/* ---------------------------------------------------------------- JSON */

static void open_attribute(struct strbuf *b, const char *key)
{
	strbuf_addf(b, "%s{\"key\":\"%s\",\"value\":{", b->ptr[b->len - 1] == '[' ? "" : ",", key);
}

static void span_put_text(struct strbuf *b, const char *key, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	open_attribute(b, key);
	json_put_field(b, "stringValue", value);
	strbuf_str(b, "}}");
}

/* 64-bit numbers are strings in OTLP's JSON. A negative value is unknown and left out. */
static void put_int(struct strbuf *b, const char *key, int64_t value)
{
	if (value < 0)
		return;
	open_attribute(b, key);
	strbuf_addf(b, "\"intValue\":\"%lld\"}}", (long long)value);
}

static void span_put_double(struct strbuf *b, const char *key, double value)
{
	open_attribute(b, key);
	strbuf_addf(b, "\"doubleValue\":%.3f}}", value);
}

static void open_span(struct strbuf *b, const struct span *s, enum kind kind, const char *verb, const char *what, usec_t from,
                      usec_t to)
{
	char trace[33], id[17], parent[17], name[160];
	put_hex(trace, s->trace, 16);
	put_hex(id, s->id, 8);
	put_hex(parent, s->parent, 8);
	snprintf(name, sizeof name, "%s %s", verb, what != NULL ? what : "none");
	strbuf_addf(b, "{\"traceId\":\"%s\",\"spanId\":\"%s\"", trace, id);
	if (s->has_parent)
		json_put_field(b, "parentSpanId", parent);
	json_put_field(b, "name", name);
	strbuf_addf(b, ",\"kind\":%d,\"startTimeUnixNano\":\"%lld000\",\"endTimeUnixNano\":\"%lld000\",\"attributes\":[",
	            (int)kind, (long long)from, (long long)to);
}

/* Without an error the status is left unset, as the conventions require: OK may only be set by
 * application developers and operators. */
static void close_span_as(struct strbuf *b, const char *error)
{
	span_put_text(b, "error.type", error);
	strbuf_str(b, error != NULL ? "],\"status\":{\"code\":2}}" : "]}");
}

static void close_span(struct strbuf *b, enum err_code code)
{
	close_span_as(b, code != ERR_OK ? err_name(code) : NULL);
}

static void put_server(struct strbuf *b, const char *url)
{
	char host[VENDOR_HOST_SIZE];
	int port;
	if (!vendor_host(url, host, &port))
		return;
	span_put_text(b, "server.address", host);
	put_int(b, "server.port", port);
}

static void span_put_provider(struct strbuf *b, const char *provider, const char *url)
{
	span_put_text(b, "gen_ai.provider.name", vendor_of(url, provider));
	span_put_text(b, "signalbox.provider", provider);
}

void span_json_call(struct strbuf *b, const struct span *span, const struct call_span *c, usec_t end)
{
	const struct call_facts *f = c->facts;
	const char *operation = f->operation != NULL ? f->operation : "chat";
	open_span(b, span, CLIENT, operation, f->model, end - f->duration, end);
	span_put_text(b, "gen_ai.operation.name", operation);
	span_put_provider(b, f->provider, f->base_url);
	span_put_text(b, "gen_ai.request.model", f->model);
	span_put_text(b, "gen_ai.agent.name", f->agent);
	span_put_text(b, "gen_ai.conversation.id", c->conversation);
	if (strcmp(operation, "chat") == 0) {
		open_attribute(b, "gen_ai.request.stream");
		strbuf_str(b, "\"boolValue\":true}}");
	}
	if (c->max_tokens > 0)
		put_int(b, "gen_ai.request.max_tokens", c->max_tokens);
	span_put_text(b, "gen_ai.response.id", c->response_id);
	span_put_text(b, "gen_ai.response.model", c->response_model);
	if (c->finish != NULL && c->finish[0] != '\0') {
		open_attribute(b, "gen_ai.response.finish_reasons");
		strbuf_str(b, "\"arrayValue\":{\"values\":[{");
		json_put_field(b, "stringValue", c->finish);
		strbuf_str(b, "}]}}}");
	}
	if (f->ttft_ms >= 0)
		span_put_double(b, "gen_ai.response.time_to_first_chunk", f->ttft_ms / 1000.0);
	put_int(b, "gen_ai.usage.input_tokens", f->input);
	put_int(b, "gen_ai.usage.output_tokens", f->output);
	put_int(b, "gen_ai.usage.cache_read.input_tokens", f->cached);
	put_int(b, "gen_ai.usage.cache_creation.input_tokens", c->cache_write);
	put_int(b, "gen_ai.usage.reasoning.output_tokens", c->reasoning);
	if (c->resend > 0)
		put_int(b, "http.request.resend_count", c->resend);
	put_server(b, f->base_url);
	close_span(b, f->code);
}

void span_json_message(struct strbuf *b, const struct span *span, const struct message_span *m, usec_t end)
{
	const struct message_facts *f = m->facts;
	usec_t began = end - f->duration, from = began - MAX(m->waited, 0);
	open_span(b, span, INTERNAL, "invoke_agent", f->agent, from, end);
	span_put_text(b, "gen_ai.operation.name", "invoke_agent");
	span_put_provider(b, f->provider, f->base_url);
	span_put_text(b, "gen_ai.agent.name", f->agent);
	span_put_text(b, "gen_ai.conversation.id", m->conversation);
	span_put_text(b, "gen_ai.request.model", f->model);
	put_int(b, "signalbox.attempt", f->number);
	close_span(b, f->code);
	if (m->waited < 0)
		return;
	struct span wait = span_child(span);
	strbuf_char(b, ',');
	open_span(b, &wait, INTERNAL, "wait", "signalbox.queue", from, began);
	span_put_text(b, "messaging.system", "signalbox");
	span_put_text(b, "messaging.operation.name", "wait");
	span_put_text(b, "messaging.destination.name", "signalbox.queue");
	close_span(b, ERR_OK);
}

void span_json_work(struct strbuf *b, const struct span *span, const struct work_span *w, usec_t end)
{
	open_span(b, span, INTERNAL, "classify", w->agent, end - w->duration, end);
	span_put_text(b, "gen_ai.agent.name", w->agent);
	put_int(b, "signalbox.texts", w->n);
	close_span(b, w->code);
}

void span_json_run(struct strbuf *b, const struct span *span, const struct run_facts *r, usec_t end)
{
	open_span(b, span, INTERNAL, "execute_tool", r->language, end - r->took, end);
	span_put_text(b, "gen_ai.operation.name", "execute_tool");
	span_put_text(b, "gen_ai.tool.name", r->language);
	span_put_text(b, "gen_ai.agent.name", r->agent);
	span_put_text(b, "signalbox.run.kind", r->kind);
	span_put_text(b, "signalbox.run.verdict", r->verdict);
	close_span_as(b, strcmp(r->verdict, "ok") != 0 ? r->verdict : NULL);
}

void span_json_tool(struct strbuf *b, const struct span *span, const struct tool_facts *f, usec_t end)
{
	open_span(b, span, INTERNAL, "execute_tool", f->tool, end - f->took, end);
	span_put_text(b, "gen_ai.operation.name", "execute_tool");
	span_put_text(b, "gen_ai.tool.name", f->tool);
	span_put_text(b, "gen_ai.tool.call.id", f->call_id);
	span_put_text(b, "gen_ai.tool.type", "function");
	span_put_text(b, "gen_ai.agent.name", f->agent);
	close_span_as(b, strcmp(f->outcome, "ok") != 0 ? f->outcome : NULL);
}
