#pragma once
/*
 * Builds the URL and the headers of a request, which may both name secrets. A secret is read from
 * the worker's environment (variable NAME, or the file that NAME_FILE names) each time a call is
 * made, and is written into that request only.
 */
#include "worker/llm/provider.h"

#define SECRET_MAX 2048 /* bytes; access tokens of cloud identities have about 1.5 kB */
#define SECRETS_MAX 8192

/* The secrets of one request: which names are allowed, and which values were sent. The values are
 * kept to remove them from the answer, because servers repeat a key in an error, a header or an id.
 * Initialise with SECRETS_INIT; secrets_release wipes the values. */
struct secrets {
	/* setting secret_names: shell patterns, separated by commas or blanks */
	const char *allowed;
	/* the values that were sent, a newline after each */
	struct strbuf all;
};
#define SECRETS_INIT(names)                                          \
	{                                                            \
		.allowed = (names), .all = STRBUF_INIT(SECRETS_MAX), \
	}
/* True when `name` matches a pattern in `names` and is not one of the worker's own settings. */
bool secret_is_allowed(const char *names, const char *name);
/* Overwrites each secret in `text` with stars: in plain form, in the escaped form of a query, and a
 * secret that is cut at the end of `text`. Secrets of less than 6 bytes are not searched for. */
void secrets_blot(const struct secrets *, char *text);
void secrets_release(struct secrets *);

/* Reads the secret `name` into `out`, which the caller wipes, and adds it to `used`. ERR_NO_KEY
 * when the secret is missing, empty or too long, when `name` is one of the worker's own settings,
 * or when secret_names does not allow it. */
MUSTCHECK int secret_read(const char *name, char out[static SECRET_MAX], struct secrets *used, struct err *);

/*
 * Writes the URL: base_url, the protocol's version, the path, the queries. The version is left out
 * when base_url already ends in a version. For OpenAI (ops->is_version_in_base) the version is
 * written only when base_url is a host without a path, as OpenAI's clients expect. The queries of
 * the path, of base_url and of the provider form one query string. `query` is the provider's query
 * and may be NULL; $NAME in it is replaced by the secret, escaped. ERR_NO_KEY as in secret_read;
 * ERR_NOT_CONFIGURED when the URL is longer than `out` (without `query` only out->broken is set).
 */
MUSTCHECK int address_url(const struct provider_ops *, const char *base_url, const char *path, const char *query,
                          struct strbuf *out, struct secrets *used, struct err *);
/* Writes the next line of *lines ("Name: value"; $NAME in it is replaced by the secret) to out and
 * moves *lines to the line after it. Returns 1 when a header was written, 0 when no line is left,
 * -1 with err: as in secret_read, or ERR_NOT_CONFIGURED when the header is longer than `out`. */
MUSTCHECK int address_header(const char **lines, struct strbuf *out, struct secrets *used, struct err *);
/* True when `lines` has a header with the name of `header` ("Name: " or "Name: value"). */
bool address_sets(const char *lines, const char *header);
