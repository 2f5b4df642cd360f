#pragma once
/* The memory of this process, as the kernel reports it. */
#include "shared/base.h"

struct process_memory {
	int64_t resident, virtual; /* bytes */
};
/* False when it cannot be read. Any thread. */
bool process_memory(struct process_memory *);
