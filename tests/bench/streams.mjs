// Opens a stream for each message of a file, says "open" when all are, and ends when each had its end: node streams.mjs BASE FILE
import { readFileSync } from 'node:fs';
import http from 'node:http';

const [base, file] = process.argv.slice(2);
const ids = readFileSync(file, 'utf8').trim().split('\n');
const agent = new http.Agent({ maxSockets: Infinity });
let open = 0, ended = 0, bad = 0, next = 0;
function one() {
	if (next === ids.length) return;
	const id = ids[next++];
	http.get(`${base}/api/messages/${id}/stream`, { agent }, (answer) => {
		let is_open = false, is_done = false;
		answer.setEncoding('utf8');
		answer.on('data', (text) => {
			if (!is_open) {
				is_open = true;
				if (++open === ids.length) console.log('open');
				one();
			}
			is_done ||= text.includes('event: done');
		});
		answer.on('end', () => {
			bad += !is_done;
			if (++ended === ids.length) {
				console.log(`${bad} without an end`);
				process.exit(bad > 0 ? 1 : 0);
			}
		});
	}).on('error', (e) => { console.log(String(e)); process.exit(1); });
}
for (let i = 0; i < 64; i++) one();
