#pragma once
/*
 * Clients that wait: for the end of a message (?wait) or of a run of code, or for all that happens to a message (a stream). One thread with one
 * connection serves them all. It is told by a notification that a message has ended, whichever worker ran it, and reads
 * what became of all such messages in one statement; the text of running messages it reads ten times a second, in one
 * statement too. Without notifications it asks three times a second. The connection exists while somebody waits.
 * Whoever waits with a token that was revoked, or has expired, is let go within seconds.
 */
#include "worker/api/server.h"
#include "worker/options.h"

struct waiters;
struct share;

/* max_of_token: how many clients of one token may wait at once, streams included. */
struct waiters *waiters_start(const struct options *, int max_of_token);
/* Answers everybody with what is known, and ends the streams: their clients go on with another worker. */
void waiters_stop(struct waiters *);

/* A place for one more client of the request's token; NULL: too many wait with it. Any thread. */
struct share *waiters_share(struct waiters *, const struct request *);
/* Gives it back, if it is not NULL. */
void waiters_unshare(struct waiters *, struct share *);
/* The caller parks the request (ROUTE_PARKED): it is answered with the document when the message has ended (200) or at
 * `until` (202), with the headers that the reply has. message: of a run its number, negative. document: the one of now;
 * copied. Takes the place. Any thread. */
void waiters_add(struct waiters *, struct share *, struct request *, struct reply_http *, int64_t message, const char *document,
                 usec_t until);
/* Answers with a stream of the message's events, or, where its token has too many clients, with an error. The client has
 * the first `at` bytes of attempt `number` (0: of none). Any thread. */
void waiters_stream(struct waiters *, const struct request *, struct reply_http *, int64_t message, int number, size_t at);
