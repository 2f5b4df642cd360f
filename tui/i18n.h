#pragma once
/* Texts that people read go through gettext; the catalogue is shared/po. */
#include <libintl.h>

#define _(text) gettext(text)
#define NP_(one, many, n) ngettext(one, many, (unsigned long)(n))
#define N_(text) (text) /* for tables: marks a text that is translated when it is shown */
