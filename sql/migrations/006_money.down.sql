drop table money_stand_in;
