drop function if exists signalbox.work_args(bigint, uuid), signalbox.work_intent_eval(jsonb);
