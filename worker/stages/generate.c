/* One reply of the model. The job is parked while it streams; the engine's thread puts the text into job->live. */
#include "worker/llm/llm.h"
#include "worker/services.h"
#include "worker/stages/stages.h"

enum step generate(struct job *job, struct err *err)
{
	int stop = atomic_load(&job->stop);
	if (job->call == NULL) {
		if (job->err.code != ERR_OK) /* the claim could not make sense of it */
			return FAIL;
		if (stop != ERR_OK) {
			err_set(err, (enum err_code)stop, "before the call");
			return FAIL;
		}
		job->call = llm_start(job, err);
		return job->call != NULL ? WAIT : FAIL;
	}
	if (!atomic_load(&job->call->is_done)) {
		if (stop != ERR_OK)
			llm_cancel(job->services->engine, job->call, (enum err_code)stop);
		return WAIT;
	}
	if (job->call->err.code == ERR_OK)
		return GO;
	*err = job->call->err;
	return FAIL;
}
