// What a vendor's own library reads where a worker asked: node sdk.mjs PROTOCOL URL MODEL [HEADERS]
// Prints the tokens, then the text of a streamed answer; HEADERS are those of the request, as JSON.
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenerativeAI } from "@google/generative-ai";
import { Ollama } from "ollama";
import OpenAI from "openai";

const [protocol, url, model, headers = "{}"] = process.argv.slice(2);
const defaultHeaders = JSON.parse(headers);
const messages = [{ role: "user", content: "hello from the library." }];
let text = "", input, output;

const ask = {
	async openai() {
		const client = new OpenAI({ apiKey: "k", baseURL: `${url}/v1`, maxRetries: 0, defaultHeaders });
		for await (const chunk of await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } })) {
			text += chunk.choices[0]?.delta?.content ?? "";
			input = chunk.usage?.prompt_tokens ?? input;
			output = chunk.usage?.completion_tokens ?? output;
		}
	},
	async anthropic() {
		const client = new Anthropic({ apiKey: "k", baseURL: url, maxRetries: 0, defaultHeaders });
		const message = await client.messages.stream({ model, max_tokens: 100, messages }).finalMessage();
		text = message.content.map((block) => block.text ?? "").join("");
		input = message.usage.input_tokens;
		output = message.usage.output_tokens;
	},
	async ollama() {
		for await (const part of await new Ollama({ host: url }).chat({ model, messages, stream: true })) {
			text += part.message.content;
			input = part.prompt_eval_count ?? input;
			output = part.eval_count ?? output;
		}
	},
	async gemini() {
		const client = new GoogleGenerativeAI("k").getGenerativeModel({ model }, { baseUrl: url });
		const { stream, response } = await client.generateContentStream(messages[0].content);
		for await (const chunk of stream)
			text += chunk.text();
		const usage = (await response).usageMetadata;
		input = usage.promptTokenCount;
		output = usage.candidatesTokenCount;
	},
};
await ask[protocol]();
process.stdout.write(`${input}/${output} ${text}`);
