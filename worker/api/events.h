#pragma once
/* One who waits, and the events of a stream (Server-Sent Events). Used by the thread of waiters.c. */
#include "shared/list.h"
#include "worker/api/server.h"

#define PIECE_MAX 16384                 /* bytes of text in an event */
#define PIECE_ROOM (PIECE_MAX * 6 + 512) /* what such an event takes at most: \u0000 for each byte */

struct share;
struct waiter {
	struct list link;
	int64_t message;
	struct share *share;
	struct request *request; /* of one that waits for the end; NULL: a stream */
	struct reply_http *reply;
	usec_t until;
	char *document; /* the last one that was read */
	struct feed *feed; /* of a stream */
	int number;        /* its client has the first `at` bytes of this attempt */
	size_t at;
	bool is_running;
	bool is_told; /* its message has ended, somebody says: its document is fetched at once */
	char *tools;     /* what the last event `tool` said; NULL: there was none */
	char mark[160];  /* what the last event `status` said */
	usec_t said_at;  /* when something was last sent */
	usec_t look_at;  /* when the database is asked next */
	usec_t seen_at;  /* when its client was last known to be there */
};

/* These add to the feed, and note that something was sent. An event is added only while feed_room() is at least
 * PIECE_ROOM: the caller asks before event_document(). */
void event_document(struct waiter *, const char *event, const char *document, bool has_id);
/* How the calls of tools stand, if that is not what was said last; NULL: there are none. */
void event_tools(struct waiter *, const char *document);
/* The client drops what it has: the text of this attempt begins. has_text: a piece will follow, and say it. */
void event_attempt(struct waiter *, int number, bool has_text);
/* Sends what the client does not have of the attempt's text, of which `text` is the part from byte `from` on. Stops where
 * the feed has no room. */
void event_text(struct waiter *, int number, size_t from, struct str text);
