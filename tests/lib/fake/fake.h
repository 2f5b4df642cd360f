#pragma once
/* The parts of the scripted provider (tests/lib/fake_llm.c says what it is): the server, its script, and what it says in each protocol. */
#include "shared/clock.h"
#include "shared/json.h"

#define REQUEST_MAX (32u << 20)
#define SCRIPT_MAX 400

enum protocol { OLLAMA, OPENAI, ANTHROPIC, GEMINI, N_PROTOCOLS };

/* An error in the protocol's own words. */
enum failure { FAIL_NONE, FAIL_ASKED, FAIL_QUOTA, FAIL_OVERLOADED, FAIL_AUTH, FAIL_TOO_LONG, FAIL_DOWN, N_FAILURES };

struct script {
	int slow_ms, words, rate, cut, end, stall, split, rst, flood, status, fail, error_mid, down, remaining, cached;
	double retry_after, reset;
	enum failure failure;
	bool hang, malformed, html, whole, no_usage, empty, tools, is_signed;
	char say[SCRIPT_MAX], ask[SCRIPT_MAX];
};

/* A provider of many: what comes under /p/NAME/ meets its own script. */
struct stage {
	char name[40], script[SCRIPT_MAX];
	usec_t down_since; /* 0: not down yet */
	int requests, answers;
};

/* What a request asks for. */
struct asked {
	enum protocol protocol;
	bool is_embedding;
	char path[200], model[80], tool[80];
	struct strbuf message;   /* the last that the user said */
	struct strbuf arguments; /* for the tool */
	int turns, prompt_tokens;
	bool is_after_tool;    /* it gives a tool's result: now the answer is due */
	int rounds;            /* replies that asked for tools, since the user's last words */
	struct strbuf results; /* what these tools answered, a line each */
	/* embeddings */
	int n_texts, dimensions;
	bool is_packed;
	struct strbuf vectors; /* the answer's list of them */
};

struct conn {
	int fd;
	struct strbuf in, out, text; /* text: the answer, whole */
	size_t sent, said;
	struct stage *stage;
	struct script script;
	struct asked asked;
	int number, status, word;
	bool answering, headers_out, wants_out, has_begun;
	usec_t next_at, first_at; /* first_at: of this answer's first word */
	size_t timer;             /* place in the heap of timers, from 1; 0: none set */
};

/* ---- fake_llm.c */
void event(struct conn *, const char *name, const struct strbuf *json);

/* ---- script.c */
extern const char *default_script;
extern int default_rate;
struct stage *stage_find(const char *name, size_t len);
/* From now on. */
void stage_set(struct stage *, struct str words);
void read_script(struct script *, struct stage *, const char *message);
/* Without its [[words]]. */
void compose(struct strbuf *text, const struct script *, const char *message);

/* The i-th call that this reply asks for, into c->asked. False: there is none. */
bool pick_call(struct conn *, int i);
bool asks_for_tools(const struct conn *);

/* ---- asked.c */
/* False when the body is no JSON. */
bool read_asked(struct asked *, const char *path, struct str body);
void asked_release(struct asked *);

/* ---- speak.c: what a protocol says, into events or into one body */
int error_status(enum protocol, enum failure);
void put_error(struct strbuf *, enum protocol, enum failure, int status);
const char *stream_type(enum protocol);
void speak_piece(struct conn *, struct str text);
void speak_tools(struct conn *); /* all calls of this reply */
void speak_error(struct conn *);
void speak_last(struct conn *);
void put_whole(struct conn *, struct strbuf *);
void put_embeddings(const struct conn *, struct strbuf *);
int completion_tokens(const struct conn *);
int cached_tokens(const struct conn *);
