#pragma once
/* Digests, signatures and random secrets. Only digest.c calls nettle. */
#include "shared/str.h"

#define DIGEST_BYTES 32

/* Writes the SHA-256 of the text as 64 lowercase hexadecimal digits, and a NUL. */
void digest_sha256(struct str text, char hex[static 65]);
/* Writes the HMAC-SHA256 (RFC 2104) of the text. */
void digest_hmac(struct str key, struct str text, unsigned char sum[static DIGEST_BYTES]);
/* Writes base64 with padding (RFC 4648, section 4) of a digest: 44 characters, and a NUL. */
void digest_base64(const unsigned char sum[static DIGEST_BYTES], char text[static 45]);
/* Decodes base64, or base64url (section 5) with or without padding, into `out`; *size: its room, then how many bytes were
 * written. -1: it is none, or there is no room. */
MUSTCHECK int digest_decode(struct str base64, bool is_url, unsigned char *out, size_t *size);
/* Compares in a time that does not depend on where they differ. */
bool digest_equal(const void *a, const void *b, size_t n);
/* Writes 32 random bytes of the kernel as 43 characters A-Z a-z 0-9 - _ (base64url without padding), and a NUL. Ends the
 * process if the kernel has none. */
void digest_secret(char text[static 44]);
