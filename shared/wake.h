#pragma once
/* An eventfd that wakes a thread from poll(). All wake-ups before wake_take() count as one. The
 * owner closes the fd. */
#include "shared/base.h"

int wake_new(void);
/* May be called by any thread. */
void wake_up(int fd);
/* Resets the eventfd. True when wake_up() was called since the last reset. */
bool wake_take(int fd);
