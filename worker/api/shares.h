#pragma once
/* How many clients wait or follow with each token: none has all the places. Any thread, except where it is said. */
#include <pthread.h>

#include "shared/list.h"
#include "shared/str.h"

/* Of one token. */
struct share {
	struct list link;
	char token[65]; /* its SHA-256; "": no token */
	int n;
	bool is_refused; /* it does not count any more; used by the thread of waiters.c only */
};

struct shares {
	pthread_mutex_t lock; /* guards all but is_refused */
	struct list all;
	int max; /* clients of one token */
};

void shares_init(struct shares *, int max);
/* When no share is held. */
void shares_release(struct shares *);
/* A place for one more client of this token (NULL: it has none), until share_give(). NULL: there is no place. */
struct share *share_take(struct shares *, const char *token);
void share_give(struct shares *, struct share *);
/* Writes the tokens as an array for PostgreSQL. False: there is none, and nothing is written. */
bool shares_put(struct shares *, struct strbuf *);
