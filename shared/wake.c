#include "shared/wake.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

int wake_new(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		BUG("no eventfd: %s", strerror(errno));
	return fd;
}

void wake_up(int fd)
{
	uint64_t one = 1;
	if (write(fd, &one, sizeof one) < 0 && errno != EAGAIN) /* full: a wake-up is pending */
		BUG("eventfd: %s", strerror(errno));
}

bool wake_take(int fd)
{
	uint64_t n;
	bool is_woken = read(fd, &n, sizeof n) > 0;
	if (!is_woken && errno != EAGAIN)
		BUG("eventfd: %s", strerror(errno));
	return is_woken;
}
