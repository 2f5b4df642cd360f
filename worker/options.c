#include "worker/options.h"

#define AT(field) offsetof(struct options, field)
#define DAY_MS 86400000

static const struct setting TABLE[] = {
	{ "database_url", SET_STRING, AT(database_url), "", 0, 0, SET_SECRET,
	  "libpq URI or keyword string; empty: libpq's PG* rules" },
	{ "listen_url", SET_STRING, AT(listen_url), "", 0, 0, SET_SECRET,
	  "direct connection for LISTEN when database_url goes through a pooler" },
	{ "concurrency", SET_INT, AT(concurrency), "64", 1, 20000, 0, "messages in flight in this process" },
	{ "tries", SET_INT, AT(tries), "3", 1, 100, 0, "attempts that may end in an error before a message fails" },
	{ "backoff", SET_DURATION, AT(backoff_ms), "30s", 0, DAY_MS, 0, "time between two tries" },
	{ "timeout", SET_DURATION, AT(timeout_ms), "300s", 1000, DAY_MS, 0, "limit of one attempt" },
	{ "first_byte_timeout", SET_DURATION, AT(first_byte_ms), "60s", 100, DAY_MS, 0,
	  "longest wait for the provider's first byte" },
	{ "idle_timeout", SET_DURATION, AT(idle_ms), "60s", 100, DAY_MS, 0, "longest silence inside a stream" },
	{ "connect_timeout", SET_DURATION, AT(connect_ms), "10s", 100, DAY_MS, 0,
	  "longest wait for a connection to the provider" },
	{ "retries", SET_INT, AT(retries), "3", 0, 10, 0, "further calls of the same provider within an attempt" },
	{ "retry_wait", SET_DURATION, AT(retry_wait_ms), "1s", 1, 60000, 0,
	  "before the first of them; doubled each time, with jitter" },
	{ "patience", SET_DURATION, AT(patience_ms), "10s", 0, DAY_MS, 0,
	  "longest wait asked for by a provider that is sat out; beyond it the next provider is called" },
	{ "intent_timeout", SET_DURATION, AT(intent_timeout_ms), "10s", 100, DAY_MS, 0,
	  "longest wait for what a question is about; then it is answered without" },
	{ "lease", SET_DURATION, AT(lease_ms), "30s", 1000, 3600000, 0,
	  "how long after a worker's last sign of life its messages go to others" },
	{ "poll", SET_DURATION, AT(poll_ms), "1s", 10, 60000, 0, "look for work this often even without a notification" },
	{ "max_time", SET_DURATION, AT(max_time_ms), "0", 0, 365LL * DAY_MS, 0, "drain and exit after this long; 0: never" },
	{ "drain", SET_DURATION, AT(drain_ms), "60s", 0, DAY_MS, 0, "after SIGTERM running messages have this long to finish" },
	{ "agents", SET_STRING, AT(agents), "", 0, 0, 0, "serve only these agents (slugs, comma-separated); empty: all" },
	{ "secret_names", SET_STRING, AT(secret_names), "*_API_KEY,*_TOKEN", 0, 0, 0,
	  "variables whose value a provider may get (key_env, $NAME in header and query): patterns, comma-separated" },
	{ "engine_threads", SET_INT, AT(engine_threads), "1", 1, 1, 0, "event loops for provider calls" },
	{ "log_level", SET_STRING, AT(log_level), "info", 0, 0, 0, "debug, info, warn or error" },
	{ "listen", SET_STRING, AT(listen), "127.0.0.1:8787", 0, 0, 0,
	  "HOST:PORT of metrics and health, one worker each; empty: none" },
	{ "otlp_endpoint", SET_STRING, AT(otlp_endpoint), "", 0, 0, 0,
	  "collector of spans, such as http://127.0.0.1:4318 (OTLP/HTTP, JSON); empty: none" },
	{ "otlp_header", SET_STRING, AT(otlp_header), "", 0, 0, SET_SECRET, "\"Name: value\" sent to it, for its key" },
	{ "rpc_agent", SET_STRING, AT(rpc_agent), "", 0, 0, 0, "agent of the RPC interface (this version serves none)" },
};
static const char *const FOREIGN[] = { "theme",      "ascii",      "mouse",    "refresh", "clipboard",
	                               "retry_hold", "start_view", "operator", "color",   NULL };

int options_load(struct options *o, int *argc, char **argv, struct err *err)
{
	*o = (struct options){ .source = { .table = TABLE, .n = ARRAY_SIZE(TABLE), .foreign = FOREIGN } };
	o->source.into = o;
	return settings_load(&o->source, argc, argv, err);
}

void options_free(struct options *o)
{
	settings_free(&o->source);
}
