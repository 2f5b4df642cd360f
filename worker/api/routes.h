#pragma once
/* What the functions of routes.def share. A route is a function of a file here, and its line. */
#include <pthread.h>

#include "shared/json.h"
#include "shared/pg.h"
#include "worker/api/api.h"
#include "worker/api/server.h"
#include "worker/api/waiters.h"

struct dispatcher;

struct api {
	const struct services *services;
	struct api_ready ready;
	struct metrics *metrics;
	pthread_mutex_t metrics_lock; /* guards metrics, and the two below */
	char scraper[65];             /* the last token that was let in to the metrics, */
	usec_t scraper_until;         /* and until when it is, although the database does not answer */
	struct waiters *waiters;
	struct server *server;
	struct dispatcher *dispatcher;
	struct pg *pg[DESKS + 1]; /* of each desk, and of the dispatcher; NULL before it is needed */
};

enum shape_id {
#define SHAPE(name, ...) SHAPE_##name,
#include "worker/api/shapes.def"
#undef SHAPE
	SHAPE_N
};

/* ctx is the struct api. */
#define ROUTE(method, pattern, scope, body, answers, run, answer, help) \
	enum route_end run(void *ctx, struct request *, struct reply_http *);
#include "worker/api/routes.def"
#undef ROUTE

/* Runs a statement on the desk's connection. Below 0: the reply has the error, and this is its code, negative. */
MUSTCHECK int ask(struct api *, const struct request *, struct arena *, const char *sql, const char *const *params, int n_params,
                  struct rows *out, struct reply_http *);
/* "t" or "f", for the parameter `local` of the statements. */
const char *ask_local(const struct request *);
/* Lets a web page in that the token names, with the headers that its browser wants; also a client that is none. False: the
 * reply has the error. */
MUSTCHECK bool allow_origin(struct api *, const struct request *, struct reply_http *);
/* Adds the rate limit's headers, if the agent has one: both families of the contract. col: the first of the columns rate_limit,
 * rate_left, rate_reset. */
void put_rate(struct reply_http *, const struct rows *, int col);

/* A member of a body that is an object. */
struct field {
	const char *name;
	const char **text; /* where a text goes, or */
	int64_t *number;   /* a number without fraction */
	bool is_needed;
};
/* Reads the members of an object; a member that is missing or null changes nothing. False: the reply names the field and
 * says what it is to be. */
MUSTCHECK bool read_fields(const struct json *object, const struct field *fields, size_t n, struct reply_http *);
/* The same for a whole body. The strings lie in the arena. */
MUSTCHECK bool read_body(struct arena *, struct str body, const struct field *fields, size_t n, struct reply_http *);

/* A message that is to be dispatched. NULL: not given. */
struct sending {
	const char *agent, *content, *session, *user, *collection, *thread, *key;
	bool is_signed; /* an application signed user, collection and thread */
	int64_t priority;
};
/* A message that was dispatched. */
struct accepted {
	const char *agent, *document;
	int64_t message;
	struct share *share; /* its client waits, and has this place; NULL: it is told at once */
	usec_t wait;         /* that it asked for */
};
/* Answers, or parks the request. Takes the place. */
enum route_end accept_message(struct api *, struct request *, const struct accepted *, struct reply_http *);
/* Dispatches it: the reply has the status document (202, or 200 if it has ended), or an error, and the rate limit's headers.
 * wait: the client waits for its end. */
enum route_end send_message(struct api *, struct request *, const struct sending *, usec_t wait, struct reply_http *);
