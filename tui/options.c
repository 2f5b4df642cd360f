#include "tui/options.h"

#include <pwd.h>
#include <unistd.h>

#define AT(field) offsetof(struct options, field)

static const struct setting TABLE[] = {
	{ "database_url", SET_STRING, AT(database_url), "", 0, 0, SET_SECRET,
	  "libpq URI or keyword string; empty: libpq's PG* rules" },
	{ "listen_url", SET_STRING, AT(listen_url), "", 0, 0, SET_SECRET,
	  "direct connection for LISTEN when database_url goes through a pooler" },
	{ "operator", SET_STRING, AT(operator_name), "", 0, 0, 0, "who acts, for the operator log; empty: the login name" },
	{ "theme", SET_STRING, AT(theme), "auto", 0, 0, 0, "auto or mono" },
	{ "color", SET_STRING, AT(color), "auto", 0, 0, 0, "auto, always or never" },
	{ "ascii", SET_STRING, AT(ascii), "auto", 0, 0, 0, "auto, yes or no: draw with ASCII only" },
	{ "start_view", SET_STRING, AT(start_view), "queue", 0, 0, 0, "queue, failed, agents or test" },
	{ "clipboard", SET_STRING, AT(clipboard), "auto", 0, 0, 0, "auto or file: where y copies to" },
	{ "refresh", SET_DURATION, AT(refresh_ms), "2s", 200, 60000, 0, "how often the console looks without being told" },
	{ "retry_hold", SET_DURATION, AT(retry_hold_ms), "3s", 0, 60000, 0, "how long a retry can be taken back with u" },
};
static const char *const FOREIGN[] = { "concurrency",    "tries",
	                               "secret_names",   "backoff",
	                               "timeout",        "first_byte_timeout",
	                               "idle_timeout",   "connect_timeout",
	                               "lease",          "intent_timeout",
	                               "poll",           "max_time",
	                               "drain",          "agents",
	                               "engine_threads", "log_level",
	                               "listen",         "rpc_agent",
	                               "mouse",          NULL };

int options_load(struct options *o, int *argc, char **argv, struct err *err)
{
	const char *home = getenv("HOME");
	*o = (struct options){ .source = { .table = TABLE, .n = ARRAY_SIZE(TABLE), .foreign = FOREIGN } };
	o->source.into = o;
	if (home != NULL) {
		snprintf(o->user_file, sizeof o->user_file, "%s/.config/signalbox/console.conf", home);
		o->source.user_file = o->user_file;
	}
	if (settings_load(&o->source, argc, argv, err) < 0)
		return -1;
	if (o->operator_name[0] == '\0') {
		const struct passwd *pw = getpwuid(getuid());
		free(o->operator_name);
		o->operator_name = xstrdup(pw != NULL ? pw->pw_name : "unknown");
	}
	return 0;
}

void options_free(struct options *o)
{
	settings_free(&o->source);
}
