// Takes webhooks as an application does, with the standard's own library: node hook.mjs SECRET. Prints its port, then of each call "verified TYPE" or why not.
import http from 'node:http';
import { Webhook } from 'standardwebhooks';

const judge = new Webhook(process.argv[2]);
const server = http.createServer((request, answer) => {
	let body = '';
	request.on('data', (part) => (body += part));
	request.on('end', () => {
		try {
			console.log(`verified ${judge.verify(body, request.headers).type}`);
			answer.writeHead(204).end();
		} catch (e) {
			console.log(`refused ${e}`);
			answer.writeHead(401).end();
		}
	});
});
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
