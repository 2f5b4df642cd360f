#pragma once
/*
 * Sends spans to a collector: OTLP over HTTP, as JSON. Each message is one trace: a span
 * `invoke_agent AGENT` for each attempt, from the time when the message began to wait to its
 * settlement; its children are the wait and one span `chat MODEL` for each call. Spans contain
 * names and numbers only, never what was said.
 *
 * A span is written when its work ends, and put on a bounded queue without waiting: a span that
 * does not fit is dropped and counted. One thread sends the queue once a second; a batch that the
 * collector cannot take now is sent again, a limited number of times.
 *
 * A NULL trace is allowed everywhere and does nothing. The functions for struct span need no trace:
 * a span has its ids even if no spans are collected.
 */
#include "worker/telemetry/facts.h"

struct engine;
struct trace;

/* A span that has not ended. All zeros: no span. */
struct span {
	uint8_t trace[16], id[8], parent[8];
	bool has_parent, is_sampled;
};

/* endpoint: the collector's URL. header: a request header besides the content type ("Name: value",
 * "" for none). The caller owns the trace; the engine and counts must outlive it. Strings are
 * copied. */
struct trace *trace_start(const char *endpoint, const char *header, const char *worker_name, struct engine *, struct counts *);
/* Sends what is queued, for at most give_up_ms; the rest is dropped. */
void trace_stop(struct trace *, int give_up_ms);

/* The span of an attempt. traceparent: as it was given to dispatch (W3C); NULL or invalid: the
 * message's uuid is the trace id. All attempts at a message are in one trace, whichever worker made
 * them; the span id comes from job_id. */
struct span span_attempt(const char *traceparent, const char *message_uuid, const char *job_id);
struct span span_child(const struct span *);
/* "traceparent: 00-…-…-01", for a call made within this span. Returns out. */
#define TRACEPARENT_SIZE 72
const char *span_header(const struct span *, char out[static TRACEPARENT_SIZE]);

/* A call that has ended; its span was made by span_child() before the call began. */
struct call_span {
	const struct call_facts *facts;
	const char *conversation;                          /* the session's uuid; may be NULL */
	const char *response_id, *response_model, *finish; /* as the provider said; may be NULL or empty */
	int max_tokens;                                    /* 0: not sent */
	int reasoning, cache_write;                        /* tokens, -1: unknown */
	int resend;                                        /* retry number; 0: the first call */
};
void trace_call(struct trace *, const struct span *, const struct call_span *);

/* An attempt that has been settled. */
struct message_span {
	const struct message_facts *facts;
	const char *conversation;
	usec_t waited; /* time in the queue, before the attempt; -1: unknown */
};
void trace_message(struct trace *, const struct span *, const struct message_span *);

/* The texts of a command that were classified; their span is the parent of the calls' spans. */
struct work_span {
	const char *agent;
	enum err_code code; /* ERR_OK: all texts were tried */
	usec_t duration;
	int n;
};
void trace_work(struct trace *, const struct span *, const struct work_span *);

/* Code that was run for a message (worker/runs.h). */
void trace_run(struct trace *, const struct span *, const struct run_facts *);
/* A call of a tool. */
void trace_tool(struct trace *, const struct span *, const struct tool_facts *);

/* Public only for their own tests. Pure. */
bool traceparent_parse(const char *text, struct span *out); /* trace, parent, is_sampled */
struct strbuf;
void span_json_call(struct strbuf *, const struct span *, const struct call_span *, usec_t end_wall);
void span_json_message(struct strbuf *, const struct span *, const struct message_span *, usec_t end_wall);
void span_json_work(struct strbuf *, const struct span *, const struct work_span *, usec_t end_wall);
void span_json_tool(struct strbuf *, const struct span *, const struct tool_facts *, usec_t end_wall);
void span_json_run(struct strbuf *, const struct span *, const struct run_facts *, usec_t end_wall);
