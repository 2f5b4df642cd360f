#include "worker/api/api.h"

#include <sys/resource.h>

#include "shared/log.h"
#include "sql_embed.h"
#include "worker/api/dispatcher.h"
#include "worker/api/metrics.h"
#include "worker/api/routes.h"

#define CONNECTIONS_MAX 8192
#define CONNECTIONS_MIN 64
#define FILES_KEPT 100 /* open files of the other modules, besides the calls of providers */

enum { /* most bytes of a body */
#define SHAPE(name, max, ...) MAX_##name = max,
#include "worker/api/shapes.def"
#undef SHAPE
};

static const struct endpoint ROUTES[] = {
#define ROUTE(method, pattern, scope, body, answers, run, answer, help) \
	{ #method, pattern, SCOPE_##scope, MAX_##body, ANSWERS_##answers, run },
#include "worker/api/routes.def"
#undef ROUTE
};

/* Connections of clients, as far as the limit of open files allows. */
static int connections(const struct options *o)
{
	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	int64_t left = (int64_t)MIN(files.rlim_cur, (rlim_t)1 << 20) - o->concurrency - FILES_KEPT;
	return (int)MAX(CONNECTIONS_MIN, MIN(CONNECTIONS_MAX, left));
}

static bool has_token(const struct options *o)
{
	struct arena a = ARENA_INIT;
	struct pg *pg = NULL;
	struct rows r;
	struct err err;
	bool has = pg_connect(&pg, o->database_url, "signalbox-worker http", "-c statement_timeout=4s", 5000, &err) == 0 &&
	           pg_exec(pg, &a, sql_worker_http_tokens, NULL, 0, 5000, &r, &err) == 0 &&
	           rows_int(&r, 0, COL_HTTP_TOKENS_N, 0) > 0;
	pg_close(pg);
	arena_release(&a);
	return has;
}

static int api_listen(struct api *api, struct err *err)
{
	const struct options *o = api->services->options;
	struct server_options options = { .address = o->listen,
		                          .routes = ROUTES,
		                          .n_routes = ARRAY_SIZE(ROUTES),
		                          .ctx = api,
		                          .connections = connections(o),
		                          .is_local_only = true,
		                          .trusted = o->trusted_proxies,
		                          .counts = api->services->counts,
		                          .tally = api->services->tally };
	int result = server_start(&api->server, &options, err);
	if (result == 0 || err->code != ERR_REFUSED || !has_token(o))
		return result;
	options.is_local_only = false;
	return server_start(&api->server, &options, err);
}

static void api_free(struct api *api)
{
	for (int i = 0; i <= DESKS; i++)
		pg_close(api->pg[i]);
	metrics_free(api->metrics);
	pthread_mutex_destroy(&api->metrics_lock);
	free(api);
}

struct api *api_start(const struct services *services, struct api_ready ready)
{
	struct err err;
	char why[300];
	if (services->options->listen[0] == '\0')
		return NULL;
	struct api *api = xcalloc(1, sizeof *api);
	api->services = services;
	api->ready = ready;
	api->metrics = metrics_new(services);
	pthread_mutex_init(&api->metrics_lock, NULL);
	api->waiters = waiters_start(services->options, connections(services->options) * 3 / 4);
	api->dispatcher = dispatcher_start(api);
	if (api_listen(api, &err) < 0) {
		log_event(LOG_WARN,
		          err.code == ERR_CONFLICT
		                  ? "no HTTP: the address is in use, by another worker? Each needs its own: --listen HOST:PORT"
		          : err.code == ERR_REFUSED ? "no HTTP: make a token first (signalbox token create), or listen on loopback"
		                                    : "no HTTP: the address cannot be had",
		          "why=%s", log_quote(err.msg, why, sizeof why));
		dispatcher_stop(api->dispatcher);
		waiters_stop(api->waiters);
		api_free(api);
		return NULL;
	}
	log_event(LOG_INFO, "http", "address=%s", server_address(api->server));
	return api;
}

void api_stop(struct api *api)
{
	if (api == NULL)
		return;
	server_quiesce(api->server);
	dispatcher_stop(api->dispatcher);
	waiters_stop(api->waiters); /* after it no request is parked, and every feed has ended */
	server_stop(api->server);
	api_free(api);
}
