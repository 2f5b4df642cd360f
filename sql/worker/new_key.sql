-- -> key uuid
select gen_random_uuid() as key
