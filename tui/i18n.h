#pragma once
/* Texts that people read go through gettext; the catalogue is shared/po. */
#include <libintl.h>

#define _(text) gettext(text)
#define N_(text) (text) /* for tables: marks a text that is translated when it is shown */
