/* Work to see what a kind of work takes. */
#include "worker/work/task.h"

int example_work(struct task *task, struct strbuf *result, struct err *err)
{
	(void)task;
	(void)err;
	strbuf_str(result, "{}");
	return 0;
}
