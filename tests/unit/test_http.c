/*
 * What HTTP believes of a request before anybody is asked: whose name the Host header may be, what a path means, where it listens; and
 * what a token is in the database.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/digest.h"
#include "worker/api/address.h"
#include "worker/api/events.h"
#include "worker/api/signed.h"
#include "worker/api/tally.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

TEST(test_hosts)
{
	static const char *const OURS[] = { "localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:8787",
		                            "127.8.9.1", "[::1]",        "[::1]:1" };
	static const char *const OTHERS[] = { "",          "evil.example", "127.0.0.1.evil.example", "localhost.evil",  "[::2]",
		                              "::1",       "10.0.0.1",     "localhost:8o",           "127.0.0.1:80:90", "[::1",
		                              "128.0.0.1", "127.1",        "localhost:80x",          "localhost@evil" };
	for (size_t i = 0; i < ARRAY_SIZE(OURS); i++)
		if (!host_is_loopback(OURS[i]))
			fail_msg("%s", OURS[i]);
	for (size_t i = 0; i < ARRAY_SIZE(OTHERS); i++)
		if (host_is_loopback(OTHERS[i]))
			fail_msg("%s", OTHERS[i]);
}

TEST(test_addresses)
{
	static const char *const BAD[] = { "8787",         ":8787",  "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:8x", "::1:80", "[]:80",
		                           "a b:1", "unix:", "unix:relative" };
	char bound[120];
	bool is_local;
	struct err err;
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++)
		if (address_listen(BAD[i], bound, &is_local, &err) >= 0 || err.code != ERR_BAD_INPUT)
			fail_msg("%s", BAD[i]);
	int fd = address_listen("127.0.0.1:0", bound, &is_local, &err);
	assert_true(fd >= 0 && is_local);
	char again[120];
	assert_int_equal(address_listen(bound, again, &is_local, &err), -1);
	assert_int_equal(err.code, ERR_CONFLICT);
	close(fd);
	fd = address_listen("0.0.0.0:0", bound, &is_local, &err);
	assert_true(fd >= 0 && !is_local);
	close(fd);
}

TEST(test_trusted_addresses)
{
	struct sockaddr_storage v4 = { .ss_family = AF_INET }, v6 = { .ss_family = AF_INET6 }, local = { .ss_family = AF_UNIX };
	inet_pton(AF_INET, "10.0.0.5", &((struct sockaddr_in *)&v4)->sin_addr);
	inet_pton(AF_INET6, "fd00::1", &((struct sockaddr_in6 *)&v6)->sin6_addr);
	assert_true(address_is_in("10.0.0.5", &v4));
	assert_true(address_is_in("10.0.0.4, 10.0.0.5,fd00::1", &v4));
	assert_true(address_is_in("10.0.0.4, 10.0.0.5,fd00::1", &v6));
	assert_false(address_is_in("10.0.0.50, 110.0.0.5", &v4));
	assert_false(address_is_in("", &v4));
	assert_false(address_is_in("10.0.0.5", &local));
	inet_pton(AF_INET6, "::ffff:10.0.0.5", &((struct sockaddr_in6 *)&v6)->sin6_addr);
	assert_true(address_is_in("10.0.0.5", &v6));
}

/* A file that a killed worker left is taken over; one that somebody listens on is not, nor a file that is no socket. */
TEST(test_unix_sockets)
{
	char dir[] = "/tmp/signalbox-http.XXXXXX", address[80], bound[120];
	bool is_local;
	struct err err;
	assert_non_null(mkdtemp(dir));
	snprintf(address, sizeof address, "unix:%s/s", dir);
	int fd = address_listen(address, bound, &is_local, &err);
	assert_true(fd >= 0 && is_local);
	assert_string_equal(bound, address);
	assert_int_equal(address_listen(address, bound, &is_local, &err), -1);
	assert_int_equal(err.code, ERR_CONFLICT);
	close(fd);
	fd = address_listen(address, bound, &is_local, &err);
	assert_true(fd >= 0);
	close(fd);
	unlink(address + 5);
	FILE *f = fopen(address + 5, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(address_listen(address, bound, &is_local, &err), -1);
	assert_int_equal(access(address + 5, F_OK), 0);
	unlink(address + 5);
	rmdir(dir);
}

TEST(test_paths)
{
	static const struct {
		const char *pattern, *path, *first;
	} CASES[] = {
		{ "/healthz", "/healthz", "" },
		{ "/healthz", "/healthz/", NULL },
		{ "/healthz", "/health", NULL },
		{ "/api/messages/{message}/status", "/api/messages/abc/status", "abc" },
		{ "/api/messages/{message}/status", "/api/messages//status", NULL },
		{ "/api/messages/{message}/status", "/api/messages/a/b/status", NULL },
		{ "/api/messages/{message}/status", "/api/messages/abc/statusx", NULL },
		{ "/api/messages/{message}/status", "/api/messages/abc", NULL },
		{ "/x/{last}", "/x/y", "y" },
		{ "/x/{last}", "/x/", NULL },
	};
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct path_params p = { .value = { "", "" } };
		if (path_matches(CASES[i].pattern, CASES[i].path, &p) != (CASES[i].first != NULL))
			fail_msg("%s against %s", CASES[i].path, CASES[i].pattern);
		if (CASES[i].first != NULL)
			assert_string_equal(p.value[0], CASES[i].first);
	}
	char longest[300] = "/x/";
	struct path_params p;
	memset(longest + 3, 'y', 199);
	assert_true(path_matches("/x/{last}", longest, &p));
	memset(longest + 3, 'y', 200);
	assert_false(path_matches("/x/{last}", longest, &p));
}

/* FIPS 180-2, its first example; a secret is never the same and has no characters that a shell or a URL would change. */
TEST(test_digests)
{
	char hex[65], one[44], other[44];
	digest_sha256(STR("abc"), hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_sha256(STR(""), hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	digest_secret(one);
	digest_secret(other);
	assert_int_equal(strlen(one), 43);
	assert_int_equal(strspn(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
	assert_string_not_equal(one, other);
}

/* The example of RFC 7515, A.1 (its claims have no user), and what differs from it by one thing. */
TEST(test_signed_values)
{
#define HEAD "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
#define CLAIMS "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define SIGNATURE "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	static const char *const BAD[] = {
		"",
		"a",
		HEAD "." CLAIMS,
		HEAD "." CLAIMS ".",
		HEAD "." CLAIMS "." SIGNATURE "x",
		HEAD "." CLAIMS ".eBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
		/* {"alg":"none"} */
		"eyJhbGciOiJub25lIn0." CLAIMS ".", "eyJhbGciOiJub25lIn0." CLAIMS "." SIGNATURE,
		/* {"alg":"HS384"} */
		"eyJhbGciOiJIUzM4NCJ9." CLAIMS "." SIGNATURE,
	};
	struct arena a = ARENA_INIT;
	struct claims c;
	struct err err;
	unsigned char key[80];
	size_t n = sizeof key;
	assert_int_equal(
		digest_decode(STR("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"), true, key, &n), 0);
	assert_int_equal(n, 64);
	struct str secret = { (char *)key, n };
	assert_int_equal(signed_read(&a, HEAD "." CLAIMS "." SIGNATURE, secret, 1300819380, &c, &err), 0);
	assert_null(c.user);
	assert_int_equal(signed_read(&a, HEAD "." CLAIMS "." SIGNATURE, secret, 1300819411, &c, &err), -1); /* expired */
	secret.len--;
	assert_int_equal(signed_read(&a, HEAD "." CLAIMS "." SIGNATURE, secret, 1300819380, &c, &err), -1);
	secret.len++;
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++)
		if (signed_read(&a, BAD[i], secret, 1300819380, &c, &err) == 0 || err.code != ERR_FORBIDDEN)
			fail_msg("%s", BAD[i]);
	arena_release(&a);
}

static void check_tally(struct tally *t, const char *facts)
{
	struct strbuf b = STRBUF_INIT(60000);
	tally_put(t, &b);
	assert_string_equal(strbuf_text(&b), facts);
	strbuf_release(&b);
}

/* What is said is said again under its number until it has arrived; names that are none, and more than there is room for, count for no agent. */
TEST(test_tally)
{
	static const char FIRST[] = "\"http\":[{\"agent\":\"luna\",\"code\":200,\"n\":2},{\"agent\":\"\",\"code\":404,\"n\":3}],\"http_batch\":1,";
	struct tally *t = tally_new();
	struct strbuf b = STRBUF_INIT(60000);
	char name[64];
	check_tally(t, "");
	tally_add(t, "luna", 200);
	tally_add(t, "luna", 200);
	tally_add(t, "x\",\"n\":9", 404);
	tally_add(t, "", 404);
	memset(name, 'a', 63);
	name[63] = '\0';
	tally_add(t, "the name of an agent cannot be as long as this one is, nor have blanks in it", 404);
	check_tally(t, FIRST);
	tally_add(t, "luna", 500);
	check_tally(t, FIRST);
	tally_said(t);
	check_tally(t, "\"http\":[{\"agent\":\"luna\",\"code\":500,\"n\":1}],\"http_batch\":2,");
	tally_said(t);
	check_tally(t, "");
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "agent-%d-%050d", i, 0);
		tally_add(t, name, 200);
	}
	tally_put(t, &b);
	assert_non_null(strstr(strbuf_text(&b), "{\"agent\":\"\",\"code\":200,\"n\":850}"));
	assert_in_range(b.len, 1, 30000);
	strbuf_release(&b);
	tally_free(t);
}

/* The text of another attempt begins anew, also where the client has as many bytes of the one before. */
TEST(test_a_text_of_another_attempt)
{
	struct waiter one = { .feed = feed_new() };
	size_t room = feed_room(one.feed);
	event_text(&one, 1, 0, STR("abc"));
	assert_int_equal(one.number, 1);
	assert_int_equal(one.at, 3);
	event_text(&one, 1, 2, STR("cd")); /* goes on, and says nothing twice */
	assert_int_equal(one.at, 4);
	event_text(&one, 2, 0, STR("xyzuv"));
	assert_int_equal(one.number, 2);
	assert_int_equal(one.at, 5);
	event_text(&one, 2, 9, STR("w")); /* what is between is not there: from the beginning */
	assert_int_equal(one.at, 0);
	assert_true(feed_room(one.feed) < room);
	feed_end(one.feed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),         cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_unix_sockets),  cmocka_unit_test(test_paths),
		cmocka_unit_test(test_digests),       cmocka_unit_test(test_signed_values),
		cmocka_unit_test(test_trusted_addresses), cmocka_unit_test(test_tally),
		cmocka_unit_test(test_a_text_of_another_attempt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
