// Starts @musistudio/llms, which has no command of its own: node llms.mjs PORT URL
// A client speaks Anthropic's messages to it; what stands before the comma of a model says where it asks: an OpenAI or a Gemini at URL.
import { createRequire } from "node:module";

const [port, url] = process.argv.slice(2);
const providers = [
	{ name: "openai", api_base_url: `${url}/v1/chat/completions`, api_key: "k", models: [] },
	{ name: "gemini", api_base_url: `${url}/v1beta/models/`, api_key: "k", models: [], transformer: { use: ["gemini"] } },
];
const { default: Server } = createRequire(import.meta.url)("@musistudio/llms"); // its ES module does not load
await new Server({ useJsonFile: false, logger: { level: "warn" }, initialConfig: { HOST: "127.0.0.1", PORT: port, providers } }).start();
