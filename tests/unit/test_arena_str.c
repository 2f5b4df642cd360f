/*
 * Memory of jobs and text of strangers: an arena must hand out what any type may live in, and a buffer that met its cap must never
 * look whole again by accident.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/arena.h"
#include "shared/list.h"
#include "shared/str.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

TEST(memory_is_zeroed_aligned_and_apart)
{
	static const size_t SIZES[] = { 0, 1, 7, 16, 17, 1000, 1024, 1025, 4096, 100000 };
	struct arena a = ARENA_INIT;
	for (int round = 0; round < 2; round++) {
		unsigned char *all[200];
		size_t sizes[200];
		for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
			sizes[i] = SIZES[i % ARRAY_SIZE(SIZES)];
			all[i] = arena_alloc(&a, sizes[i]);
			assert_int_equal((uintptr_t)all[i] % _Alignof(max_align_t), 0);
			for (size_t k = 0; k < sizes[i]; k++)
				assert_true(all[i][k] == 0);
			memset(all[i], (int)i, sizes[i]);
		}
		for (size_t i = 0; i < ARRAY_SIZE(all); i++)
			for (size_t k = 0; k < sizes[i]; k++)
				assert_true(all[i][k] == (unsigned char)i);
		assert_true(a.used >= 20 * 100000);
		(round == 0 ? arena_clear : arena_release)(&a);
		assert_int_equal(a.used, 0);
	}
	arena_release(&a); /* twice does no harm */
}

TEST(text_in_an_arena)
{
	struct arena a = ARENA_INIT;
	char wide[5000];
	memset(wide, 'x', sizeof wide);
	char *s = arena_dup(&a, wide, 3);
	assert_string_equal(s, "xxx");
	assert_string_equal(arena_dup(&a, "", 0), "");
	assert_memory_equal(arena_dup(&a, "a\0b", 3), "a\0b", 4);
	assert_string_equal(arena_strf(&a, "%d-%s", 7, "x"), "7-x");
	wide[sizeof wide - 1] = '\0';
	assert_string_equal(arena_strf(&a, "%s", wide), wide);
	assert_string_equal(s, "xxx");
	arena_release(&a);
}

TEST(views)
{
	assert_true(str_eq(STR("abc"), "abc"));
	assert_false(str_eq(STR("abc"), "ab"));
	assert_false(str_eq(STR("ab"), "abc"));
	assert_false(str_eq((struct str){ "a\0b", 3 }, "a"));
	assert_true(str_eq(str_of(NULL), ""));
	assert_true(str_starts(STR("abc"), "ab"));
	assert_true(str_starts(STR(""), ""));
	assert_false(str_starts(STR("a"), "ab"));
	assert_true(str_has_nocase(STR("Maximum CONTEXT length"), "context"));
	assert_true(str_has_nocase(STR("abc"), "c"));
	assert_false(str_has_nocase((struct str){ "abcd", 3 }, "d"));
	assert_false(str_has_nocase(STR("ab"), "abc"));
	assert_false(str_has_nocase(STR(""), "x"));
}

TEST(a_buffer_grows_to_its_cap_and_no_further)
{
	struct strbuf b = STRBUF_INIT(100);
	assert_string_equal(strbuf_text(&b), "");
	for (int i = 0; i < 100; i++) {
		strbuf_char(&b, (char)('a' + i % 26));
		assert_int_equal(strlen(strbuf_text(&b)), i + 1);
	}
	assert_false(b.broken);
	strbuf_add(&b, "", 0);
	assert_false(b.broken);
	strbuf_char(&b, 'x');
	assert_true(b.broken);
	assert_int_equal(b.len, 100);
	strbuf_release(&b);
	assert_string_equal(strbuf_text(&b), "");
	strbuf_str(&b, "again");
	assert_string_equal(strbuf_text(&b), "again");
	strbuf_release(&b);
}

TEST(what_broke_stays_broken)
{
	struct strbuf b = STRBUF_INIT(10);
	strbuf_str(&b, "12345");
	strbuf_addf(&b, "%s", "6789012");
	assert_true(b.broken);
	assert_string_equal(strbuf_text(&b), "12345");
	strbuf_char(&b, 'x');
	strbuf_addf(&b, "%d", 1);
	assert_string_equal(strbuf_text(&b), "12345");
	strbuf_clear(&b);
	assert_false(b.broken);
	assert_string_equal(strbuf_text(&b), "");
	strbuf_addf(&b, "%s%d", "12345678", 90);
	assert_false(b.broken);
	assert_string_equal(strbuf_text(&b), "1234567890");
	strbuf_release(&b);
	strbuf_add(&b, "x", SIZE_MAX); /* no wrap-around */
	assert_true(b.broken);
	struct strbuf none = STRBUF_INIT(0);
	strbuf_char(&none, 'x');
	assert_true(none.broken);
	strbuf_release(&none);
}

TEST(bytes_of_any_value)
{
	struct strbuf b = STRBUF_INIT(1000);
	strbuf_add(&b, "a\0b", 3);
	strbuf_char(&b, '\0');
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.ptr, "a\0b\0", 5);
	strbuf_release(&b);
}

TEST(lists)
{
	struct node {
		int n;
		struct list in;
	} nodes[3] = { { .n = 1 }, { .n = 2 }, { .n = 3 } };
	struct list head;
	int sum = 0;
	list_init(&head);
	assert_true(list_is_empty(&head));
	for (int i = 0; i < 3; i++)
		list_push(&head, &nodes[i].in);
	list_remove(&nodes[1].in);
	assert_true(list_is_empty(&nodes[1].in));
	list_remove(&nodes[1].in); /* of no list: does no harm */
	for (struct list *l = head.next; l != &head; l = l->next)
		sum = sum * 10 + list_entry(l, struct node, in)->n;
	assert_int_equal(sum, 13);
}

TEST(whole_numbers)
{
	static const int64_t NUMBERS[] = { 0, 7, -7, 10, 1234567890123, INT64_MAX, INT64_MIN };
	for (size_t i = 0; i < ARRAY_SIZE(NUMBERS); i++) {
		struct strbuf b = STRBUF_INIT(64);
		char expected[32];
		snprintf(expected, sizeof expected, "%lld", (long long)NUMBERS[i]);
		strbuf_int(&b, NUMBERS[i]);
		assert_string_equal(strbuf_text(&b), expected);
		strbuf_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(text_in_an_arena),
		cmocka_unit_test(views),
		cmocka_unit_test(a_buffer_grows_to_its_cap_and_no_further),
		cmocka_unit_test(what_broke_stays_broken),
		cmocka_unit_test(whole_numbers),
		cmocka_unit_test(bytes_of_any_value),
		cmocka_unit_test(lists),
	};
	return cmocka_run_group_tests_name("arena, str, list", tests, NULL, NULL);
}
