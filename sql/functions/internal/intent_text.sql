-- The part of a question that is classified: its first 4,000 characters, which are taken to say what the user wants.
create or replace function signalbox.intent_text(content text) returns text
language sql immutable as $$ select left(content, 4000); $$;
