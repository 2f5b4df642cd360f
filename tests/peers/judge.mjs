// Judges the bodies that a worker sent (tap.mjs's file) by the vendors' own types: each becomes a constant of its type, the TypeScript compiler says
// what does not fit. So that the types are known to refuse, each kind is also given bodies that are wrong. Prints "ok" and "not ok" for each kind.
//   node judge.mjs CALLS
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const HERE = dirname(fileURLToPath(import.meta.url));
// What a body is by its path; what its type lacks although the interface has it; what it needs besides model and turns; bodies spoilt one by one.
const KINDS = {
	openai: { path: /\/chat\/completions$/, type: "import('openai').default.ChatCompletionCreateParamsStreaming", lacks: [], turns: "messages" },
	anthropic: { path: /\/v1\/messages$/, type: "import('@anthropic-ai/sdk').default.MessageCreateParamsStreaming", lacks: [], turns: "messages",
		needs: ["max_tokens"] },
	// A call's id and index, and the id of the call that a tool answers, are younger than the library.
	ollama: { path: /\/api\/chat$/, turns: "messages", lacks: ["truncate"],
		type: "Omit<import('ollama').ChatRequest, 'messages'> & { stream: true, messages: (Omit<import('ollama').Message, 'tool_calls'> & " +
			"{ tool_call_id?: string, tool_calls?: { id?: string, function: import('ollama').ToolCall['function'] & { index?: number } }[] })[] }" },
	// Its system instruction needs no role, there is a thinkingConfig, parts are signed, and a function's schema may be any JSON schema: the interface says so, the
	// library's types are older.
	gemini: { path: /:streamGenerateContent\?alt=sse$/, turns: "contents", lacks: [], type: "Omit<import('@google/generative-ai').GenerateContentRequest, " +
		"'contents' | 'systemInstruction' | 'generationConfig' | 'tools'> & { contents: { role: string, parts: " +
		"(import('@google/generative-ai').Part & { thoughtSignature?: string })[] }[], tools?: { functionDeclarations: (Omit<import('@google/generative-ai').FunctionDeclaration, " +
		"'parameters'> & { parametersJsonSchema?: object })[] }[], systemInstruction?: Omit<import('@google/generative-ai').Content, 'role'>, " +
		"generationConfig?: import('@google/generative-ai').GenerationConfig & { thinkingConfig?: { thinkingLevel?: string, thinkingBudget?: number } } }" },
};
const spoilt = (body, turns, needs = []) => [
	{ ...body, no_such_field: 1 },
	{ ...body, [turns]: "hello" },
	{ ...body, [turns]: [{ ...body[turns][0], role: 7 }] },
	{ ...body, [turns]: [{ ...body[turns].at(-1), no_such_field: 1 }] },
	(({ [turns]: _, ...rest }) => rest)(body),
	...("model" in body ? [(({ model: _, ...rest }) => rest)(body), { ...body, model: 5 }] : []),
	...needs.map((key) => (({ [key]: _, ...rest }) => rest)(body)),
];

const lines = [], owner = []; // of each line: its kind, and which body, or spoilt body, of it
for (const [name, kind] of Object.entries(KINDS)) {
	kind.bodies = new Set();
	for (const line of readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean)) {
		const { method, path, headers, body } = JSON.parse(line);
		if (kind.path.test(path) && method === "POST" && headers["content-type"] === "application/json")
			kind.bodies.add(body);
	}
	const add = (body, spoils) => {
		const text = JSON.stringify(Object.fromEntries(Object.entries(body).filter(([key]) => !kind.lacks.includes(key))));
		owner[lines.length] = { name, spoils };
		lines.push(`export const c${lines.length}: ${kind.type} = ${text};`);
	};
	[...kind.bodies].forEach((body) => add(JSON.parse(body), false));
	if (kind.bodies.size > 0)
		spoilt(JSON.parse([...kind.bodies][0]), kind.turns, kind.needs).forEach((body) => add(body, true));
}

const FILE = join(HERE, "bodies.ts"); // only in memory; its place is where node_modules is found
const options = { strict: true, noEmit: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022, lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
	module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
const host = ts.createCompilerHost(options);
const { readFile, fileExists, getSourceFile } = host;
host.fileExists = (file) => file === FILE || fileExists(file);
host.readFile = (file) => file === FILE ? lines.join("\n") : readFile(file);
host.getSourceFile = (file, ...rest) => file === FILE ? ts.createSourceFile(file, lines.join("\n"), options.target) : getSourceFile(file, ...rest);
const program = ts.createProgram([FILE], options, host);
const wrong = new Map();
for (const found of [...program.getSemanticDiagnostics(program.getSourceFile(FILE)), ...program.getOptionsDiagnostics()]) {
	const line = found.file ? found.file.getLineAndCharacterOfPosition(found.start).line : -1;
	wrong.set(line, ts.flattenDiagnosticMessageText(found.messageText, " ").slice(0, 400));
}

for (const [name, kind] of Object.entries(KINDS)) {
	const of = (spoils) => [...lines.keys()].filter((i) => owner[i].name === name && owner[i].spoils === spoils);
	const refused = of(false).find((i) => wrong.has(i)), taken = of(true).find((i) => !wrong.has(i));
	console.log(of(false).length === 0 ? `not ok ${name}: no body was sent`
		: refused !== undefined ? `not ok ${name}: ${wrong.get(refused)}: ${lines[refused]}`
		: taken !== undefined ? `not ok ${name}: the type takes what is wrong: ${lines[taken]}`
		: `ok ${name}: the vendor's types take every body and refuse each of ${of(true).length} spoilt ones`);
}
if (wrong.has(-1))
	console.log(`not ok the compiler: ${wrong.get(-1)}`);
console.error(Object.entries(KINDS).map(([name, kind]) => `${name} ${kind.bodies.size}`).join(", ")); // how many different bodies there were
