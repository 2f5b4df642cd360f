-- -> is_read_only bool
select current_setting('transaction_read_only')::boolean as is_read_only
