#pragma once
/* A value that an application signed, for the caller of a public token: who it is. */
#include "shared/arena.h"
#include "shared/err.h"
#include "shared/str.h"

/* NULL: the value does not have it. */
struct claims {
	const char *user, *collection, *thread;
};
/*
 * Reads a JSON Web Token (RFC 7519) in compact form that was signed with HS256: its claims are `sub` or `user_id`,
 * `collection_name`, `thread_key`, and `exp` (seconds since 1970), which it must have. Any other algorithm is refused,
 * "none" too. now: seconds since 1970; half a minute is allowed for clocks that differ. The strings lie in the arena.
 * ERR_FORBIDDEN with the reason. Pure.
 */
MUSTCHECK int signed_read(struct arena *, const char *jwt, struct str secret, int64_t now, struct claims *, struct err *);
