#pragma once
/* Texts that people read go through gettext; the catalogue is shared/po. */
#include <libintl.h>

#define _(text) gettext(text)
#define N_(text) (text) /* in tables: translated where it is shown */
