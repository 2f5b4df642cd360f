-- Questions that differ only in case, white space or the encoding of accents are one question.
create or replace function signalbox.intent_normal(content text) returns text
language sql immutable as $$ select btrim(regexp_replace(lower(normalize(intent_text(content), NFC)), '\s+', ' ', 'g')) $$
set search_path = pg_catalog, signalbox, pg_temp;
