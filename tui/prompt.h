#pragma once
/* A text field of one or more lines. Letter keys insert letters. Pure: no drawing. */
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
/* Handles an editing key; false when key is none. */
bool field_key(struct field *, int key);
/* Completes the text to the first of the words that begins with it; true when the text changed. */
bool field_complete(struct field *, const char *const *words, int n);
