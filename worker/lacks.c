#include "worker/lacks.h"

#include <sys/stat.h>

#include "shared/err.h"
#include "shared/json.h"
#include "shared/log.h"
#include "shared/utf8.h"
#include "worker/llm/address.h"

/* True if the secret is in a key file that other users may read or write, or that its group may
 * write: then it is no secret. */
static bool is_open(const char *name)
{
	char variable[128];
	struct stat st;
	snprintf(variable, sizeof variable, "%s_FILE", name);
	const char *path = getenv(name) == NULL ? getenv(variable) : NULL;
	return path != NULL && stat(path, &st) == 0 && (st.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0;
}

/* True if the secret is missing. */
static bool lacks_look(const char *name, const char *allowed, struct strbuf *missing, struct strbuf *open)
{
	char secret[SECRET_MAX];
	struct secrets used = SECRETS_INIT(allowed);
	struct strbuf safe = STRBUF_INIT(2048);
	struct err err;
	bool is_missing = secret_read(name, secret, &used, &err) < 0;
	if (is_missing) {
		utf8_safe(&safe, str_of(err.msg), false);
		json_put_field(missing, name, strbuf_text(&safe));
	} else if (is_open(name)) {
		strbuf_addf(open, "%s%s", open->len > 0 ? "," : "", name);
	}
	explicit_bzero(secret, sizeof secret);
	secrets_release(&used);
	strbuf_release(&safe);
	return is_missing;
}

void lacks_put(struct lacks *l, const char *names, const char *allowed, struct strbuf *b)
{
	struct strbuf missing = STRBUF_INIT(32768), open = STRBUF_INIT(4096), all = STRBUF_INIT(65536);
	char name[128], quoted[4000];
	int n_missing = 0;
	strbuf_char(&missing, '{');
	for (const char *p = names; *p != '\0';) {
		p += strspn(p, "{},\"");
		size_t n = strcspn(p, "},\"");
		snprintf(name, sizeof name, "%.*s", (int)MIN(n, sizeof name - 1), p);
		if (n > 0 && n < sizeof name)
			n_missing += lacks_look(name, allowed, &missing, &open);
		p += n;
	}
	strbuf_char(&missing, '}');
	atomic_store(&l->missing, n_missing);
	const char *text = missing.broken ? "{}" : strbuf_text(&missing);
	strbuf_str(b, text);
	strbuf_addf(&all, "%s%s", text, strbuf_text(&open));
	if (strcmp(strbuf_text(&all), l->said != NULL ? l->said : "{}") != 0) {
		if (strcmp(text, "{}") != 0)
			log_event(LOG_WARN, "this worker lacks secrets: what needs them is left to others", "lacks=%s",
			          log_quote(text, quoted, sizeof quoted));
		else
			log_event(LOG_INFO, "this worker has all secrets that are needed", "n=0");
		if (open.len > 0)
			log_event(LOG_WARN, "key files that others may read, or write", "names=%s", strbuf_text(&open));
		free(l->said);
		l->said = xstrdup(strbuf_text(&all));
	}
	strbuf_release(&missing);
	strbuf_release(&open);
	strbuf_release(&all);
}

void lacks_release(struct lacks *l)
{
	free(l->said);
}
