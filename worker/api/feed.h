#pragma once
/* What server.c needs of a feed; see server.h for its maker's side. */
#include <microhttpd.h>

#include "worker/api/server.h"

/* The response whose body is the feed. NULL: there is no memory. Takes the library's hold of the feed. */
struct MHD_Response *feed_response(struct feed *, struct MHD_Connection *);
/* The client has left before the feed became a response, or the response was sent: gives the library's hold back. */
void feed_left(void *feed);
