// report.mjs report DIR [N]            markdown tables out of DIR/*.jsonl, or only DIR/N.jsonl
// report.mjs laps SCENE FILE           percentiles of a scene's calls, a JSON line each
// report.mjs plans                     on standard input: notices of auto_explain, made readable
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
console.log(out.join('\n'));
