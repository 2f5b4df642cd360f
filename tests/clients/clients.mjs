// What clients of others make of the interface: node clients.mjs BASE TOKEN poll TEXT | follow MESSAGE. Prints what it saw, as JSON.
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
	console.log(JSON.stringify({ message_id, status: end.status, text, same: text === stored.content, opened, statuses: [...new Set(statuses)] }));
}

await (what === 'poll' ? poll(argument) : follow(argument));
