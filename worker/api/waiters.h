#pragma once
/*
 * Clients that wait: for the end of a message (?wait), or for all that happens to it (a stream). One thread with one
 * connection serves them all. It is told by a notification that a message has ended, whichever worker ran it, and reads
 * what became of all such messages in one statement; the text of running messages it reads ten times a second, in one
 * statement too. Without notifications it asks three times a second. The connection exists while somebody waits.
 */
#include "worker/api/server.h"
#include "worker/options.h"

struct waiters;

struct waiters *waiters_start(const struct options *);
/* Answers everybody with what is known, and ends the streams: their clients go on with another worker. */
void waiters_stop(struct waiters *);

/* The caller parks the request (ROUTE_PARKED): it is answered with the status document when the message ends (200) or
 * at `until` (202), with the headers that the reply has. document: the one of now; copied. Any thread. */
void waiters_add(struct waiters *, struct request *, struct reply_http *, int64_t message, const char *document, usec_t until);
/* Adds the message's events to the feed, and ends it. The client has the first `at` bytes of attempt `number` (0: of
 * none). Takes the maker's hold of the feed. Any thread. */
void waiters_stream(struct waiters *, struct feed *, int64_t message, int number, size_t at);
