// report.mjs report DIR [N]            markdown tables out of DIR/*.jsonl, or only DIR/N.jsonl
// report.mjs laps SCENE FILE           percentiles of a scene's calls, a JSON line each
// report.mjs plans                     on standard input: notices of auto_explain, made readable
// report.mjs trips STAMPS [REQUESTS]   the fields of one run of asker: its stamps, against the provider's log
// report.mjs pickup STAMPS REQUESTS    the fields of one pick-up run: the provider's log against the times of the commits
import fs from 'node:fs';

const [verb, ...args] = process.argv.slice(2);
const lines = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map((l) => JSON.parse(l)) : []);
const round = (x, n = 2) => (x === null || x === undefined || !isFinite(x) ? '-' : x.toLocaleString('en-US', { maximumFractionDigits: n }));

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))].toFixed(3);

if (verb === 'laps') {
	const laps = new Map();
	for (const [what, ms] of fs.readFileSync(args[1], 'utf8').trim().split('\n').map((l) => l.split(' ')))
		laps.set(what, [...(laps.get(what) ?? []), Number(ms)]);
	for (const [what, ms] of laps) {
		ms.sort((a, b) => a - b);
		console.log(`{"exp":"5","scene":"${args[0]}","what":"${what}","calls":${ms.length},"p50_ms":${quantile(ms, 0.5)},"p99_ms":${quantile(ms, 0.99)},"max_ms":${ms.at(-1)}}`);
	}
	process.exit(0);
}
if (verb === 'pickup') {
	const committed = new Map(fs.readFileSync(args[0], 'utf8').trim().split('\n').map((l) => l.split(' ').map(Number)));
	const seen = new Set(), ms = [];
	for (const r of lines(args[1])) {
		const n = Number(/nonce (\d+)/.exec(r.text)?.[1]);
		if (!committed.has(n))
			continue;
		if (seen.has(n))
			throw new Error(`message ${n} was asked twice`);
		seen.add(n);
		ms.push((r.at_us - committed.get(n)) / 1000);
	}
	if (ms.length !== committed.size)
		throw new Error(`${ms.length} requests for ${committed.size} messages`);
	ms.sort((a, b) => a - b);
	console.log(`"messages":${ms.length},"p50_ms":${quantile(ms, 0.5)},"p90_ms":${quantile(ms, 0.9)},"p99_ms":${quantile(ms, 0.99)},"max_ms":${ms.at(-1).toFixed(3)}`);
	process.exit(0);
}

if (verb === 'trips') {
	const stamps = new Map(fs.readFileSync(args[0], 'utf8').trim().split('\n').map((l) => l.split(' ').map(Number)).map(([n, ...at]) => [n, at]));
	const fields = [], p = (name, list) => {
		list.sort((a, b) => a - b);
		fields.push(`"${name}_p50_ms":${quantile(list, 0.5)},"${name}_p99_ms":${quantile(list, 0.99)}`);
	};
	p('total', [...stamps.values()].map(([dispatched, , readable]) => (readable - dispatched) / 1000));
	const log = args[1] ? lines(args[1]) : [], ended = new Map(log.filter((l) => l.answered).map((l) => [l.answered, l]));
	const pickup = [], provider = [], after = [], first = [], seen = new Set();
	for (const r of log) {
		const n = Number(/gateway, nonce (\d+)/.exec(r.text)?.[1]), at = stamps.get(n);
		if (!at)
			continue;
		if (seen.has(n))
			throw new Error(`message ${n} was asked twice`);
		seen.add(n);
		const e = ended.get(r.n);
		pickup.push((r.at_us - at[0]) / 1000);
		provider.push((e.at_us - r.at_us) / 1000);
		after.push((at[2] - e.at_us) / 1000);
		if (at[1])
			first.push((at[1] - e.first_us) / 1000);
	}
	if (args[1]) {
		if (seen.size !== stamps.size)
			throw new Error(`${seen.size} requests for ${stamps.size} messages`);
		p('pickup', pickup);
		p('provider', provider);
		p('after', after);
		fields.push(`"seen_first":${first.length}`);
		if (first.length)
			p('first', first);
	}
	console.log(fields.join(','));
	process.exit(0);
}

// Notices of auto_explain: statements that a function runs for each row are shown once, with how often.
if (verb === 'plans') {
	const seen = new Map();
	for (const block of fs.readFileSync(0, 'utf8').split(/^(?=duration: )/m).filter((b) => b.startsWith('duration: '))) {
		const text = /^Query Text: ([^]*?)^(?=\S.*\(cost=)/m.exec(block)?.[1] ?? block;
		const s = seen.get(text) ?? { block: block.replace(/^duration: .*\n/, ''), n: 0, ms: 0 };
		s.n++;
		s.ms += Number(/^duration: ([\d.]+)/.exec(block)[1]);
		seen.set(text, s);
	}
	for (const s of seen.values())
		console.log(`-- ${s.n} time${s.n > 1 ? 's' : ''}, ${s.ms.toFixed(3)} ms in all\n${s.block.replace(/^(.{400}).+$/gm, '$1 …')}`);
	process.exit(0);
}

const dir = args[0], only = args[1];
const results = (n) => (!only || only === n ? lines(`${dir}/${n}.jsonl`) : []);
const table = (head, rows) => [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...rows.map((r) => `| ${r.join(' | ')} |`), ''].join('\n');
const best = (rows, key, sign = 1) => rows.reduce((a, b) => (sign * b[key] > sign * a[key] ? b : a));
const systems = (rows) => ['signalbox', 'graphile', 'pgboss'].map((s) => rows.filter((r) => r.system === s)).filter((r) => r.length > 0);
const out = [];

const m = lines(`${dir}/machine.jsonl`).at(-1);
if (m)
	out.push(`Measured ${m.date} at commit ${m.commit}: ${m.cores} cores (${m.cpu}), ${m.memory_gb} GB, Linux ${m.kernel}, PostgreSQL ${m.postgres}, Node ${m.node}. Server: ` +
		`\`${m.settings}\`. The scripted provider runs on the same cores; messages and answers are practice data.\n`);

function sweep(rows, key, columns, sign) {
	const top = systems(rows).map((r) => best(r, key, sign)), ours = top.find((r) => r.system === 'signalbox') ?? top[0];
	out.push('The best setting of each:\n');
	out.push(table(['', 'settings', ...columns.map((c) => c[0]), `${columns[0][0]}: ratio to ${ours.system}`],
		top.map((r) => [r.system, `\`${r.settings}\``, ...columns.map((c) => c[1](r)), round(r[key] / ours[key])])));
	out.push('All that were tried:\n');
	out.push(table(['', 'settings', ...columns.map((c) => c[0])], rows.map((r) => [r.system, `\`${r.settings}\``, ...columns.map((c) => c[1](r))])));
}
const cpu = (key) => (r) => round((r[key] / r.messages) * 1000, 3);
const cpuColumns = [['worker CPU s per 1,000', cpu('cpu_worker_s')], ['PostgreSQL CPU s per 1,000', cpu('cpu_postgres_s')],
	['provider CPU s per 1,000', cpu('cpu_provider_s')]];
const perMillion = [['worker CPU s per million tokens', (r) => round((r.cpu_worker_s / (r.messages * r.tokens)) * 1e6, 1)],
	['PostgreSQL CPU s per million tokens', (r) => round((r.cpu_postgres_s / (r.messages * r.tokens)) * 1e6, 1)]];

let rows = results('1');
if (rows.length) {
	out.push(`## 1. The whole path\n\n\`tests/bench/run.sh 1\`: ${round(rows[0].messages)} messages wait, ${rows[0].tokens} tokens each, answered at once.\n`);
	sweep(rows, 'per_second', [['messages/s', (r) => round(r.per_second)], ['steady', (r) => round(r.steady_per_second)], ...cpuColumns, ...perMillion]);
}
rows = results('2');
if (rows.length) {
	out.push(`## 2. The queue alone\n\n\`tests/bench/run.sh 2\`: ${round(rows[0].messages)} messages. The peers' jobs do nothing and write nothing; ours take the provider's null protocol: everything but the HTTP call.\n`);
	sweep(rows, 'per_second', [['jobs/s', (r) => round(r.per_second)], ...cpuColumns.slice(0, 2)]);
}
rows = results('3');
if (rows.length) {
	const ideal = rows[0].tokens / 2;
	out.push(`## 3. ${round(rows[0].messages)} streams at once\n\n\`tests/bench/run.sh 3\`: one process, ${rows[0].tokens} tokens at 2 a second: ${ideal} s at best. PSS and kernel stacks are read in the middle; the kernel's memory for sockets is the same for all.\n`);
	sweep(rows, 'seconds', [['seconds', (r) => round(r.seconds)], ['over the ideal', (r) => round(r.seconds - ideal)], ['PSS MB', (r) => round(r.pss_kb / 1024, 0)],
		['thread stacks MB', (r) => round(r.kernel_stacks_kb / 1024, 1)], ...perMillion, ['provider CPU s', (r) => round(r.cpu_provider_s)]], -1);
	const r = rows.find((x) => x.status_ms);
	if (r)
		out.push(`While they ran: \`signalbox status --json\` in ${r.status_ms.join(', ')} ms (it saw ${r.processing_seen} processing), \`signalbox --once --view queue\` in ${r.once_ms.join(', ')} ms.\n`);
}
rows = results('4');
if (rows.length) {
	out.push(`## 4. Pick-up\n\n\`tests/bench/run.sh 4\`: from the commit's return to the request's arrival at the provider, ${rows[0].messages} messages, one about each 20 ms.\n`);
	sweep(rows, 'p50_ms', [['p50 ms', (r) => round(r.p50_ms)], ['p99 ms', (r) => round(r.p99_ms)], ['max ms', (r) => round(r.max_ms)], ['dispatch p50 ms', (r) => round(r.dispatch_p50_ms)]], -1);
}
rows = results('5');
if (rows.length) {
	out.push('## 5. A million waiting\n\n`tests/bench/run.sh 5`. A: about 10,000 wait. B: a million. C: nine tenths of it behind one paused agent. D: a million, a snapshot held open while a worker ran at full speed, and still held. In brackets: ratio to A; for D also to B.\n');
	const scenes = ['A', 'B', 'C', 'D'];
	const calls = [...new Set(rows.filter((r) => r.p50_ms !== undefined).map((r) => r.what))];
	const cell = (what, scene, key) => rows.find((r) => r.what === what && r.scene === scene && r[key] !== undefined)?.[key];
	const text = (what, s, key) => {
		const v = cell(what, s, key), a = cell(what, 'A', key), b = cell(what, 'B', key);
		return v === undefined ? '-' : `${round(v)}${s === 'A' ? '' : ` (${round(v / a)}${s === 'D' ? `; ${round(v / b)}` : ''})`}`;
	};
	out.push(table(['call', ...scenes.map((s) => `${s} p50 ms`), ...scenes.map((s) => `${s} p99 ms`)],
		calls.map((w) => [w, ...scenes.map((s) => text(w, s, 'p50_ms')), ...scenes.map((s) => text(w, s, 'p99_ms'))])));
	const rates = [...new Set(rows.filter((r) => r.per_second !== undefined).map((r) => r.what))];
	out.push(table(['rate, messages/s', ...scenes], rates.map((w) => [w, ...scenes.map((s) => text(w, s, 'per_second'))])));
	const d = rows.find((r) => r.first_tenth_per_second !== undefined);
	if (d)
		out.push(`Beside the open snapshot (${d.what.replace(/_/g, ' ')}, provider ${d.provider}): ${round(d.first_tenth_per_second)}/s in the first tenth of the time, ${round(d.last_tenth_per_second)}/s in the last; ${round(d.messages)} messages.\n`);
}
rows = results('6');
if (rows.length) {
	out.push('## 6. Beside a gateway\n\n`tests/bench/run.sh 6`. Shapes: json, one body; stream, all words at once; paced, 100 words a second. Added: less the direct call of the same shape and number in parallel.\n');
	const per = (r, key) => (r[key] === null || r[key] === undefined ? '-' : round((r[key] / r.asked) * 1000, 3));
	const name = (r) => `${r.system}${r.settings ? ` \`${r.settings}\`` : ''}`;
	const of = (what) => rows.filter((r) => r.what === what);
	const called = of('call'), direct = (r) => called.find((d) => d.system === 'direct' && d.shape === r.shape && d.parallel === r.parallel);
	const added = (r, key) => (r.system === 'direct' ? '-' : round(r[key] - direct(r)[key]));
	const times = ['p50_ms', 'p99_ms', 'ttfb_p50_ms', 'ttfb_p99_ms'];
	out.push('Calls over HTTP:\n');
	out.push(table(['', 'shape', 'in parallel', 'p50 ms', 'p99 ms', 'first byte p50', 'first byte p99', 'added p50', 'added p99', 'first byte: added p50', 'added p99', 'calls/s',
		'its CPU s per 1,000', 'provider CPU s per 1,000', 'client CPU s per 1,000'],
	called.map((r) => [name(r), r.shape, r.parallel, ...times.map((k) => round(r[k])), ...times.map((k) => added(r, k)), round(r.per_second, 0), per(r, 'cpu_s'),
		per(r, 'cpu_provider_s'), per(r, 'cpu_client_s')])));
	if (of('queue').length) {
		out.push('Through signalbox, applications that wait for the answer and ask again (not a proxied call: see "What is measured"); `loop` is the hand-written one, which does the same commits and the same call and nothing else. PostgreSQL\'s CPU is also that of the looking, each half millisecond:\n');
		const pair = (r, k) => [round(r[`${k}_p50_ms`]), round(r[`${k}_p99_ms`])];
		out.push(table(['', 'shape', 'in parallel', 'commit to provider p50 ms', 'p99', 'provider p50', 'last byte to readable p50', 'p99', 'first word to watcher p50', 'p99', 'commit to readable p50', 'p99',
			'round trips/s', 'worker CPU s per 1,000', 'PostgreSQL', 'provider'],
		of('queue').map((r) => [r.system, r.shape, r.parallel, ...pair(r, 'pickup'), round(r.provider_p50_ms), ...pair(r, 'after'), ...(r.seen_first ? pair(r, 'first') : ['-', '-']), ...pair(r, 'total'),
			round(r.per_second, 0), per(r, 'cpu_s'), per(r, 'cpu_postgres_s'), per(r, 'cpu_provider_s')])));
	}
	const dispatch = of('dispatch')[0];
	out.push('What can be compared, with 32 at a time: clients of the gateway; applications that wait for signalbox\'s answer (dispatch and looking are in PostgreSQL\'s CPU); and a queue ' +
		`that is full (\`concurrency=32\`; nobody looks, and the dispatches were before${dispatch ? `: ${per(dispatch, 'cpu_postgres_s')} s of PostgreSQL per 1,000` : ''}). Memory is that of the process; PostgreSQL's is not in it:\n`);
	const memory = (r, when) => of('memory').find((m) => m.system === r.system && m.when === when && (m.settings === r.settings || m.system === 'signalbox'));
	const megabytes = (m) => (m ? round(m.pss_kb / 1024, 1) : '-');
	out.push(table(['', 'shape', 'calls/s', 'its CPU s per 1,000', 'PostgreSQL CPU s per 1,000', 'provider CPU s per 1,000', 'idle PSS MB', 'PSS MB after'],
		['stream', 'paced'].flatMap((shape) => [...called, ...of('queue'), ...of('full')].filter((r) => r.parallel === 32 && r.shape === shape).map((r) => [
			`${name(r)}${r.what === 'queue' ? ', applications wait' : r.what === 'full' ? ', full queue' : ''}`, shape, round(r.per_second, 0), per(r, 'cpu_s'),
			per(r, 'cpu_postgres_s'), per(r, 'cpu_provider_s'), megabytes(memory(r, 'idle')), megabytes(memory(r, 'after'))]))));
	if (of('fallback').length) {
		out.push('The first of two providers is down, one call at a time. Added: less the same system with nothing down. Breaker: held closed, so that each call falls back; auto, it opens by itself; the gateway has none.\n');
		const time = (r, q) => r[`total_${q}_ms`] ?? r[`${q}_ms`];
		const well = (r) => rows.find((b) => b.what === 'fallback' && b.system === r.system && b.shape === r.shape && b.down === 'nothing');
		out.push(table(['', 'shape', 'down', 'breaker', 'calls', 'p50 ms', 'p99 ms', 'added p50', 'added p99', 'calls to the first'],
			of('fallback').map((r) => [name(r), r.shape, r.down, r.breaker, round(r.calls), round(time(r, 'p50')), round(time(r, 'p99')),
				...(r.down === 'nothing' ? ['-', '-'] : ['p50', 'p99'].map((q) => round(time(r, q) - time(well(r), q)))), r.asked_first ?? '-'])));
	}
}
rows = results('7');
if (rows.length) {
	const calls = rows.filter((r) => r.p50_ms !== undefined), streams = rows.filter((r) => r.seconds !== undefined);
	const per = (r, key) => round(r[key] / r.calls * 1000);
	const cpu = (r) => (r.cpu_s + r.cpu_postgres_s + r.cpu_provider_s) / r.calls * 1000;
	out.push('## 7. Over HTTP\n\n`tests/bench/run.sh 7`. wait: `POST …/messages?wait=60`, two durable commits each; gateway: the same call of the provider through @portkey-ai/gateway, for a client that waits. CPU is of all processes but the client.\n');
	out.push(table(['', 'clients', 'calls/s', 'p50 ms', 'p95 ms', 'p99 ms', 'CPU s per 1,000', 'of it PostgreSQL', 'provider', 'PSS MB'],
		calls.map((r) => [r.what, r.parallel, round(r.per_second, 0), round(r.p50_ms), round(r.p95_ms), round(r.p99_ms), round(cpu(r)), per(r, 'cpu_postgres_s'), per(r, 'cpu_provider_s'), round(r.pss_kb / 1024, 1)])));
	if (streams.length)
		out.push(table(['', 'open', 'seconds', 'worker CPU s', 'PostgreSQL CPU s', 'more PSS MB'],
			streams.map((r) => [r.what, r.parallel, r.seconds, r.cpu_s, r.cpu_postgres_s, r.pss_kb === undefined ? '-' : round(r.pss_kb / 1024, 1)])));
}
rows = results('8');
if (rows.length) {
	out.push('## 8. Calculations\n\n`tests/bench/run.sh 8`. From dispatch to the answer; the run alone, sandbox and interpreter; the interpreter alone.\n');
	out.push(table(['', 'at once', 'number', 'a second', 'p50 ms', 'p95 ms', 'run p50', 'run p95'],
		rows.map((r) => [r.what, r.parallel, r.calls, r.per_second ?? '-', r.p50_ms, r.p95_ms, r.run_p50_ms ?? '-', r.run_p95_ms ?? '-'])));
}
console.log(out.join('\n'));
