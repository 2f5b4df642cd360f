#pragma once
/* What a process says of itself, in the answer that begins it and in those that come later. Pure. */
#include "shared/json.h"

enum process_word {
	PROCESS_DONE,
	PROCESS_ON, /* it goes on, and will say more */
	PROCESS_FAILED,
};
/* By the member `status` of its answer; without one, or with another word: it is done. NULL: the same. */
enum process_word process_says(const struct json *answer);
