-- -> is_there bool
select to_regclass('signalbox.schema_info') is not null as is_there
