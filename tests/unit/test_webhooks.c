/*
 * What leaves for an address that somebody entered: only to the public internet, unless that was allowed; and signed so that a library
 * of the standard takes it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>

#include "worker/net/public.h"
#include "worker/webhooks/webhooks.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

static bool is_public(const char *ip)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1)
		return address_is_public((struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, ip, &v6.sin6_addr), 1);
	return address_is_public((struct sockaddr *)&v6);
}

/* The ends of each range, on both sides. */
TEST(test_public_addresses)
{
	static const char *const PRIVATE[] = {
		"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.255",
		"169.254.0.0", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.2.1", "192.168.0.0", "192.168.255.255",
		"198.18.0.0", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255",
		"::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.1.2.3", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:c0a8:101::1",
		"2001::1", "2001:db8::1", "fc00::1", "fdff::1", "fe80::1", "fec0::1", "ff02::1", "100::1", "4000::1",
	};
	static const char *const PUBLIC[] = {
		"1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255",
		"169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
		"2606:4700::1111", "2a00::1", "2001:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
	};
	for (size_t i = 0; i < ARRAY_SIZE(PRIVATE); i++)
		if (is_public(PRIVATE[i]))
			fail_msg("%s", PRIVATE[i]);
	for (size_t i = 0; i < ARRAY_SIZE(PUBLIC); i++)
		if (!is_public(PUBLIC[i]))
			fail_msg("%s", PUBLIC[i]);
	assert_false(address_is_public(&(struct sockaddr){ .sa_family = AF_UNIX }));
}

/* The example of the standard's own libraries. */
TEST(test_signature)
{
	char out[WEBHOOK_SIGNATURE];
	assert_int_equal(webhook_sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
	                              (struct str){ "{\"test\": 2432232314}", 20 }, out),
	                 0);
	assert_string_equal(out, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	assert_int_equal(webhook_sign("whsec_***", "m", 1, (struct str){ "", 0 }, out), -1);
	assert_int_equal(webhook_sign("whsec_", "m", 1, (struct str){ "", 0 }, out), -1);
	assert_int_equal(webhook_sign("any other text", "m", 1, (struct str){ "", 0 }, out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_public_addresses), cmocka_unit_test(test_signature) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
