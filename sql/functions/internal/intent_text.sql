-- The part of a question that is looked at: its beginning. Nobody says what he wants after four thousand characters.
create or replace function signalbox.intent_text(content text) returns text
language sql immutable as $$ select left(content, 4000); $$;
