/* What several routes do: ask the database, say an error, read a body. */
#include "sql_embed.h"
#include "worker/api/routes.h"

#define TIMEOUT_MS 5000
#define CONNECT_MS 2000

static void reply_database_error(struct reply_http *r, const struct err *err)
{
	static const struct {
		enum err_code code;
		int status;
	} STATUS[] = { { ERR_NOT_FOUND, 404 },    { ERR_BAD_INPUT, 400 }, { ERR_DB_DATA, 400 },
		       { ERR_REFUSED, 409 },      { ERR_CONFLICT, 422 },  { ERR_UNAUTHORIZED, 401 },
		       { ERR_FORBIDDEN, 403 },    { ERR_DB_DOWN, 503 },   { ERR_DB_TIMEOUT, 503 },
		       { ERR_DB_CONFLICT, 503 } };
	int status = 500;
	for (size_t i = 0; i < ARRAY_SIZE(STATUS); i++)
		if (STATUS[i].code == err->code)
			status = STATUS[i].status;
	/* The database's words about itself are not for strangers. */
	reply_error(r, status, err_name(err->code), status < 500 ? err->msg : "the database does not answer as it should: try again");
	if (status == 401)
		reply_header(r, "WWW-Authenticate", "Bearer");
	if (status == 503)
		reply_header(r, "Retry-After", "2");
}

/* A connection that was lost meanwhile is found before it is used: a statement is never sent twice. The first reading may
 * bring the server's last words, the second then finds the end. */
static int connect_desk(struct api *api, int desk, struct err *err)
{
	struct pg **pg = &api->pg[desk];
	if (*pg != NULL && (pg_consume(*pg, err) < 0 || pg_consume(*pg, err) < 0 || pg_is_broken(*pg))) {
		pg_close(*pg);
		*pg = NULL;
	}
	if (*pg != NULL)
		return 0;
	return pg_connect(pg, api->services->options->database_url, "signalbox-worker http", "-c statement_timeout=4s", CONNECT_MS,
	                  err);
}

int ask(struct api *api, const struct request *request, struct arena *a, const char *sql, const char *const *params, int n_params,
        struct rows *out, struct reply_http *r)
{
	struct err err;
	int result = connect_desk(api, request->desk, &err);
	for (int i = 0; result == 0 && i < 3; i++) { /* a conflict had no effect: once more */
		result = pg_exec(api->pg[request->desk], a, sql, params, n_params, TIMEOUT_MS, out, &err);
		if (result == 0)
			return 0;
		if (err.code == ERR_DB_CONFLICT && i < 2)
			result = 0;
	}
	reply_database_error(r, &err);
	return -(int)err.code;
}

const char *ask_local(const struct request *request)
{
	return request->is_local ? "t" : "f";
}

void put_rate(struct reply_http *r, const struct rows *rows, int col)
{
	const char *limit = rows_at(rows, 0, col), *left = rows_at(rows, 0, col + 1), *reset = rows_at(rows, 0, col + 2);
	if (limit == NULL)
		return;
	reply_header(r, "X-RateLimit-Limit", "%s", limit);
	reply_header(r, "X-RateLimit-Remaining", "%s", left);
	reply_header(r, "X-RateLimit-Reset", "%s", reset);
	reply_header(r, "RateLimit-Policy", "\"agent\";q=%s;w=60", limit);
	reply_header(r, "RateLimit", "\"agent\";r=%s;t=%s", left, reset);
}

/* ---------------------------------------------------------------- web pages */

static bool has_origin(const struct rows *r, const char *origin)
{
	for (int i = 0; i < r->n_rows; i++) {
		const char *one = rows_at(r, i, COL_HTTP_ORIGINS_ORIGIN);
		if (strcmp(one, "*") == 0 || strcmp(one, origin) == 0)
			return true;
	}
	return false;
}

/* token: NULL: one of all. */
static bool origin_is_allowed(struct api *api, const struct request *request, const char *token, struct reply_http *r)
{
	struct arena a = ARENA_INIT;
	struct rows rows;
	bool is = ask(api, request, &a, sql_worker_http_origins, &token, 1, &rows, r) == 0;
	if (is && !has_origin(&rows, request->origin)) {
		reply_error(r, 403, "bad_origin", "no token allows this web page to ask: see signalbox token create --origin");
		is = false;
	}
	arena_release(&a);
	if (is) {
		reply_header(r, "Access-Control-Allow-Origin", "%s", request->origin);
		reply_header(r, "Vary", "Origin");
	}
	return is;
}

bool allow_origin(struct api *api, const struct request *request, struct reply_http *r)
{
	if (request->origin == NULL)
		return true;
	/* Without a token nothing tells whose page it is: none may ask. */
	const char *token = request->token != NULL ? request->token : "";
	if (!origin_is_allowed(api, request, token, r))
		return false;
	reply_header(r, "Access-Control-Expose-Headers",
	             "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, RateLimit-Policy, RateLimit");
	return true;
}

/* A browser asks before it sends a page's request. Which token that will have is not known yet. */
enum route_end get_preflight(void *ctx, struct request *request, struct reply_http *r)
{
	if (request->origin == NULL) {
		reply_error(r, 400, "bad_request", "OPTIONS is only for web pages: there is no header Origin");
	} else if (origin_is_allowed(ctx, request, NULL, r)) {
		r->status = 204;
		reply_header(r, "Access-Control-Allow-Methods", "GET, POST");
		reply_header(r, "Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID");
		reply_header(r, "Access-Control-Max-Age", "600");
	}
	return ROUTE_DONE;
}

/* ---------------------------------------------------------------- bodies */

static bool refuse_field(struct reply_http *r, const char *name, const char *what)
{
	char text[300];
	snprintf(text, sizeof text, "%.100s: %s", name, what);
	reply_error(r, 400, "bad_input", text);
	return false;
}

static bool read_field(const struct json *value, const struct field *f, struct reply_http *r)
{
	if (json_is_null(value, ""))
		return true;
	if (f->text != NULL && json_is_string(value)) {
		*f->text = json_value(value).ptr;
		return true;
	}
	if (f->number != NULL && json_int(value, "", f->number))
		return true;
	return refuse_field(r, f->name, f->text != NULL ? "must be a string" : "must be a number without fraction");
}

bool read_fields(const struct json *object, const struct field *fields, size_t n, struct reply_http *r)
{
	if (!json_is_object(object)) {
		reply_error(r, 400, "bad_input", "the body must be a JSON object");
		return false;
	}
	for (const struct json *m = json_first(object); m != NULL; m = json_next(m)) {
		size_t i = 0;
		while (i < n && strcmp(fields[i].name, json_key(m)) != 0)
			i++;
		if (i == n)
			return refuse_field(r, json_key(m), "is not known here");
		if (!read_field(m, &fields[i], r))
			return false;
	}
	for (size_t i = 0; i < n; i++)
		if (fields[i].is_needed && fields[i].text != NULL && *fields[i].text == NULL)
			return refuse_field(r, fields[i].name, "is missing: a string is needed");
	return true;
}

bool read_body(struct arena *a, struct str body, const struct field *fields, size_t n, struct reply_http *r)
{
	const struct json *object;
	struct err err;
	if (json_parse(a, body, 4u << 20, &object, &err) < 0) {
		reply_error(r, 400, "bad_json", err.msg);
		return false;
	}
	return read_fields(object, fields, n, r);
}
