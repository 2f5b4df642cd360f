#include "worker/api/api.h"

#include "shared/json.h"
#include "shared/log.h"
#include "worker/api/metrics.h"
#include "worker/api/server.h"
#include "worker/telemetry/count.h"
#include "worker/writer.h"

struct api {
	const struct services *services;
	struct api_ready ready;
	struct metrics *metrics;
	struct server *server;
};

static void get_metrics(void *ctx, const struct request *request, struct reply_http *r)
{
	struct api *api = ctx;
	char why[120];
	(void)request;
	r->status = 200;
	r->type = COUNTS_TYPE;
	metrics_write(api->metrics, api->ready.ask(api->ready.ctx, why), &r->body);
}

/* 200 if the process can answer at all; it checks nothing else. */
static void get_healthz(void *ctx, const struct request *request, struct reply_http *r)
{
	(void)ctx;
	(void)request;
	r->status = 200;
	strbuf_str(&r->body, "{\"status\":\"ok\"}\n");
}

static void get_readyz(void *ctx, const struct request *request, struct reply_http *r)
{
	struct api *api = ctx;
	char why[120] = "";
	(void)request;
	r->status = 200;
	if (!api->ready.ask(api->ready.ctx, why))
		reply_error(r, 503, "not_ready", why);
	else
		strbuf_addf(&r->body, "{\"status\":\"ready\",\"records_kept\":%d}\n", writer_kept(api->services->writer));
}

static const struct endpoint ROUTES[] = {
#define ROUTE(method, pattern, scope, body, answers, run) { #method, pattern, SCOPE_##scope, body, ANSWERS_##answers, run },
#include "worker/api/routes.def"
#undef ROUTE
};

struct api *api_start(const struct services *services, struct api_ready ready)
{
	const char *address = services->options->listen;
	struct err err;
	char why[300];
	if (address[0] == '\0')
		return NULL;
	struct api *api = xcalloc(1, sizeof *api);
	*api = (struct api){ .services = services, .ready = ready, .metrics = metrics_new(services) };
	if (server_start(&api->server, address, ROUTES, ARRAY_SIZE(ROUTES), api, services->counts, &err) < 0) {
		log_event(LOG_WARN,
		          err.code == ERR_CONFLICT
		                  ? "no HTTP: the address is in use, by another worker? Each needs its own: --listen HOST:PORT"
		                  : "no HTTP: the address cannot be had",
		          "why=%s", log_quote(err.msg, why, sizeof why));
		metrics_free(api->metrics);
		free(api);
		return NULL;
	}
	log_event(LOG_INFO, "http", "address=%s", server_address(api->server));
	if (!server_is_loopback(api->server))
		log_event(LOG_WARN, "metrics are open to whoever reaches the address", "address=%s", server_address(api->server));
	return api;
}

void api_stop(struct api *api)
{
	if (api == NULL)
		return;
	server_stop(api->server);
	metrics_free(api->metrics);
	free(api);
}
