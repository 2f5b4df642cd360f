/* The interface described by itself: OpenAPI 3.2, the first that can describe a stream of events (itemSchema). */
#include "shared/version.h"
#include "worker/api/routes.h"

static const struct shape {
	const char *type, *schema, *parameters;
} SHAPES[SHAPE_N] = {
#define SHAPE(name, max, type, schema, parameters) [SHAPE_##name] = { type, schema, parameters },
#include "worker/api/shapes.def"
#undef SHAPE
};

static const struct described {
	const char *method, *pattern, *scope;
	enum shape_id body;
	const char *name;
	enum shape_id answer;
	const char *help;
} ROUTES[] = {
#define ROUTE(method, pattern, scope, body, answers, run, answer, help) \
	{ #method, pattern, #scope, SHAPE_##body, #run, SHAPE_##answer, help },
#include "worker/api/routes.def"
#undef ROUTE
};

static void put_lower(struct strbuf *b, const char *word)
{
	for (const char *p = word; *p != '\0'; p++)
		strbuf_char(b, *p >= 'A' && *p <= 'Z' ? (char)(*p + 'a' - 'A') : *p);
}

static void put_parameters(struct strbuf *b, const struct described *r)
{
	const char *of_body = SHAPES[r->body].parameters, *of_answer = SHAPES[r->answer].parameters;
	bool any = false;
	strbuf_str(b, ",\"parameters\":[");
	for (const char *p = strchr(r->pattern, '{'); p != NULL; p = strchr(p + 1, '{'), any = true)
		strbuf_addf(b, "%s{\"name\":\"%.*s\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\"%s}}", any ? "," : "",
		            (int)strcspn(p + 1, "}"), p + 1, strncmp(p, "{message}", 9) == 0 ? ",\"format\":\"uuid\"" : "");
	for (int i = 0; i < 2; i++) {
		const char *more = i == 0 ? of_body : of_answer;
		if (more[0] != '\0')
			strbuf_addf(b, "%s%s", any ? "," : "", more);
		any |= more[0] != '\0';
	}
	strbuf_char(b, ']');
}

static void put_content(struct strbuf *b, const struct shape *s)
{
	/* Of a stream each event is described, not the whole. */
	const char *member = strcmp(s->type, "text/event-stream") == 0 ? "itemSchema" : "schema";
	strbuf_addf(b, "\"content\":{\"%s\":{\"%s\":", s->type, member);
	strbuf_str(b, s->schema);
	strbuf_str(b, "}}");
}

static void put_answers(struct strbuf *b, const struct described *r)
{
	strbuf_str(b, ",\"responses\":{");
	for (int status = 200; status <= (r->answer == SHAPE_ACCEPTED || r->answer == SHAPE_RPC_ANSWER ? 202 : 200); status += 2) {
		strbuf_addf(b, "\"%d\":{\"description\":\"%s\",", status, status == 200 ? "done" : "accepted");
		put_content(b, &SHAPES[r->answer]);
		strbuf_str(b, "},");
	}
	strbuf_str(b, "\"default\":{\"$ref\":\"#/components/responses/Error\"}}");
}

static void put_route(struct strbuf *b, const struct described *r)
{
	strbuf_char(b, '"');
	put_lower(b, r->method);
	strbuf_str(b, "\":{");
	json_put_field(b, "operationId", r->name);
	json_put_field(b, "summary", r->help);
	put_parameters(b, r);
	if (SHAPES[r->body].type[0] != '\0') {
		strbuf_str(b, ",\"requestBody\":{\"required\":true,");
		put_content(b, &SHAPES[r->body]);
		strbuf_char(b, '}');
	}
	put_answers(b, r);
	if (strcmp(r->scope, "OPEN") == 0 || strcmp(r->scope, "PUBLIC") == 0) {
		strbuf_str(b, ",\"security\":[]}");
		return;
	}
	strbuf_str(b, ",\"security\":[{\"bearer\":[\"");
	put_lower(b, r->scope);
	strbuf_str(b, "\"]}]}");
}

/* The methods of one path stand together, where its first line is. */
static void put_path(struct strbuf *b, const char *pattern)
{
	bool any = false;
	strbuf_addf(b, "\"%s\":{", pattern);
	for (size_t i = 0; i < ARRAY_SIZE(ROUTES); i++) {
		if (strcmp(ROUTES[i].pattern, pattern) != 0)
			continue;
		strbuf_str(b, any ? "," : "");
		put_route(b, &ROUTES[i]);
		any = true;
	}
	strbuf_char(b, '}');
}

static bool is_first_of_path(size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(ROUTES[i].pattern, ROUTES[n].pattern) == 0)
			return false;
	return strcmp(ROUTES[n].pattern, "*") != 0;
}

enum route_end get_openapi(void *ctx, struct request *request, struct reply_http *r)
{
	struct strbuf *b = &r->body;
	(void)ctx;
	(void)request;
	r->status = 200;
	strbuf_str(b, "{\"openapi\":\"3.2.0\",\"info\":{\"title\":\"signalbox\",\"version\":\"" SIGNALBOX_VERSION "\"},\"paths\":{");
	for (size_t i = 0; i < ARRAY_SIZE(ROUTES); i++) {
		if (!is_first_of_path(i))
			continue;
		strbuf_str(b, i > 0 ? "," : "");
		put_path(b, ROUTES[i].pattern);
	}
	strbuf_str(b, "},\"components\":{\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"}},"
	              "\"responses\":{\"Error\":{\"description\":\"refused, or not possible now\",\"content\":{\"application/json\":{\"schema\":"
	              "{\"type\":\"object\",\"properties\":{\"error\":{\"type\":\"object\",\"properties\":{\"code\":{\"type\":\"string\"},"
	              "\"message\":{\"type\":\"string\"}},\"required\":[\"code\",\"message\"]}},\"required\":[\"error\"]}}}}}}}\n");
	return ROUTE_DONE;
}
