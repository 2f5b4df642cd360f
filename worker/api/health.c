/* Is the process alive, and does it take work? */
#include "worker/api/routes.h"
#include "worker/writer.h"

/* 200 if the process can answer at all; it checks nothing else. */
enum route_end get_healthz(void *ctx, struct request *request, struct reply_http *r)
{
	(void)ctx;
	(void)request;
	r->status = 200;
	strbuf_str(&r->body, "{\"status\":\"ok\"}\n");
	return ROUTE_DONE;
}

enum route_end get_readyz(void *ctx, struct request *request, struct reply_http *r)
{
	struct api *api = ctx;
	char why[120] = "";
	(void)request;
	r->status = 200;
	if (!api->ready.ask(api->ready.ctx, why))
		reply_error(r, 503, "not_ready", why);
	else
		strbuf_addf(&r->body, "{\"status\":\"ready\",\"records_kept\":%d}\n", writer_kept(api->services->writer));
	return ROUTE_DONE;
}
