#pragma once
/* Intrusive doubly linked list. A list head is a node; an unlinked node points to itself. */
#include "shared/base.h"

struct list {
	struct list *prev, *next;
};

static inline void list_init(struct list *l)
{
	l->prev = l->next = l;
}
static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}
static inline void list_push(struct list *head, struct list *node) /* appends node */
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}
#define list_entry(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))
