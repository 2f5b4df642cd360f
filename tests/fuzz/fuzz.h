#pragma once
/* What the harnesses share. Each defines LLVMFuzzerTestOneInput, and ends the process with one line that says which rule was broken. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BROKEN(...) (fprintf(stderr, "rule: " __VA_ARGS__), fputc('\n', stderr), abort())
#define RULE(is_kept, ...)                   \
	do {                                 \
		if (!(is_kept))              \
			BROKEN(__VA_ARGS__); \
	} while (0)
