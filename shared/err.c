#include "shared/err.h"

#include <stdarg.h>

static const struct {
	const char *name;
	enum err_class class;
	int acts;
} CODES[] = {
#define X(code, class_, name_, acts_) [ERR_##code] = { name_, ERR_##class_, acts_ },
	ERR_CODES(X)
#undef X
};

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;
	err->code = code;
	err->wait_ms = 0;
	err->is_of_model = false;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof err->msg, fmt, ap);
	va_end(ap);
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char inner[sizeof err->msg];
	va_list ap;
	memcpy(inner, err->msg, sizeof inner);
	va_start(ap, fmt);
	int n = vsnprintf(err->msg, sizeof err->msg, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof err->msg)
		snprintf(err->msg + n, sizeof err->msg - (size_t)n, ": %s", inner);
	return -1;
}

const char *err_name(enum err_code code)
{
	return CODES[code].name;
}

enum err_class err_class(enum err_code code)
{
	return CODES[code].class;
}

int err_acts(enum err_code code)
{
	return CODES[code].acts;
}
