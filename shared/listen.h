#pragma once
/*
 * A connection that also listens on one channel, and tests whether notifications arrive. LISTEN can
 * succeed and still deliver nothing: a pooler in transaction mode gives the next statement another
 * server process, a standby refuses LISTEN, a middlebox drops the connection. Therefore the
 * connection tests itself when it is made and then every minute: the server process must report the
 * PID that was given at connect time, and a notification that it sends to itself (the proof) must
 * come back. Until both hold the owner polls; no code may require notifications. Used by one
 * thread.
 */
#include "shared/clock.h"
#include "shared/pg.h"

struct listen {
	/* set by the owner; the strings must outlive this struct */
	/* listen_url: the direct address, if database_url goes through a pooler; "" = none */
	const char *listen_url, *database_url;
	const char *application, *options, *channel;
	int timeout_ms; /* for connecting, and for each statement */
	bool any;       /* the owner only reads: any host is accepted */

	/* private */
	bool is_detour;    /* listen_url did not answer: connected to database_url */
	bool is_listening; /* LISTEN was sent on this connection */
	bool is_proved;    /* the last proof came back */
	unsigned number;   /* number of the next proof */
	char token[40];    /* payload of the last proof */
	usec_t asked;      /* when the proof was sent; 0: none is outstanding */
	usec_t due;        /* when to send the next proof */
	const char *why, *said;
};

/* Call before each use of *pg: connects if *pg is NULL or broken, and sends the proof when it is
 * due. -1 with err: *pg cannot be used now. */
MUSTCHECK int listen_turn(struct listen *, struct pg **pg, struct err *);
/* Takes the next notification that is not a proof. False when there is none. */
bool listen_take(struct listen *, struct pg *, char payload[static 64]);
/* Sleeps until something comes on *pg, `wake` (an eventfd, which is reset) is written, or ms have passed. Takes no
 * notification: call listen_take() before, because one may have come with the last result, and after. *pg as in
 * listen_wait(). True: `wake` was written. */
bool listen_sleep(struct pg **pg, int wake, int ms);
/* Sleeps until a notification comes that is not a proof, or `wake` (an eventfd, which is reset) is
 * written, or ms have passed. Returns a bitwise OR of LISTEN_TOLD and LISTEN_WOKEN. Takes all
 * notifications that have arrived. *pg may be NULL; a connection that turns out to be broken is
 * closed, and *pg set to NULL. */
enum { LISTEN_TOLD = 1, LISTEN_WOKEN = 2 };
int listen_wait(struct listen *, struct pg **pg, int wake, int ms);
/* True when the owner may wait for notifications instead of polling. */
bool listen_works(const struct listen *);
/* A text to log when the state has changed: why LISTEN does not work, or that it works again. NULL:
 * no change. */
const char *listen_news(struct listen *);
