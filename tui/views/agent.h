#pragma once
/* The detail pane of one agent, below the list of agents. */
#include "tui/view.h"

/* A budget. percent: how much of it is spent or reserved; usd < 0: no budget. */
struct budget {
	double percent, usd;
	const char *span;
};
/* The agent's budget (of the day or of the month) that is used up more. */
struct budget agent_budget(const struct list_row *);
enum style agent_budget_style(const struct list_row *, const struct budget *);
/* Today's cost; "unknown" if no price is known, "+?" after it if some prices are not. size: of
 * buf. */
const char *agent_cost(const struct list_row *, char *buf, size_t size);

/* Lines that the pane takes, its rule included, at most `room`; 0: there is not enough room. */
int agent_height(struct ui *, const struct list_row *, int room);
void agent_draw(struct ui *, const struct list_row *, int y, int height);
