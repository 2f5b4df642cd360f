#pragma once
/*
 * Where a request goes and what it shows there: the URL, the headers that people set for a provider, and the secrets that both name. Secrets come
 * from the worker's environment (NAME, or the file that NAME_FILE names) when a call is made, and go into the request and nowhere else.
 */
#include "worker/llm/provider.h"

#define SECRET_MAX 2048 /* tokens of cloud identities are about 1.5 kB */

/* Names that nobody outside may ask for: the worker's own settings and those of its database connection. */
bool secret_is_ours(const char *name);
/* The secret; ERR_AUTH when there is none, or when its name is one of ours. The caller wipes `out`. */
MUSTCHECK int secret_read(const char *name, char out[static SECRET_MAX], struct err *);

/*
 * The URL of a protocol's path behind base_url. The protocol's version is put between them where base_url does not end in one; OpenAI's clients
 * expect
 * it only behind a bare host (ops->is_version_in_base). Queries of base_url, of the path and of the provider (query, may be NULL; $NAME in it is a
 * secret, escaped) follow the path. ERR_AUTH as secret_read.
 */
MUSTCHECK int address_url(const struct provider_ops *, const char *base_url, const char *path, const char *query,
                          struct strbuf *out, struct err *);
/* The next line of `lines` ("Name: value", $NAME in the value is a secret) as a header in out, and lines moved behind it. 1: there was one, 0:
 * none is
 * left, -1 with err. */
MUSTCHECK int address_header(const char **lines, struct strbuf *out, struct err *);
