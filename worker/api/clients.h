#pragma once
/*
 * The connections of clients, and what they may hold: time for the headers, for an answer and between two requests; of one
 * address, connections whose request is not whole, connections that have no request at all, and bytes of bodies. Who has a
 * request under way is bounded by its token (shares.h). A proxy that the settings name, and whoever comes by a unix
 * socket, speaks for many: its address is not bounded. Any thread, except where it is said.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "shared/clock.h"
#include "shared/list.h"

#define CLIENT_NEVER INT64_MAX

enum client_state {
	CLIENT_ASKS,   /* its first request is not whole yet, or the body of a later one */
	CLIENT_RESTS,  /* between two requests */
	CLIENT_WAITS,  /* has asked, and is not answered */
	CLIENT_STATES
};

/* All clients of one address; of IPv6, of one network (/64). */
struct client_address {
	struct list link;
	struct sockaddr_storage address;
	int n[CLIENT_STATES];
	atomic_size_t body_bytes;
};

/* Lives as long as its connection. */
struct client {
	struct list link;
	int fd;
	usec_t deadline;
	struct client_address *address;
	enum client_state state;
	usec_t since;       /* in this state */
	bool is_over_limit; /* only open routes are answered */
	bool is_trusted;
};

struct clients {
	pthread_mutex_t lock; /* guards all that follows but the bytes */
	struct list all, addresses;
	int n, max;
	const char *trusted; /* see address_is_in(); NULL: none */
	usec_t swept;
	atomic_size_t body_bytes; /* of all */
};

void clients_init(struct clients *, int max, const char *trusted);
/* When no client is left. */
void clients_release(struct clients *);

struct client *client_add(struct clients *, int fd);
void client_remove(struct clients *, struct client *);
/* What the client does now, and how long it may: its connection is shut down then; CLIENT_NEVER: it is not. Of an address
 * that has too many in this state the one that is in it for longest is shut down. client may be NULL. */
void client_is(struct clients *, struct client *, enum client_state, usec_t from_now);
/* Takes room for n bytes of a body; false: there is none. client may be NULL. */
MUSTCHECK bool client_take_bytes(struct clients *, struct client *, size_t n);
void client_give_bytes(struct clients *, struct client *, size_t n);
/* Shuts down the connections that are over their deadline; does so once a second, however often it is called. */
void clients_sweep(struct clients *);
