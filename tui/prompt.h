#pragma once
/* A line (or several) being typed. Letters are letters here. Pure: no drawing. */
#include "shared/str.h"

#define FIELD_MAX 8192

struct field {
	char text[FIELD_MAX];
	int len, at; /* bytes; the cursor is before byte `at` */
};

void field_clear(struct field *);
void field_set(struct field *, const char *text);
/* Adds a character (Unicode) at the cursor. */
void field_insert(struct field *, int character);
/* Takes a key that edits; false when it is none. */
bool field_key(struct field *, int key);
/* Completes the first word from a list; true when it changed. */
bool field_complete(struct field *, const char *const *words, int n);
