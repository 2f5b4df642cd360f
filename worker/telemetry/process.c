#include "worker/telemetry/process.h"

#include <unistd.h>

bool process_memory(struct process_memory *m)
{
	long pages = 0, resident = 0, page = sysconf(_SC_PAGESIZE);
	FILE *f = fopen("/proc/self/statm", "re");
	if (f == NULL)
		return false;
	bool is_read = fscanf(f, "%ld %ld", &pages, &resident) == 2;
	fclose(f);
	*m = (struct process_memory){ .resident = resident * page, .virtual = pages * page };
	return is_read;
}
