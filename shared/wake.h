#pragma once
/* An eventfd for a poll(): whoever sleeps on it is woken, once for all that woke it meanwhile. The owner closes it. */
#include "shared/base.h"

int wake_new(void);
/* Any thread. */
void wake_up(int fd);
/* Empties it. True when somebody had woken it. */
bool wake_take(int fd);
