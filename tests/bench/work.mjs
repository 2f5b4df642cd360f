// What an application does with one message, whichever queue handed it over: read what it needs, call the provider, write the answer.
// Reads and writes of messages that are at the same point at the same moment share a statement: nothing waits for that, a batch is what
// came while the statement before it ran.
import { randomUUID } from 'node:crypto';
import { StringDecoder } from 'node:string_decoder';
import pg from 'pg';
import { Pool as HttpPool } from 'undici';

class Together {
	constructor(max, lanes, run) {
		Object.assign(this, { max, run, free: lanes, waiting: [], due: false });
	}
	add(item) {
		return new Promise((resolve, reject) => {
			this.waiting.push({ item, resolve, reject });
			if (!this.due && this.free > 0) {
				this.due = true;
				setImmediate(() => this.flush());
			}
		});
	}
	flush() {
		this.due = false;
		while (this.free > 0 && this.waiting.length > 0) {
			const batch = this.waiting.splice(0, this.max);
			this.free--;
			this.run(batch.map((b) => b.item))
				.then((results) => batch.forEach((b, i) => b.resolve(results?.[i])), (err) => batch.forEach((b) => b.reject(err)))
				.finally(() => {
					this.free++;
					this.flush();
				});
		}
	}
}

const READ = `select m.id, m.session_id, a.id as agent_id, a.model, a.system_prompt, a.base_url, a.input_pico, a.output_pico, m.retry_count,
		array(select json_build_object('role', h.role, 'content', h.content) from (
			select x.id, x.role, x.content from bench.messages x where x.session_id = m.session_id and x.id <= m.reply_to
				and x.role in ('user', 'assistant') and x.processing_status = 'completed'
			order by x.id desc limit a.context_window_size + 1) h order by h.id) as turns
	from unnest($1::bigint[]) with ordinality w(id, n) join bench.messages m on m.id = w.id
	join bench.sessions s on s.id = m.session_id join bench.agents a on a.id = s.agent_id order by w.n`;

// processing_completed_at is the database's clock at the writing, as in signalbox.
const WRITE = `with d as materialized (
		select * from unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::int[], $7::int[], $8::int[], $9::bigint[],
			$10::bigint[], $11::int[], $12::timestamptz[]) x(id, job_id, content, model, tokens_prompt, tokens_completion, ttft_ms, generation_ms,
			cost_pico, session_id, agent_id, started_at)
	), m as (
		update bench.messages m set content = d.content, processing_status = 'completed', processing_started_at = d.started_at,
			processing_completed_at = clock_timestamp(), job_id = d.job_id, model_used = d.model, tokens_prompt = d.tokens_prompt,
			tokens_completion = d.tokens_completion, generation_time_ms = d.generation_ms
		from d where m.id = d.id
	), c as (
		insert into bench.costs (job_id, call, message_id, session_id, agent_id, provider, model, tokens_input, tokens_output, cost_pico)
		select job_id, 1, id, session_id, agent_id, 'bench', model, tokens_prompt, tokens_completion, cost_pico from d
	)
	insert into bench.attempts (job_id, message_id, agent_id, number, provider, model, started_at, ended_at, outcome, ttft_ms, generation_ms,
		tokens_prompt, tokens_completion, cost_pico)
	select job_id, id, agent_id, 1, 'bench', model, started_at, clock_timestamp(), 'completed', ttft_ms, generation_ms, tokens_prompt,
		tokens_completion, cost_pico from d`;
const COLUMNS = ['id', 'job_id', 'content', 'model', 'tokens_prompt', 'tokens_completion', 'ttft_ms', 'generation_ms', 'cost_pico', 'session_id',
	'agent_id', 'started_at'];

// One streamed answer. undici's dispatch with a handler: no stream objects, no promises a piece.
class Stream {
	constructor(resolve, reject) {
		Object.assign(this, { resolve, reject, text: '', rest: '', utf8: new StringDecoder('utf8'), status: 0, done: false, finish: null });
		this.ttft = -1;
		this.began = performance.now();
	}
	onRequestStart() {}
	onResponseStart(controller, status) {
		this.status = status;
	}
	onResponseData(controller, piece) {
		const all = this.rest + this.utf8.write(piece);
		let from = 0;
		for (let end; (end = all.indexOf('\n', from)) >= 0; from = end + 1)
			if (all.startsWith('data: ', from))
				this.event(all.slice(from + 6, end));
		this.rest = all.slice(from);
	}
	event(data) {
		if (data.startsWith('[DONE]')) {
			this.done = true;
			return;
		}
		const e = JSON.parse(data), choice = e.choices?.[0];
		if (choice?.delta?.content) {
			if (this.ttft < 0)
				this.ttft = performance.now() - this.began;
			this.text += choice.delta.content;
		}
		this.finish = choice?.finish_reason ?? this.finish;
		this.usage = e.usage ?? this.usage;
		this.model = e.model ?? this.model;
	}
	onResponseEnd() {
		if (this.status !== 200 || !this.done || this.text === '')
			this.reject(new Error(`provider: HTTP ${this.status}, ${this.done ? 'empty' : 'cut'}`));
		else
			this.resolve(this);
	}
	onResponseError(controller, err) {
		this.reject(err);
	}
}

export class Work {
	constructor(url, provider, { concurrency, reads = 100, writes = 200, lanes = 2 }) {
		this.pg = new pg.Pool({ connectionString: url, max: 2 * lanes, idleTimeoutMillis: 0 });
		this.http = new HttpPool(provider, { connections: concurrency, pipelining: 1, keepAliveTimeout: 60000 });
		this.reader = new Together(reads, lanes, async (ids) =>
			(await this.pg.query({ name: 'read', text: READ, values: [ids] })).rows);
		this.writer = new Together(writes, lanes, (rows) =>
			this.pg.query({ name: 'write', text: WRITE, values: COLUMNS.map((c) => rows.map((r) => r[c])) }).then(() => null));
	}
	async ready() {
		await this.pg.query('select 1');
	}
	async message(id) {
		const started_at = new Date(), m = await this.reader.add(id);
		const messages = [{ role: 'system', content: m.system_prompt }, ...m.turns];
		const body = JSON.stringify({ model: m.model, messages, stream: true, stream_options: { include_usage: true } });
		const s = await new Promise((resolve, reject) => this.http.dispatch({ path: '/v1/chat/completions', method: 'POST',
			headers: { 'content-type': 'application/json' }, body }, new Stream(resolve, reject)));
		const tokens_prompt = s.usage.prompt_tokens, tokens_completion = s.usage.completion_tokens;
		await this.writer.add({ id, job_id: randomUUID(), content: s.text, model: s.model, tokens_prompt, tokens_completion,
			ttft_ms: Math.round(s.ttft), generation_ms: Math.round(performance.now() - s.began),
			cost_pico: tokens_prompt * m.input_pico + tokens_completion * m.output_pico, session_id: m.session_id, agent_id: m.agent_id, started_at });
	}
	async end() {
		await this.http.close();
		await this.pg.end();
	}
}

// The queue alone: nothing to do.
export class Nothing {
	async ready() {}
	async message() {}
	async end() {}
}
