#pragma once
/* The settings of signalbox: console and command line. */
#include "shared/settings.h"

struct options {
#define SETTING(name, field, type, ...) SETTING_##type field;
#include "shared/settings_console.def"
#undef SETTING
	char user_file[512];
	struct settings_source source;
};

MUSTCHECK int options_load(struct options *, int *argc, char **argv, struct err *);
void options_free(struct options *);
