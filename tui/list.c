#include "tui/list.h"

#include "tui/i18n.h"

#define GUTTER 2 /* cells for the cursor and the mark */

void list_init(struct list *l)
{
	*l = (struct list){ .range_from = -1 };
}

static void free_rows(struct list_row *rows, int n)
{
	for (int i = 0; i < n; i++)
		block_unref(rows[i].block);
	free(rows);
}

void list_release(struct list *l)
{
	free_rows(l->rows, l->n);
	free(l->marks);
	list_init(l);
}

static int list_find(const struct list_row *rows, int n, int64_t id)
{
	for (int i = 0; i < n; i++)
		if (rows[i].id == id)
			return i;
	return -1;
}

static int64_t identity(const struct block *b, int row, int col, int n_key)
{
	if (n_key == 0)
		return block_int(b, row, col, 0);
	uint64_t h = UINT64_C(14695981039346656037);
	for (int c = col; c < col + n_key; c++)
		for (const char *p = block_at(b, row, c) != NULL ? block_at(b, row, c) : "";; p++) {
			h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
			if (*p == '\0')
				break;
		}
	return (int64_t)(h >> 1);
}

static struct list_row make_row(struct block *b, int row, int64_t id, int job_col)
{
	struct list_row r = { .block = block_ref(b), .row = row, .id = id };
	if (job_col >= 0 && block_at(b, row, job_col) != NULL)
		snprintf(r.job, sizeof r.job, "%s", block_at(b, row, job_col));
	return r;
}

static bool is_before(const struct list *l, const struct block *b, int x, int y)
{
	const struct list_sort *s = &l->sorts[l->sort];
	const char *tx = block_at(b, x, s->column), *ty = block_at(b, y, s->column);
	if (tx == NULL || ty == NULL)
		return tx != NULL; /* NULL comes last in both directions */
	double dx = s->is_text ? 0 : strtod(tx, NULL), dy = s->is_text ? 0 : strtod(ty, NULL);
	int diff = s->is_text ? strcmp(tx, ty) : (dx > dy) - (dx < dy);
	return s->is_down == l->is_reversed ? diff < 0 : diff > 0;
}

/* Row numbers of the block in the chosen order. Insertion sort keeps equal rows in their order; a
 * list that can be sorted has only tens of rows. */
static int *order_of(const struct list *l, const struct block *b, int n)
{
	int *order = xcalloc((size_t)n + 1, sizeof *order);
	for (int i = 0; i < n; i++) {
		int at = i;
		for (; l->sorts != NULL && at > 0 && is_before(l, b, i, order[at - 1]); at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	return order;
}

void list_bind(struct list *l, struct block *b, int id_col, int n_key, int job_col)
{
	int n = b != NULL ? b->n_rows : 0, out = 0, hidden = 0;
	int *order = order_of(l, b, n);
	struct list_row *old = l->rows, *rows = xcalloc((size_t)n + 1, sizeof *rows);
	int64_t *ids = xcalloc((size_t)n + 1, sizeof *ids);
	int64_t here = l->n > 0 ? old[l->cursor].id : 0;
	int line = l->cursor - l->top, place = -1;
	for (int i = 0; i < n; i++) {
		ids[i] = identity(b, order[i], id_col, n_key);
		if (l->n > 0 && ids[i] == here)
			place = i;
	}
	/* If the block was read for something else than before (a filter, a group), no row is kept
	 * or hidden; the cursor only follows its row, if that is there. */
	bool same = l->n > 0 && b != NULL && strcmp(old[0].block->about, b->about) == 0 && !l->to_top;
	bool guard = same && l->cursor > 0; /* at the top, new rows are inserted */
	bool ghost = same && place < 0;
	for (int i = 0; i < n; i++) {
		bool above = place >= 0 ? i < place : out < l->cursor;
		if (guard && above && list_find(old, l->n, ids[i]) < 0) {
			hidden++;
			continue;
		}
		if (ghost && out == l->cursor) {
			rows[out] = old[l->cursor];
			block_ref(rows[out].block);
			rows[out++].is_ghost = true;
			ghost = false;
		}
		rows[out++] = make_row(b, order[i], ids[i], job_col);
	}
	if (ghost) {
		rows[out] = old[l->cursor];
		block_ref(rows[out].block);
		rows[out++].is_ghost = true;
	}
	int cursor = l->n > 0 && !l->to_top ? list_find(rows, out, here) : 0;
	free_rows(old, l->n);
	free(ids);
	free(order);
	l->rows = rows;
	l->n = out;
	l->cursor = MAX(cursor, 0);
	l->top = guard ? MAX(0, l->cursor - line) : 0;
	l->to_top = false;
	l->n_new = hidden;
}

/* Removes the ghost row when the cursor has left it. */
static void drop_ghost(struct list *l)
{
	for (int i = 0; i < l->n; i++)
		if (l->rows[i].is_ghost && i != l->cursor) {
			block_unref(l->rows[i].block);
			memmove(l->rows + i, l->rows + i + 1, sizeof *l->rows * (size_t)(l->n - i - 1));
			l->n--;
			l->cursor -= i < l->cursor;
			return;
		}
}

static void move_to(struct list *l, int to)
{
	if (l->n == 0)
		return;
	l->cursor = MAX(0, MIN(to, l->n - 1));
	drop_ghost(l);
}

void list_reveal(struct list *l)
{
	l->to_top = l->n_new > 0;
	l->cursor = l->top = 0;
	l->n_new = 0;
}

static int find_mark(const struct list *l, int64_t id)
{
	for (int i = 0; i < l->n_marks; i++)
		if (l->marks[i].id == id)
			return i;
	return -1;
}

bool list_is_marked(const struct list *l, const struct list_row *row)
{
	return find_mark(l, row->id) >= 0;
}

const char *list_seen_job(const struct list *l, const struct list_row *row)
{
	int i = find_mark(l, row->id);
	return i >= 0 ? l->marks[i].job : row->job;
}

static void set_mark(struct list *l, const struct list_row *row, bool on)
{
	int i = find_mark(l, row->id);
	if (on && i < 0 && !row->is_ghost) {
		l->marks = realloc(l->marks, sizeof *l->marks * (size_t)(l->n_marks + 1));
		if (l->marks == NULL)
			abort();
		l->marks[l->n_marks].id = row->id;
		memcpy(l->marks[l->n_marks++].job, row->job, sizeof row->job);
	} else if (!on && i >= 0) {
		l->marks[i] = l->marks[--l->n_marks];
	}
}

static void mark_range(struct list *l)
{
	if (l->range_from < 0) {
		l->range_from = l->cursor;
		return;
	}
	for (int i = MIN(l->range_from, l->cursor); i <= MAX(l->range_from, l->cursor) && i < l->n; i++)
		set_mark(l, &l->rows[i], true);
	l->range_from = -1;
}

/* False: the command does not move the cursor. */
static bool list_move(struct list *l, enum cmd cmd)
{
	int page = MAX(1, l->height - 1);
	switch (cmd) {
	case CMD_down:
		move_to(l, l->cursor + 1);
		break;
	case CMD_up:
		move_to(l, l->cursor - 1);
		break;
	case CMD_top:
		move_to(l, 0);
		list_reveal(l);
		break;
	case CMD_bottom:
		move_to(l, l->n - 1);
		break;
	case CMD_half_down:
		move_to(l, l->cursor + page / 2);
		break;
	case CMD_half_up:
		move_to(l, l->cursor - page / 2);
		break;
	case CMD_page_down:
		move_to(l, l->cursor + page);
		break;
	case CMD_page_up:
		move_to(l, l->cursor - page);
		break;
	default:
		return false;
	}
	return true;
}

bool list_command(struct list *l, enum cmd cmd)
{
	if (list_move(l, cmd))
		return true;
	switch (cmd) {
	case CMD_mark:
		if (l->n > 0)
			set_mark(l, &l->rows[l->cursor], !list_is_marked(l, &l->rows[l->cursor]));
		move_to(l, l->cursor + 1);
		break;
	case CMD_mark_range:
		mark_range(l);
		break;
	case CMD_mark_all:
		for (int i = 0; i < l->n; i++)
			set_mark(l, &l->rows[i], true);
		break;
	case CMD_sort:
		if (l->sorts == NULL)
			return false;
		l->sort = (l->sort + 1) % l->n_sorts;
		l->is_reversed = false;
		break;
	case CMD_reverse:
		l->is_reversed = !l->is_reversed;
		return l->sorts != NULL;
	case CMD_freeze: /* first it shows what is new */
		if (l->n_new == 0)
			return false;
		list_reveal(l);
		break;
	case CMD_unmark_all:
		l->n_marks = 0;
		l->range_from = -1;
		break;
	default:
		return false;
	}
	return true;
}

struct list_row *list_current(struct list *l)
{
	return l->n > 0 ? &l->rows[l->cursor] : NULL;
}

int list_put_new(const struct list *l, struct screen *s, int y, int x)
{
	return l->n_new > 0 ? screen_putf(s, y, x, -1, S_WARN, _("+%d new (f shows)"), l->n_new) + 2 : 0;
}

/* Draws one line: the header when row is NULL. */
static void draw_line(struct list *l, struct screen *s, int y, const struct list_style *look, const struct list_row *row,
                      bool is_cursor)
{
	int width = screen_width(s), x = GUTTER;
	bool marked = row != NULL && list_is_marked(l, row);
	enum style base = row == NULL || row->is_ghost ? S_DIM : marked ? S_BOLD : S_PLAIN;
	for (int c = 0; c < look->n_columns; c++) {
		const struct column *col = &look->columns[c];
		char buf[64] = "";
		enum style style = base;
		if (width < col->from)
			continue;
		int w = width >= 120 ? col->wide : col->narrow;
		if (w == 0)
			w = width - x;
		struct str text = row == NULL ? str_of(col->title) : look->cell(row, c, buf, &style, look->ctx);
		if (row != NULL && row->is_ghost)
			style = S_DIM;
		if (col->right)
			screen_text_right(s, y, x, w, style, text);
		else
			screen_text(s, y, x, w, style, text);
		x += w + 1;
	}
	if (row == NULL)
		return;
	if (is_cursor) {
		screen_restyle(s, y, 0, width, S_CURSOR);
		screen_cursor(s, y, 0);
	}
	screen_put(s, y, 0, 1, is_cursor ? S_CURSOR : S_BOLD, marked ? "*" : is_cursor ? ">" : " ");
}

void list_draw(struct list *l, struct screen *s, int y, int height, const struct list_style *look, bool has_focus)
{
	l->height = MAX(1, height - 1);
	if (l->cursor >= l->top + l->height)
		l->top = l->cursor - l->height + 1;
	/* No row above is hidden when all rows fit. */
	l->top = l->n <= l->height ? 0 : MAX(0, MIN(l->top, l->cursor));
	draw_line(l, s, y, look, NULL, false);
	for (int i = 0; i < l->height && l->top + i < l->n; i++)
		draw_line(l, s, y + 1 + i, look, &l->rows[l->top + i], has_focus && l->top + i == l->cursor);
}
