// What clients of others make of the interface: node clients.mjs BASE TOKEN poll TEXT | follow MESSAGE | many COUNT | limit COUNT[,BASE2].
// Prints what it saw, as JSON.
import { EventSource } from 'eventsource';
import { AiMessagePoller } from './poller.mjs';

const [base, token, what, argument] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
const native = globalThis.fetch;

async function dispatch(content) {
	const answer = await native(`${base}/api/agents/luna/messages`, { method: 'POST', headers, body: JSON.stringify({ content }) });
	if (answer.status !== 202) throw new Error(`dispatch: ${answer.status} ${await answer.text()}`);
	return answer.json();
}

// The poller is given only a fetch that adds base and token.
async function poll(content) {
	globalThis.fetch = (path) => native(base + path, { headers });
	const { message_id } = await dispatch(content);
	const seen = [];
	const end = await new Promise((resolve) =>
		new AiMessagePoller(message_id, {
			interval: 50,
			onUpdate: (data) => seen.push(data.status),
			onComplete: (data) => resolve({ how: 'completed', ...data }),
			onError: (data) => resolve({ how: 'failed', ...data }),
		}).start());
	console.log(JSON.stringify({ message_id, how: end.how, content: end.content, error: end.error, seen: [...new Set(seen)] }));
}

// Follows a message through whatever happens to the connection; EventSource comes again by itself, with the id of its last event.
async function follow(message_id) {
	let text = '', opened = 0;
	const alive = setInterval(() => {}, 1000); // EventSource's own timer does not keep Node running
	const statuses = [];
	const source = new EventSource(`${base}/api/messages/${message_id}/stream`, {
		fetch: (url, init) => native(url, { ...init, headers: { ...init.headers, Authorization: headers.Authorization } }),
	});
	source.addEventListener('open', () => opened++);
	source.addEventListener('status', (e) => statuses.push(JSON.parse(e.data).status));
	source.addEventListener('delta', (e) => {
		const { offset, text: more } = JSON.parse(e.data);
		const have = Buffer.from(offset === 0 ? '' : text);
		if (have.length !== offset) throw new Error(`a delta at ${offset}, and ${have.length} bytes are here`);
		text = have.toString() + more;
		process.stderr.write('.');
	});
	const end = await new Promise((resolve) => {
		source.addEventListener('done', (e) => resolve(JSON.parse(e.data)));
		source.addEventListener('error', (e) => e.data && resolve(JSON.parse(e.data)));
	});
	source.close();
	clearInterval(alive);
	const stored = await (await native(`${base}/api/messages/${message_id}/status`, { headers })).json();
	return { message_id, status: end.status, text, same: text === stored.content, opened, statuses: [...new Set(statuses)] };
}

// Sends so many messages, and follows each.
async function many(count) {
	const sent = [];
	for (let i = 1; i <= count; i++) sent.push((await dispatch(`many-${i}. [[words=60 rate=6]]`)).message_id);
	const seen = await Promise.all(sent.map(follow));
	return { streams: seen.length, same: seen.filter((s) => s.status === 'completed' && s.same).length, again: seen.filter((s) => s.opened > 1).length };
}

// So many requests at once, to both workers: how many had which status.
async function limit(argument) {
	const [count, other] = argument.split(',');
	const statuses = {};
	await Promise.all([...Array(Number(count)).keys()].map(async (i) => {
		const answer = await native(`${i % 2 ? base : other}/api/agents/luna/messages`, { method: 'POST', headers, body: JSON.stringify({ content: `limited-${i}.` }) });
		statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
		await answer.text();
	}));
	return statuses;
}

if (what === 'poll') await poll(argument);
else console.log(JSON.stringify(await { follow, many, limit }[what](argument)));
