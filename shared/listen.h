#pragma once
/*
 * A connection that also listens on one channel, and knows whether that works. LISTEN may seem to succeed and bring nothing: a pooler in
 * transaction mode gives the next statement another server process, a standby refuses it, a middlebox forgets the connection. So the
 * connection asks, at its start and each minute: does the process that serves me call itself what I was told, and does a notification
 * of my own come back? Until both are so its owner polls; nobody may depend on more. Belongs to one thread.
 */
#include "shared/clock.h"
#include "shared/pg.h"

struct listen {
	/* of the owner; urls and texts outlive it */
	const char *listen_url, *database_url; /* listen_url: the direct way where the other goes through a pooler; "" = none */
	const char *application, *options, *channel;
	int timeout_ms; /* of connecting, and of each question */
	bool any;       /* reads only: any host will do */

	/* its own */
	bool is_detour;    /* listen_url did not answer: on the other one */
	bool is_listening; /* LISTEN was sent on this connection */
	bool is_proved;    /* it came back, last time */
	unsigned number;   /* of questions */
	char token[40];    /* of the notification we wait for */
	usec_t asked;      /* when it was sent; 0: none is waited for */
	usec_t due;        /* when to ask again */
	const char *why, *said;
};

/* To be called before each use of *pg: connects when there is none or a broken one, asks for the proof when it is due. -1: not now. */
MUSTCHECK int listen_turn(struct listen *, struct pg **pg, struct err *);
/* Takes the next notification that is not our own. False when there is none. */
bool listen_take(struct listen *, struct pg *, char payload[static 64]);
/* Sleeps until a notification comes that is not our own, or somebody writes to `wake` (an eventfd, which is emptied), or for ms. An or of what came;
 * all notifications that are there are taken. *pg may be NULL; one that turns out to be broken is closed. */
enum { LISTEN_TOLD = 1, LISTEN_WOKEN = 2 };
int listen_wait(struct listen *, struct pg **pg, int wake, int ms);
/* The owner may wait for notifications rather than poll. */
bool listen_works(const struct listen *);
/* Why it does not, or that it does again: a text to log, once each time that changes. NULL: nothing new. */
const char *listen_news(struct listen *);
