#pragma once
/* The settings of signalbox-worker. */
#include "shared/settings.h"

struct options {
	char *database_url, *listen_url;
	int64_t concurrency, tries, backoff_ms, timeout_ms, lease_ms, poll_ms, max_time_ms, drain_ms, engine_threads;
	int64_t first_byte_ms, idle_ms, connect_ms, retries, retry_wait_ms, patience_ms, intent_timeout_ms;
	char *agents, *secret_names, *log_level, *listen, *rpc_agent, *otlp_endpoint, *otlp_header;
	struct settings_source source;
};

/* Takes the settings out of argc/argv; strings owned by `options`, freed by options_free. */
MUSTCHECK int options_load(struct options *, int *argc, char **argv, struct err *);
void options_free(struct options *);
