#pragma once
/* The settings of signalbox-worker. */
#include "shared/settings.h"

struct options {
#define SETTING(name, field, type, ...) SETTING_##type field;
#include "shared/settings_worker.def"
#undef SETTING
	struct settings_source source;
};

/* Takes the settings out of argc/argv; strings owned by `options`, freed by options_free. */
MUSTCHECK int options_load(struct options *, int *argc, char **argv, struct err *);
void options_free(struct options *);
