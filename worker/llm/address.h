#pragma once
/*
 * Where a request goes and what it shows there: the URL, the headers that people set for a provider, and the secrets that both name. Secrets come
 * from the worker's environment (NAME, or the file that NAME_FILE names) when a call is made, and go into the request and nowhere else.
 */
#include "worker/llm/provider.h"

#define SECRET_MAX 2048 /* tokens of cloud identities are about 1.5 kB */
#define SECRETS_MAX 8192

/* The secrets of one request: which may be asked for, and which it was sent with, so that nothing that comes back shows them: servers repeat a key
 * in an
 * error, a header or an id. Starts as SECRETS_INIT; secrets_release wipes it. */
struct secrets {
	const char *allowed; /* the setting secret_names: patterns as of a shell, comma-separated */
	struct strbuf all;   /* each with a newline behind it */
};
#define SECRETS_INIT(names)                                          \
	{                                                            \
		.allowed = (names), .all = STRBUF_INIT(SECRETS_MAX), \
	}
/* Is it one of these patterns, and none of the worker's own settings? */
bool secret_is_allowed(const char *names, const char *name);
/* Puts stars in the place of each secret in `text`, as it is or escaped as in a query, also of the beginning of one at the end of the text.
 * Secrets of
 * less than 6 bytes are left alone. */
void secrets_blot(const struct secrets *, char *text);
void secrets_release(struct secrets *);

/* The secret; ERR_NO_KEY when there is none, when its name is one of the worker's own settings, or not allowed. The caller wipes `out`. It is
 * remembered in `used`. */
MUSTCHECK int secret_read(const char *name, char out[static SECRET_MAX], struct secrets *used, struct err *);

/*
 * The URL of a protocol's path behind base_url. The protocol's version is put between them where base_url does not end in one; OpenAI's clients
 * expect it only behind a bare host (ops->is_version_in_base). Queries of base_url, of the path and of the provider (query, may be NULL; $NAME in
 * it is a
 * secret, escaped) follow the path. ERR_NO_KEY as secret_read, NOT_CONFIGURED when it is longer than `out`.
 */
MUSTCHECK int address_url(const struct provider_ops *, const char *base_url, const char *path, const char *query,
                          struct strbuf *out, struct secrets *used, struct err *);
/* The next line of `lines` ("Name: value", $NAME in the value is a secret) as a header in out, and lines moved behind it. 1: there was one, 0:
 * none is left, -1 with err: as secret_read, or NOT_CONFIGURED when it is longer than `out`. */
MUSTCHECK int address_header(const char **lines, struct strbuf *out, struct secrets *used, struct err *);
/* People set a header of this name ("Name: " or "Name: value") themselves. */
bool address_sets(const char *lines, const char *header);
