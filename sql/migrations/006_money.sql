-- Stands in for somebody else's migration until the branches meet: take theirs.
create table money_stand_in ();
