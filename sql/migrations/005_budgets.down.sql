-- Back to budgets that are stored and not kept.
drop table reservations;
alter table agents drop column budget_soft;
drop function if exists signalbox.take(uuid, int, interval), signalbox.agents_page();
