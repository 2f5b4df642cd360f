#include "shared/digest.h"

#include <nettle/base64.h>
#include <nettle/sha2.h>
#include <sys/random.h>

void digest_sha256(struct str text, char hex[static 65])
{
	struct sha256_ctx sha;
	uint8_t sum[SHA256_DIGEST_SIZE];
	sha256_init(&sha);
	sha256_update(&sha, text.len, (const uint8_t *)text.ptr);
	sha256_digest(&sha, sizeof sum, sum);
	for (size_t i = 0; i < sizeof sum; i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
}

void digest_secret(char text[static 44])
{
	uint8_t bytes[33] = { 0 }; /* a multiple of three: no padding, and the last character is dropped */
	char out[BASE64_ENCODE_RAW_LENGTH(sizeof bytes)];
	if (getrandom(bytes, 32, 0) != 32)
		BUG("getrandom");
	base64_encode_raw(out, sizeof bytes, bytes);
	for (size_t i = 0; i < 43; i++)
		text[i] = (char)(out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i]);
	text[43] = '\0';
}
