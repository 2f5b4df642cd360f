#pragma once
/*
 * What the protocols share: JSON that is copied byte for byte (signed parts must not be written
 * anew), text that grows in an arena, tool calls that are collected from a stream and handed over
 * only when the reply is whole, and the parts of a request that two or more protocols write in the
 * same form.
 */
#include "worker/llm/provider.h"
#include "worker/net/split.h"

/* Far above what models send; they bound the memory that a faulty model can use. */
#define WIRE_CALLS_MAX 64               /* calls in one reply */
#define WIRE_BLOCKS_MAX 1000            /* blocks in one reply */
#define WIRE_ARGUMENTS_MAX (256u << 10) /* bytes of one call's arguments */
#define WIRE_NATIVE_MAX SPLIT_LINE_MAX  /* bytes of a turn in its native form */
#define WIRE_MADE_ID "made_"            /* prefix of ids that we made: the provider gave none */
#define WIRE_NO_SCHEMA "{\"type\":\"object\",\"properties\":{}}"

/* Parses what a provider sent; ERR_BAD_REPLY when it is not JSON. Strings may contain halves of
 * characters (json_parse_piece). */
MUSTCHECK int wire_parse(struct arena *, struct str text, size_t cap, const struct json **, struct err *);
/* Parses one event. An error (is_error_event) gives -1 with the error of classify_event. payload:
 * members of which every good event has at least one. */
MUSTCHECK int wire_event(struct arena *, const char *name, struct str data, const char *const *payload, const struct json **,
                         struct err *);
/* Iterates over the members of an object or the elements of an array, as raw text. key is empty for
 * elements and still escaped for members. *rest is the whole container at first; json_parse must
 * have accepted it before. */
bool raw_next(struct str *rest, struct str *key, struct str *value);
/* Finds the raw text of the value at a path such as "a.b[0].c"; a name that is written with escapes
 * is found too. */
bool raw_get(struct str json, const char *path, struct str *out);

/* True when this is strict JSON in whole characters: it can be sent back unchanged. */
bool wire_is_strict(struct str json);

/* Iterates over the elements of the array at `path`, each parsed (`j`) and as raw text (`raw`);
 * `text` is the raw text of the node.
 *	for (struct wire_list l = wire_list(node, text, path); wire_next(&l);) */
struct wire_list {
	const struct json *j;
	struct str raw;
	const struct json *next; /* private to wire_next: `next` and `rest` */
	struct str rest;
};
struct wire_list wire_list(const struct json *, struct str text, const char *path);
bool wire_next(struct wire_list *);

/* Growing text in an arena; its owner bounds its size (WIRE_ARGUMENTS_MAX, or the splitter's
 * limits). */
struct grow {
	char *ptr;
	size_t len, size;
};
void grow_add(struct arena *, struct grow *, struct str);
static inline struct str grow_str(const struct grow *g)
{
	return (struct str){ g->ptr != NULL ? g->ptr : "", g->len };
}

/* A tool call that is still arriving. */
struct part {
	struct part *next;
	int64_t index; /* -1: none */
	const char *id, *name;
	struct grow arguments;
	struct brackets seen; /* brackets of the first seen_bytes of `arguments` */
	size_t seen_bytes;
};
struct parts {
	struct part *first, *last;
	int n;
};
/* Appends a new tool call to the list; NULL with err when there are too many. */
struct part *parts_new(struct reply *, struct parts *, int64_t index, struct str id, struct str name, struct err *);
MUSTCHECK int part_add(struct arena *, struct part *, struct str piece, struct err *);
/* True when the call has a name and its arguments are a closed JSON object: no further piece can
 * belong to it. */
bool part_is_whole(struct part *);
/* Called when the reply is whole: its tool calls become reply.calls. ERR_NO_ANSWER when one of them
 * has no name, or (where no tools were offered) arguments that are not a JSON object; then none is
 * handed over. */
MUSTCHECK int parts_settle(struct reply *, const struct parts *, struct err *);
/* Makes an id for call n of a reply that has none; the same bytes give the same id. call: the raw
 * text of the call. */
struct str wire_make_id(const struct reply *, struct str call, int n);

/* ---- requests */

/* Writes what the operator set, ,"temperature":0.2,"top_p":0.9 under these names; nothing where
 * nothing is set. */
void wire_put_sampling(const struct prompt *, struct strbuf *, const char *temperature_key, const char *top_p_key);
/* `reasoning` is set as an effort (none, minimal, low, medium, high) or as a number of tokens;
 * these convert it to the one and to the other. */
const char *wire_effort(const char *reasoning);
int64_t wire_budget(const char *reasoning);
/* Writes JSON unchanged; `when_empty` where there is none. */
void wire_put_raw(struct strbuf *, struct str json, const char *when_empty);
/* Writes [{"name":…,"description":…,KEY:…},…], where KEY is `schema_key` and its value the tool's
 * schema. A tool without a schema gets `no_schema`, or no KEY when that is NULL. */
void wire_put_tools(const struct prompt *, struct strbuf *, const char *schema_key, const char *no_schema);
/* Writes ,"tools":[…] in the form that OpenAI and Ollama share. */
void wire_put_functions(const struct prompt *, struct strbuf *);
/* Writes ,"messages":[…] in the form that they share: the system prompt is the first message, every
 * turn is one. */
void wire_put_messages(const struct prompt *, struct strbuf *, void (*put_turn)(const struct turn *, struct strbuf *));
/* Writes messages whose roles must alternate, for Anthropic and Gemini: consecutive turns of one
 * role become one message of several parts. */
struct wire_turns {
	struct strbuf *b;
	const char *parts_key; /* key of a message's parts: "content", "parts" */
	const char *role;      /* role of the open message; NULL: none yet */
	/* the last turn of the model was written by wire_put_native: its calls have their
	 * provider's ids */
	bool is_native;
};
/* Prepares for a part of `role`, which the caller writes next: writes a comma, or begins a new
 * message. */
void wire_next_part(struct wire_turns *, const char *role);
/* Writes the model's turn in its native form when this protocol wrote that form. False, with
 * nothing written, when the turn must be built from its fields. */
bool wire_put_native(struct wire_turns *, const char *role, const struct turn *, const char *protocol);
/* Closes the last message. */
void wire_end_turns(struct wire_turns *);
/* Writes a call's id for protocols that allow letters, digits, _ and - only: others become _. */
void wire_put_id(struct strbuf *, const char *id);
/* Writes a name as one segment of a path: other characters than letters, digits, _, - and . become
 * %XX. */
void wire_put_path(struct strbuf *, const char *name);

/* ---- replies */

/* Passes to on_text the text at `path`, or the texts of a list of parts there (without
 * thinking). */
void wire_put_text(struct reply *, const struct json *, const char *path);
/* Copies the text at `path` to `out`, cut to fit. `out` stays as it was when the text is empty or
 * missing. */
void wire_keep(char *out, size_t size, const struct json *, const char *path);
/* Keeps the finish reason at `path`, if there is one, made safe to show. A word that proves nothing
 * does not replace one that proves the end. */
void wire_keep_finish(struct reply *, const struct json *, const char *path);
void wire_set_finish(struct reply *, const char *word);
/* Compares the provider's total with input + output. When they differ, marks the reply
 * (is_mismatched) and corrects output upwards, or input where the total shows that it lacks
 * `cached`. */
void wire_check_total(struct reply *, int64_t total);
