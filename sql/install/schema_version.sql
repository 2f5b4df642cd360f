-- -> version int4, min_client int4
select version, min_client from signalbox.schema_info
