#include "worker/api/api.h"

#include "shared/log.h"
#include "worker/api/metrics.h"
#include "worker/api/routes.h"

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
