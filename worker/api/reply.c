/* What a handler puts into a reply. */
#include <stdarg.h>

#include "shared/json.h"
#include "worker/api/server.h"

void reply_header(struct reply_http *r, const char *name, const char *fmt, ...)
{
	va_list ap;
	if (r->n_headers == REPLY_HEADERS)
		BUG("more than %d headers", REPLY_HEADERS);
	char *value = r->headers[r->n_headers].value;
	va_start(ap, fmt);
	int n = vsnprintf(value, sizeof r->headers[0].value, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof r->headers[0].value)
		return;
	for (const unsigned char *p = (const unsigned char *)value; *p != '\0'; p++)
		if (*p < ' ' || *p == 0x7f)
			return;
	r->headers[r->n_headers++].name = name;
}

void reply_error(struct reply_http *r, int status, const char *code, const char *message)
{
	r->status = status;
	r->type = "application/json";
	strbuf_clear(&r->body);
	strbuf_str(&r->body, "{\"error\":{");
	json_put_field(&r->body, "code", code);
	json_put_field(&r->body, "message", message);
	strbuf_str(&r->body, "}}\n");
}
