-- $1 text[] tokens -> token text
select t as token from signalbox.http_refused($1) t
