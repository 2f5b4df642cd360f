-- -> encoding text
select current_setting('server_encoding') as encoding
