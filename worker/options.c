#include "worker/options.h"

static const struct setting TABLE[] = {
#define SETTING SETTING_ROW
#include "shared/settings_worker.def"
#undef SETTING
};
static const char *const FOREIGN[] = {
#define SETTING SETTING_NAME
#include "shared/settings_console.def"
#undef SETTING
	"mouse", NULL
};

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
