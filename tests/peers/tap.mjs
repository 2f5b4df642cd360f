// Listens between worker and servers and passes on what it hears, byte by byte: node tap.mjs ROUTES PORTFILE OUTFILE
// ROUTES: a JSON file, {"name": {"to": "http://127.0.0.1:PORT"}}.
// PORTFILE: a line "name port" for each route. OUTFILE: a JSON object a line for each call, when its answer has ended.
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";

const [routesFile, portFile, outFile] = process.argv.slice(2);
const routes = JSON.parse(readFileSync(routesFile, "utf8"));

async function pass(route, { to }, asked, answer) {
	const pieces = [], got = [];
	for await (const piece of asked)
		pieces.push(piece);
	const body = Buffer.concat(pieces);
	const call = { route, method: asked.method, path: asked.url, headers: asked.headers, body: body.toString(), status: 0, answer: "", cut: false };
	const note = (cut) => {
		call.answer = Buffer.concat(got).toString();
		call.cut = cut;
		appendFileSync(outFile, JSON.stringify(call) + "\n");
		if (cut)
			answer.destroy();
		else
			answer.end();
	};
	const there = request(new URL(asked.url, to), { method: asked.method, headers: asked.headers });
	there.on("response", (back) => {
		call.status = back.statusCode;
		call.answer_headers = back.headers;
		answer.writeHead(back.statusCode, back.rawHeaders);
		back.on("data", (piece) => {
			got.push(piece);
			answer.write(piece);
		});
		back.on("close", () => note(!back.complete));
	});
	there.on("error", () => call.status || note(true));
	there.end(body);
}

const lines = [];
for (const [name, route] of Object.entries(routes)) {
	const server = createServer((asked, answer) => pass(name, route, asked, answer));
	await new Promise((listens) => server.listen(0, "127.0.0.1", listens));
	lines.push(`${name} ${server.address().port}\n`);
}
writeFileSync(portFile + ".new", lines.join(""));
renameSync(portFile + ".new", portFile);
