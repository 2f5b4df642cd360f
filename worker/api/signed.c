#include "worker/api/signed.h"

#include "shared/digest.h"
#include "shared/json.h"

#define PART_MAX 4096
#define LEEWAY_SEC 30

/* The JSON object that a part is. NULL if it is none. */
static const struct json *signed_part(struct arena *a, struct str part)
{
	const struct json *object;
	struct err ignored;
	size_t n = PART_MAX + 8;
	if (part.len > PART_MAX)
		return NULL;
	unsigned char *text = arena_alloc(a, n);
	if (digest_decode(part, true, text, &n) < 0 || json_parse(a, (struct str){ (char *)text, n }, PART_MAX, &object, &ignored) < 0)
		return NULL;
	return json_is_object(object) ? object : NULL;
}

static bool is_signed_by(struct str text, struct str signature, struct str secret)
{
	unsigned char sum[DIGEST_BYTES], given[DIGEST_BYTES + 16];
	size_t n = sizeof given;
	digest_hmac(secret, text, sum);
	return signature.len < 60 && digest_decode(signature, true, given, &n) == 0 && n == sizeof sum &&
	       digest_equal(sum, given, sizeof sum);
}

int signed_read(struct arena *a, const char *jwt, struct str secret, int64_t now, struct claims *out, struct err *err)
{
	const char *first = strchr(jwt, '.'), *second = first != NULL ? strchr(first + 1, '.') : NULL;
	int64_t expires, from = 0;
	if (second == NULL)
		return err_set(err, ERR_FORBIDDEN, "signed: must be a JSON Web Token, three parts with dots between");
	const struct json *head = signed_part(a, (struct str){ jwt, (size_t)(first - jwt) });
	const char *algorithm = json_text(head, "alg");
	if (algorithm == NULL || strcmp(algorithm, "HS256") != 0)
		return err_set(err, ERR_FORBIDDEN, "signed: its algorithm must be HS256");
	if (!is_signed_by((struct str){ jwt, (size_t)(second - jwt) }, str_of(second + 1), secret))
		return err_set(err, ERR_FORBIDDEN, "signed: the signature is wrong");
	const struct json *claims = signed_part(a, (struct str){ first + 1, (size_t)(second - first - 1) });
	if (claims == NULL)
		return err_set(err, ERR_FORBIDDEN, "signed: its claims are no JSON object, or over 4 kB");
	if (!json_int(claims, "exp", &expires) || expires + LEEWAY_SEC < now)
		return err_set(err, ERR_FORBIDDEN, "signed: it has expired, or has no exp");
	json_int(claims, "nbf", &from);
	if (from > now + LEEWAY_SEC)
		return err_set(err, ERR_FORBIDDEN, "signed: it does not count yet");
	out->user = json_text(claims, "user_id");
	if (out->user == NULL)
		out->user = json_text(claims, "sub");
	out->collection = json_text(claims, "collection_name");
	out->thread = json_text(claims, "thread_key");
	return 0;
}
