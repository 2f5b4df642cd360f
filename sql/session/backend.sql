-- -> pid int4
select pg_backend_pid() as pid
