#pragma once
/*
 * What the protocols share: JSON taken over byte for byte (what is signed must not be written anew), text that grows in an arena, tool calls
 * that are collected from a stream and handed over only when the reply is whole, and what two of them or more write alike in a request.
 */
#include "worker/llm/provider.h"
#include "worker/net/split.h"

/* Far above what models do; they bound what a mad one may cost us. */
#define WIRE_CALLS_MAX 64               /* calls in one reply */
#define WIRE_BLOCKS_MAX 1000            /* blocks in one reply */
#define WIRE_ARGUMENTS_MAX (256u << 10) /* bytes of one call's arguments */
#define WIRE_NATIVE_MAX SPLIT_LINE_MAX  /* bytes of a turn in its native form */
#define WIRE_MADE_ID "made_"            /* ids that we gave because the provider gave none start so */
#define WIRE_NO_SCHEMA "{\"type\":\"object\",\"properties\":{}}"

/* What a provider sent; ERR_BAD_REPLY when it is no JSON. Strings may hold halves of characters (json_parse_piece). */
MUSTCHECK int wire_parse(struct arena *, struct str text, size_t cap, const struct json **, struct err *);
/* One event, read: what is an error (is_error_event) fails as classify_event says. payload: members, one of which every good event has. */
MUSTCHECK int wire_event(struct arena *, const char *name, struct str data, const char *const *payload, const struct json **,
                         struct err *);
/* The members of an object or the elements of an array, one after the other, as they stand in the text; key is empty for elements and unread
 * (still escaped) for members. *rest starts as the whole container, which json_parse must have accepted. */
bool raw_next(struct str *rest, struct str *key, struct str *value);
/* The value at "a.b[0].c" as it stands in the text; a name that is written with escapes is found too. */
bool raw_get(struct str json, const char *path, struct str *out);

/* JSON to the letter, in whole characters: it can be said again as it stands. */
bool wire_is_strict(struct str json);

/* The elements of the array at `path`, one after the other, each read (`j`) and as it stands (`raw`); `text` is what the node was read from.
 *	for (struct wire_list l = wire_list(node, text, path); wire_next(&l);) */
struct wire_list {
	const struct json *j;
	struct str raw;
	const struct json *next; /* these two are wire_next's own */
	struct str rest;
};
struct wire_list wire_list(const struct json *, struct str text, const char *path);
bool wire_next(struct wire_list *);

/* Text in an arena that grows; its owner keeps it small (WIRE_ARGUMENTS_MAX, or the splitter's limits). */
struct grow {
	char *ptr;
	size_t len, size;
};
void grow_add(struct arena *, struct grow *, struct str);
static inline struct str grow_str(const struct grow *g)
{
	return (struct str){ g->ptr != NULL ? g->ptr : "", g->len };
}

/* A call as it comes. */
struct part {
	struct part *next;
	int64_t index; /* -1: none */
	const char *id, *name;
	struct grow arguments;
	struct brackets seen; /* of the first seen_bytes of them */
	size_t seen_bytes;
};
struct parts {
	struct part *first, *last;
	int n;
};
/* A new call at the end of the list; NULL with err when there are too many. */
struct part *parts_new(struct reply *, struct parts *, int64_t index, struct str id, struct str name, struct err *);
MUSTCHECK int part_add(struct arena *, struct part *, struct str piece, struct err *);
/* It has a name, and the arguments so far are a JSON object: nothing more can belong to it. */
bool part_is_whole(struct part *);
/* The reply is whole: its calls become reply.calls. ERR_NO_ANSWER when one has no name, or arguments that are not a JSON object: then none is
 * handed over. */
MUSTCHECK int parts_settle(struct reply *, const struct parts *, struct err *);
/* An id for call n of a reply that names none, the same each time these bytes are read. call: as it stands. */
struct str wire_make_id(const struct reply *, struct str call, int n);

/* ---- requests */

/* What people set: ,"temperature":0.2,"top_p":0.9 under these names; nothing where nothing is set. */
void wire_put_sampling(const struct prompt *, struct strbuf *, const char *temperature_key, const char *top_p_key);
/* `reasoning` as an effort (none, minimal, low, medium, high) and as a number of tokens, whichever of the two it was set as. */
const char *wire_effort(const char *reasoning);
int64_t wire_budget(const char *reasoning);
/* JSON that another wrote, as it is; `when_empty` where there is none. */
void wire_put_raw(struct strbuf *, struct str json, const char *when_empty);
/* [{"name":…,"description":…,KEY:…},…] with a tool's schema under `schema_key`, or `no_schema` where it has none; NULL: without the key. */
void wire_put_tools(const struct prompt *, struct strbuf *, const char *schema_key, const char *no_schema);
/* ,"tools":[…] in the form that OpenAI and Ollama share. */
void wire_put_functions(const struct prompt *, struct strbuf *);
/* ,"messages":[…] likewise: the system's text is the first message, every turn is one. */
void wire_put_messages(const struct prompt *, struct strbuf *, void (*put_turn)(const struct turn *, struct strbuf *));
/* Messages whose roles must alternate, as Anthropic and Gemini want them: what one role says in a row is one message of many parts. */
struct wire_turns {
	struct strbuf *b;
	const char *parts_key; /* what a message calls its parts: "content", "parts" */
	const char *role;      /* of the message that is open; NULL: none yet */
	bool is_native;        /* what the model said last was put by wire_put_native: its calls go by their provider's ids */
};
/* Makes room for a part of `role`, which the caller writes next: after a comma, or as the first of a new message. */
void wire_next_part(struct wire_turns *, const char *role);
/* What the model said, as its provider said it, where that was this protocol. False, with nothing written, when it has to be translated. */
bool wire_put_native(struct wire_turns *, const char *role, const struct turn *, const char *protocol);
/* Closes the last message. */
void wire_end_turns(struct wire_turns *);
/* A call's id, fit for protocols that allow letters, digits, _ and - only. */
void wire_put_id(struct strbuf *, const char *id);
/* A name as one step of a path: everything else is %XX. */
void wire_put_path(struct strbuf *, const char *name);

/* ---- replies */

/* The text at `path`, or the texts of the parts of a list there (thinking left out), to on_text. */
void wire_put_text(struct reply *, const struct json *, const char *path);
/* The text at `path`, cut to fit; an empty one, or none, leaves `out` as it was. */
void wire_keep(char *out, size_t size, const struct json *, const char *path);
/* The word for the end at `path`, where it is one: made safe to show, and not one that proves nothing in the place of one that did. */
void wire_keep_finish(struct reply *, const struct json *, const char *path);
void wire_set_finish(struct reply *, const char *word);
/* The total that a provider names is input + output, or output is mended and the reply marked. */
void wire_check_total(struct reply *, int64_t total);
