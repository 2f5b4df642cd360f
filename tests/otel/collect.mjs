// A collector for OTLP over HTTP, JSON: keeps what it is sent, one request a line. node collect.mjs PORTFILE OUTFILE
// POST /busy: the next request is answered 503.
import { appendFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

const [portFile, outFile] = process.argv.slice(2);
let isBusy = false;
const server = createServer(async (request, response) => {
	const pieces = [];
	for await (const piece of request)
		pieces.push(piece);
	if (request.url === "/busy" || isBusy) {
		isBusy = request.url === "/busy";
		response.writeHead(isBusy ? 200 : 503).end();
		return;
	}
	const { method, url, headers } = request;
	appendFileSync(outFile, JSON.stringify({ method, url, headers, body: Buffer.concat(pieces).toString() }) + "\n");
	response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
});
server.listen(0, "127.0.0.1", () => {
	writeFileSync(portFile + ".new", `${server.address().port}`);
	renameSync(portFile + ".new", portFile);
});
