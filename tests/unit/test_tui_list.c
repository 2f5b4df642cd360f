/* Which row is under the cursor decides what a key does to whom: sorting may move rows, never the cursor to another one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/list.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

static const struct list_sort SORTS[] = { { "name", 0, true, false }, { "cost", 1, false, true } };

static struct block *rows_of(const char *const *cells, int n)
{
	struct block *b = xcalloc(1, sizeof *b);
	atomic_store(&b->refs, 1);
	b->n_rows = n;
	b->n_cols = 2;
	b->cells = cells;
	return b;
}

/* The names in the order of the list. */
static const char *order(const struct list *l)
{
	static char buf[64];
	buf[0] = '\0';
	for (int i = 0; i < l->n; i++)
		snprintf(buf + strlen(buf), sizeof buf - strlen(buf), "%s", block_at(l->rows[i].block, l->rows[i].row, 0));
	return buf;
}

TEST(sorted_by_each_column)
{
	static const char *const CELLS[] = { "c", "9", "a", "10", "d", NULL, "b", "9" };
	struct list l;
	struct block *b = rows_of(CELLS, 4);
	list_init(&l);
	list_bind(&l, b, 0, 1, -1);
	assert_string_equal(order(&l), "cadb"); /* as they came */
	assert_false(list_command(&l, CMD_sort));
	l.sorts = SORTS;
	l.n_sorts = ARRAY_SIZE(SORTS);
	list_bind(&l, b, 0, 1, -1);
	assert_string_equal(order(&l), "abcd");
	assert_true(list_command(&l, CMD_sort));
	list_bind(&l, b, 0, 1, -1);
	assert_string_equal(order(&l), "acbd"); /* numbers, the largest first; equals as they came; what is not known last */
	assert_true(list_command(&l, CMD_reverse));
	list_bind(&l, b, 0, 1, -1);
	assert_string_equal(order(&l), "cbad");
	assert_true(list_command(&l, CMD_sort)); /* round again, and forwards */
	list_bind(&l, b, 0, 1, -1);
	assert_string_equal(order(&l), "abcd");
	list_release(&l);
	block_unref(b);
}

TEST(the_cursor_stays_on_its_row)
{
	static const char *const CELLS[] = { "a", "1", "b", "2", "c", "3" }, *const LATER[] = { "a", "5", "b", "2", "c", "3" };
	struct list l;
	struct block *b = rows_of(CELLS, 3), *later = rows_of(LATER, 3);
	list_init(&l);
	l.sorts = SORTS;
	l.n_sorts = ARRAY_SIZE(SORTS);
	l.sort = 1;
	list_bind(&l, b, 0, 1, -1);
	assert_string_equal(order(&l), "cba");
	list_command(&l, CMD_down);
	list_bind(&l, later, 0, 1, -1);
	assert_string_equal(order(&l), "acb");
	assert_string_equal(block_at(list_current(&l)->block, list_current(&l)->row, 0), "b");
	list_release(&l);
	block_unref(b);
	block_unref(later);
}

static const char *here(struct list *l)
{
	return block_at(list_current(l)->block, list_current(l)->row, 0);
}

/* The marked names, in the order of the list. */
static const char *marked(const struct list *l)
{
	static char buf[64];
	buf[0] = '\0';
	for (int i = 0; i < l->n; i++)
		if (list_is_marked(l, &l->rows[i]))
			snprintf(buf + strlen(buf), sizeof buf - strlen(buf), "%s",
			         block_at(l->rows[i].block, l->rows[i].row, 0));
	return buf;
}

TEST(a_mark_is_its_rows_own)
{
	static const char *const CELLS[] = { "a", "1", "b", "2", "c", "3", "d", "4" }, *const LATER[] = { "d", "4", "b",
		                                                                                          "2", "e", "5" };
	struct list l;
	struct block *b = rows_of(CELLS, 4), *later = rows_of(LATER, 3);
	list_init(&l);
	l.height = 10;
	list_bind(&l, b, 0, 1, 1);
	list_command(&l, CMD_mark); /* a; moves down */
	list_command(&l, CMD_mark);
	list_command(&l, CMD_down);
	list_command(&l, CMD_mark);
	assert_string_equal(marked(&l), "abd");
	list_command(&l, CMD_top);
	list_command(&l, CMD_mark); /* a no more: the others keep theirs */
	assert_string_equal(marked(&l), "bd");
	list_bind(&l, later, 0, 1, 1); /* marks go with their rows, wherever they are */
	list_command(&l, CMD_top);
	list_bind(&l, later, 0, 1, 1);
	assert_string_equal(order(&l), "dbe");
	assert_string_equal(marked(&l), "db");
	list_command(&l, CMD_mark_range);
	list_command(&l, CMD_bottom);
	list_command(&l, CMD_mark_range);
	assert_string_equal(marked(&l), "dbe");
	list_command(&l, CMD_unmark_all);
	assert_string_equal(marked(&l), "");
	list_release(&l);
	block_unref(b);
	block_unref(later);
}

TEST(the_cursor_leaves_a_ghost_for_its_neighbour)
{
	static const char *const CELLS[] = { "a", "1", "b", "2", "c", "3", "d", "4" }, *const LATER[] = { "a", "1", "b",
		                                                                                          "2", "d", "4" };
	for (int up = 0; up < 2; up++) {
		struct list l;
		struct block *b = rows_of(CELLS, 4), *later = rows_of(LATER, 3);
		list_init(&l);
		list_bind(&l, b, 0, 1, 1);
		list_command(&l, CMD_down);
		list_command(&l, CMD_down);
		list_bind(&l, later, 0, 1, 1);
		assert_string_equal(order(&l), "abcd");
		assert_string_equal(here(&l), "c");
		assert_true(list_current(&l)->is_ghost);
		list_command(&l, CMD_mark); /* what left takes no mark */
		assert_int_equal(l.n_marks, 0);
		assert_string_equal(here(&l), "d");
		if (up)
			list_command(&l, CMD_up);
		assert_string_equal(order(&l), "abd");
		assert_string_equal(here(&l), up ? "b" : "d");
		list_release(&l);
		block_unref(b);
		block_unref(later);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(sorted_by_each_column),
		                            cmocka_unit_test(the_cursor_stays_on_its_row),
		                            cmocka_unit_test(a_mark_is_its_rows_own),
		                            cmocka_unit_test(the_cursor_leaves_a_ghost_for_its_neighbour) };
	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
