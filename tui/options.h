#pragma once
/* The settings of signalbox: console and command line. */
#include "shared/settings.h"

struct options {
	char *database_url, *listen_url, *theme, *ascii, *operator_name, *color, *start_view, *clipboard;
	int64_t refresh_ms, retry_hold_ms;
	char user_file[512];
	struct settings_source source;
};

MUSTCHECK int options_load(struct options *, int *argc, char **argv, struct err *);
void options_free(struct options *);
