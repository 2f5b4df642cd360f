#include "shared/digest.h"

#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <sys/random.h>

_Static_assert(DIGEST_BYTES == SHA256_DIGEST_SIZE, "DIGEST_BYTES");

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

void digest_hmac(struct str key, struct str text, unsigned char sum[static DIGEST_BYTES])
{
	struct hmac_sha256_ctx hmac;
	hmac_sha256_set_key(&hmac, key.len, (const uint8_t *)key.ptr);
	hmac_sha256_update(&hmac, text.len, (const uint8_t *)text.ptr);
	hmac_sha256_digest(&hmac, DIGEST_BYTES, sum);
	explicit_bzero(&hmac, sizeof hmac);
}

void digest_base64(const unsigned char sum[static DIGEST_BYTES], char text[static 45])
{
	base64_encode_raw(text, DIGEST_BYTES, sum);
	text[BASE64_ENCODE_RAW_LENGTH(DIGEST_BYTES)] = '\0';
}

int digest_decode(struct str base64, bool is_url, unsigned char *out, size_t *size)
{
	struct base64_decode_ctx decode;
	size_t len = base64.len, room = *size;
	if (is_url) {
		base64url_decode_init(&decode);
		while (len > 0 && base64.ptr[len - 1] == '=')
			len--;
	} else {
		base64_decode_init(&decode);
	}
	/* The decoder wants the padding that base64url leaves out. */
	if (BASE64_DECODE_LENGTH(len + 3) > room || !base64_decode_update(&decode, size, out, len, base64.ptr))
		return -1;
	size_t more = room - *size;
	static const char PADDING[] = "==";
	if (is_url && len % 4 > 1 && !base64_decode_update(&decode, &more, out + *size, 4 - len % 4, PADDING))
		return -1;
	return base64_decode_final(&decode) ? 0 : -1;
}

bool digest_equal(const void *a, const void *b, size_t n)
{
	return memeql_sec(a, b, n) != 0;
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
	explicit_bzero(bytes, sizeof bytes);
	explicit_bzero(out, sizeof out);
}
