-- Room for more kinds of everything (docs/decisions/018-the-floor-plan.md).

-- It answers the kind of the work too.
drop function if exists signalbox.work_args(bigint, uuid);
