-- -> version int4, checksum text
select version, checksum from signalbox.schema_migrations
