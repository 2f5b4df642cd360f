drop table if exists signalbox.tokens, signalbox.token_rates, signalbox.awaited;
drop function if exists signalbox.http_dispatch(bytea, boolean, text, text, uuid, text, text, text, int, text, boolean, boolean), signalbox.http_signer(bytea), signalbox.http_status(bytea, boolean, uuid, text, boolean),
	signalbox.http_act(bytea, boolean, uuid, text), signalbox.http_look(bigint[]), signalbox.http_documents(bigint[]), signalbox.http_answers(bigint[], int[], int), signalbox.http_texts(bigint[], int[], int[]), signalbox.http_await(bigint[], boolean),
	signalbox.http_enter(bytea, boolean, text), signalbox.http_rate(int, signalbox.agents, boolean), signalbox.http_origins(bytea), signalbox.http_tokens(), signalbox.http_may(bytea, boolean, text),
	signalbox.acting_token(), signalbox.own_message(uuid), signalbox.tell_ended(bigint[]), signalbox.sent_by(bigint), signalbox.place_of(signalbox.queue), signalbox.status_document(bigint, bigint),
	signalbox.token_create(text, bytea, text, text[], text[], boolean, text, text, text, text, text[], interval, text), signalbox.token_list(), signalbox.token_revoke(int, text);
