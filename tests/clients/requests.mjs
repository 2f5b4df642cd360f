// Requests made from the OpenAPI document, half of them wrong on purpose: node requests.mjs BASE TOKEN N SEED. Prints how many answers of each status there
// were; exits 1 when one was 5xx, did not come within 30 s, or was no JSON with an error where it should be.
const [base, token, n, seed] = process.argv.slice(2);
const document = await (await fetch(`${base}/openapi.json`)).json();
let state = Number(seed) >>> 0;
const random = (k) => { // xorshift32: the same requests again for the same seed
	state ^= state << 13; state >>>= 0; state ^= state >>> 17; state ^= state << 5; state >>>= 0;
	return state % k;
};
const ODD = ['', ' ', '\u0000', 'é€😀', '\ud800', 'x'.repeat(501), '../../etc/passwd', "'; drop table x; --", '%00', '{{', '-1', '1e999', null, true, 5, 1.5, -2147483649, [], {}, [[[]]]];
const UUIDS = ['00000000-0000-0000-0000-000000000000', 'x', '1', '%2e%2e', 'a'.repeat(300)];
function value(schema, depth = 0) {
	if (random(4) === 0) return ODD[random(ODD.length)];
	if (schema.const !== undefined) return schema.const;
	const type = [schema.type].flat()[0];
	if (type === 'object') {
		const out = {};
		for (const [name, s] of Object.entries(schema.properties ?? {})) if (random(3) > 0) out[name] = value(s, depth + 1);
		if (random(10) === 0) out[`odd${random(9)}`] = ODD[random(ODD.length)];
		return out;
	}
	if (type === 'array') return [];
	if (type === 'integer' || type === 'number') return random(3) === 0 ? -random(1e9) : random(100);
	if (schema.format === 'uuid') return UUIDS[random(UUIDS.length)];
	return random(2) === 0 ? 'null provider' : ODD[random(ODD.length)];
}
const routes = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, route]) => ({ path, method, route })));
const seen = {};
const known = [];
let bad = 0;
async function one() {
	const { path, method, route } = routes[random(routes.length)];
	if (route.responses[200]?.content['text/event-stream'] && random(20) > 0) return;
	const url = new URL(base);
	url.pathname = path.replace(/\{(\w+)\}/g, (_, name) => name === 'agent' && random(4) > 0 ? 'luna' : name === 'message' && known.length > 0 && random(2) === 0 ? known[random(known.length)] : encodeURIComponent(String(UUIDS[random(UUIDS.length)])));
	const headers = random(8) > 0 ? { Authorization: `Bearer ${token}` } : {};
	for (const p of route.parameters) {
		if (p.in === 'path' || random(3) > 0) continue;
		const v = String(value(p.schema)).replace(/[^\x20-\x7e]/g, '');
		if (p.in === 'query') url.searchParams.set(p.name, p.name === 'wait' ? String(Math.min(Number(v) || 0, 1)) : v);
		else headers[p.name] = v;
	}
	let body;
	if (route.requestBody) {
		headers['Content-Type'] = random(20) > 0 ? 'application/json' : 'text/plain';
		body = JSON.stringify(value(route.requestBody.content['application/json'].schema)) ?? '';
		if (random(15) === 0) body = body.slice(0, random(body.length + 1));
	}
	const what = `${method} ${url.pathname}${url.search} ${JSON.stringify(headers)} ${body?.slice(0, 200)}`;
	try {
		const answer = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(30000) });
		const text = await answer.text();
		seen[answer.status] = (seen[answer.status] ?? 0) + 1;
		if (answer.status === 202) known.push(JSON.parse(text).message_id ?? JSON.parse(text).result.message_id);
		if (known.length > 50) known.shift();
		const is_error = answer.status >= 400;
		if (answer.status >= 500 && path !== '/readyz' || is_error && typeof JSON.parse(text).error?.message !== 'string') {
			console.error(`${answer.status}: ${what}: ${text.slice(0, 300)}`);
			bad++;
		}
	} catch (e) {
		console.error(`${e.name} ${e.cause ?? ''}: ${what}`);
		bad++;
	}
}
let left = Number(n);
await Promise.all(Array.from({ length: 8 }, async () => { while (left-- > 0) await one(); }));
console.log(JSON.stringify(seen));
process.exit(bad > 0 ? 1 : 0);
