#pragma once
/*
 * Spans to a collector: OTLP over HTTP, as JSON. One trace a message: a span `invoke_agent AGENT` for each attempt, from when the message
 * began to wait to its settlement, in it the wait and one span `chat MODEL` for each call. Names and numbers only, never what was said.
 *
 * A span is made when its work ends, and put on a queue that is bounded and never waits: what does not fit is dropped and counted. One
 * thread sends what has come, each second; what the collector cannot take now is sent again, as often as is sensible.
 *
 * A NULL trace is allowed everywhere and does nothing. Contexts are pure: they are passed on even where nobody collects.
 */
#include "worker/telemetry/facts.h"

struct engine;
struct trace;

/* A span that is under way. All zeros: none. */
struct span {
	uint8_t trace[16], id[8], parent[8];
	bool has_parent, is_sampled;
};

/* What an endpoint may take: headers of ours in `header` ("Name: value", "" for none) besides the content type. Caller owns; the engine
 * and counts outlive it. Strings are copied. */
struct trace *trace_start(const char *endpoint, const char *header, const char *worker_name, struct engine *, struct counts *);
/* Sends what there is, at most so long; the rest is dropped. */
void trace_stop(struct trace *, int give_up_ms);

/* The span of an attempt. traceparent: as dispatch was given it (W3C), NULL or broken: the message's uuid is the trace. All attempts at a
 * message are in one trace, whoever made them; the attempt's own id comes from its job. */
struct span span_attempt(const char *traceparent, const char *message_uuid, const char *job_id);
struct span span_child(const struct span *);
/* "traceparent: 00-…-…-01", for a call made within this span. Returns out. */
#define TRACEPARENT_SIZE 72
const char *span_header(const struct span *, char out[static TRACEPARENT_SIZE]);

/* A call that ended; the span was made by span_child before it began. */
struct call_span {
	const struct call_facts *facts;
	const char *conversation;                          /* the session's uuid; may be NULL */
	const char *response_id, *response_model, *finish; /* as the provider said; may be NULL or empty */
	int max_tokens;                                    /* 0: not sent */
	int reasoning, cache_write;                        /* tokens, -1: unknown */
	int resend;                                        /* which call this is of the same request, from 0 */
};
void trace_call(struct trace *, const struct span *, const struct call_span *);

/* An attempt that was settled. */
struct message_span {
	const struct message_facts *facts;
	const char *conversation;
	usec_t waited; /* in the queue, before the attempt; -1: unknown */
};
void trace_message(struct trace *, const struct span *, const struct message_span *);

/* A command's texts that were classified; its span is the parent of their calls. */
struct work_span {
	const char *agent;
	enum err_code code; /* ERR_OK: all were, as well as may be */
	usec_t duration;
	int n;
};
void trace_work(struct trace *, const struct span *, const struct work_span *);

/* Parts that have a test of their own. Pure. */
bool traceparent_parse(const char *text, struct span *out); /* trace, parent, is_sampled */
struct strbuf;
void span_json_call(struct strbuf *, const struct span *, const struct call_span *, usec_t end_wall);
void span_json_message(struct strbuf *, const struct span *, const struct message_span *, usec_t end_wall);
void span_json_work(struct strbuf *, const struct span *, const struct work_span *, usec_t end_wall);
