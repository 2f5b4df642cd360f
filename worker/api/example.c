/* A route to see what a route takes. */
#include "worker/api/routes.h"

void get_example(void *ctx, const struct request *request, struct reply_http *r)
{
	(void)ctx;
	(void)request;
	r->status = 200;
	strbuf_str(&r->body, "{}\n");
}
