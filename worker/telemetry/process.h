#pragma once
/* What the kernel says of this process. */
#include "shared/base.h"

struct process_memory {
	int64_t resident, virtual; /* bytes */
};
/* False when it cannot be read. Any thread. */
bool process_memory(struct process_memory *);
