#include "tui/options.h"

#include <pwd.h>
#include <unistd.h>

static const struct setting TABLE[] = {
#define SETTING SETTING_ROW
#include "shared/settings_console.def"
#undef SETTING
};
static const char *const FOREIGN[] = {
#define SETTING SETTING_NAME
#include "shared/settings_worker.def"
#undef SETTING
	"mouse", NULL
};

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
