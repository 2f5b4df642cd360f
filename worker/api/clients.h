#pragma once
/*
 * The connections of clients, and what they may hold: time for the headers, for an answer and between two requests; of one
 * address, connections whose request is not whole, and bytes of bodies. A proxy that the settings name, and whoever comes
 * by a unix socket, speaks for many: its address is not bounded. Any thread, except where it is said.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "shared/clock.h"
#include "shared/list.h"

#define CLIENT_NEVER INT64_MAX

/* Lives as long as its connection. */
struct client {
	struct list link;
	int fd;
	usec_t deadline;
	struct sockaddr_storage address;
	bool is_asking;     /* no whole request has come yet, or the next one's body is on its way, */
	usec_t asks_since;  /* since then */
	bool is_over_limit; /* only open routes are answered */
	bool is_trusted;
	atomic_size_t body_bytes;
};

struct clients {
	pthread_mutex_t lock; /* guards `all` and the clients' deadlines */
	struct list all;
	int n, max;
	const char *trusted; /* see address_is_in(); NULL: none */
	usec_t swept;
	atomic_size_t body_bytes; /* of all */
};

void clients_init(struct clients *, int max, const char *trusted);
/* When no client is left. */
void clients_release(struct clients *);

/* These four, and only these, run on the thread that accepts and reads. */
struct client *client_add(struct clients *, int fd);
void client_remove(struct clients *, struct client *);
void client_asks(struct client *);      /* the headers of a request are there */
void client_has_asked(struct client *); /* and the whole request */

/* Its connection is shut down after this time; CLIENT_NEVER: it is not. client may be NULL. */
void client_set_deadline(struct clients *, struct client *, usec_t from_now);
/* Takes room for n bytes of a body; false: there is none. client may be NULL. */
MUSTCHECK bool client_take_bytes(struct clients *, struct client *, size_t n);
void client_give_bytes(struct clients *, struct client *, size_t n);
/* Shuts down the connections that are over their deadline; does so once a second, however often it is called. */
void clients_sweep(struct clients *);
