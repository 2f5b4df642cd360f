#pragma once
/* Digests and random secrets. Only digest.c calls nettle. */
#include "shared/str.h"

/* Writes the SHA-256 of the text as 64 lowercase hexadecimal digits, and a NUL. */
void digest_sha256(struct str text, char hex[static 65]);
/* Writes the HMAC-SHA256 of the text in base64 (44 characters) and a NUL. key: "whsec_" and base64, or any other text,
 * whose bytes are the key. -1: what follows whsec_ is no base64. */
MUSTCHECK int digest_hmac(const char *key, struct str text, char base64[static 45]);
/* Writes 32 random bytes of the kernel as 43 characters A-Z a-z 0-9 - _ (RFC 4648, base64url without padding), and a
 * NUL. Ends the process if the kernel has none. */
void digest_secret(char text[static 44]);
