#pragma once
/* What is known of one agent, below the list of them. */
#include "tui/view.h"

/* A budget: what of it is spent or reserved. usd < 0: there is none. */
struct budget {
	double percent, usd;
	const char *span;
};
/* The agent's budget that is nearer to its end. */
struct budget agent_budget(const struct list_row *);
enum style agent_budget_style(const struct list_row *, const struct budget *);
/* Today's cost; "unknown" where no price is known, "+?" behind it where some are not. size: of buf. */
const char *agent_cost(const struct list_row *, char *buf, size_t size);

/* Lines it takes, of at most so many, its rule included; 0: not enough for anything. */
int agent_height(struct ui *, const struct list_row *, int room);
void agent_draw(struct ui *, const struct list_row *, int y, int height);
