#include "shared/digest.h"

#include <nettle/base64.h>
#include <nettle/hmac.h>
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

int digest_hmac(const char *key, struct str text, char base64[static 45])
{
	struct hmac_sha256_ctx hmac;
	uint8_t sum[SHA256_DIGEST_SIZE], bytes[2048];
	size_t len = strlen(key);
	if (strncmp(key, "whsec_", 6) == 0) {
		struct base64_decode_ctx decode;
		size_t n = sizeof bytes;
		base64_decode_init(&decode);
		if (BASE64_DECODE_LENGTH(len - 6) > sizeof bytes || !base64_decode_update(&decode, &n, bytes, len - 6, key + 6) ||
		    !base64_decode_final(&decode) || n == 0)
			return -1;
		hmac_sha256_set_key(&hmac, n, bytes);
	} else {
		hmac_sha256_set_key(&hmac, len, (const uint8_t *)key);
	}
	hmac_sha256_update(&hmac, text.len, (const uint8_t *)text.ptr);
	hmac_sha256_digest(&hmac, sizeof sum, sum);
	base64_encode_raw(base64, sizeof sum, sum);
	base64[BASE64_ENCODE_RAW_LENGTH(sizeof sum)] = '\0';
	explicit_bzero(bytes, sizeof bytes);
	explicit_bzero(&hmac, sizeof hmac);
	return 0;
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
