// Judges what a worker sent (collect.mjs's file) by OpenTelemetry's own protobuf code and list of names, and prints "ok" or "not ok WHY" for each
// rule, then one line for each trace: its id, its parent elsewhere or -, and its spans as a tree, in the order they began.
//   node judge.mjs FILE [CALLER...]    callers: span ids of others, which may be parents
import { readFileSync } from "node:fs";
import root from "@opentelemetry/otlp-transformer/build/src/generated/root.js";
import * as names from "@opentelemetry/semantic-conventions/incubating";

const Request = root.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
const about = JSON.parse(readFileSync(new URL("node_modules/@opentelemetry/semantic-conventions/package.json", import.meta.url)));
const [file, ...callers] = process.argv.slice(2);
const requests = readFileSync(file, "utf8").split("\n").filter(Boolean).map(line => JSON.parse(line));
const known = new Set(Object.entries(names).filter(([name]) => name.startsWith("ATTR_")).map(([, value]) => value));
const vendors = new Set(Object.entries(names).filter(([name]) => name.startsWith("GEN_AI_PROVIDER_NAME_VALUE_")).map(([, value]) => value));
const wrong = new Map();
const must = (rule, holds, what) => {
	wrong.set(rule, wrong.get(rule) ?? []);
	if (!holds)
		wrong.get(rule).push(what);
};

// Ids are hex in OTLP's JSON, which is the one thing it does otherwise than protobuf's.
const IDS = { traceId: 32, spanId: 16, parentSpanId: 16 };
const map = (value, f) => Array.isArray(value) ? value.map(v => map(v, f))
	: value === null || typeof value !== "object" || value instanceof Uint8Array ? value
	: Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, v]) => [key, key in IDS ? f(key, v) : map(v, f)]));
const toBytes = text => map(JSON.parse(text), (key, id) => {
	must("ids are lower-case hex of the right length, not all zeros", new RegExp(`^(?!0+$)[0-9a-f]{${IDS[key]}}$`).test(id), `${key} ${id}`);
	return Buffer.from(id, "hex");
});
const toHex = object => map(object, (key, id) => Buffer.from(id).toString("hex"));

// Through protobuf's bytes and back: a field that is none, a number that should be a string or an enum by its name would not come back as it was.
const spans = [];
for (const { method, url, headers, body } of requests) {
	must("POST /v1/traces", method === "POST" && url === "/v1/traces", `${method} ${url}`);
	must("as application/json", headers["content-type"] === "application/json", headers["content-type"]);
	const sent = JSON.stringify(toHex(toBytes(body)));
	const message = Request.fromObject(toBytes(body));
	const bytes = Request.encode(message).finish();
	must("as protobuf has it", Request.verify(message) === null, Request.verify(message));
	const got = Request.toObject(Request.decode(bytes), { longs: String, json: true });
	must("the same after a way through protobuf", JSON.stringify(toHex(got)) === sent, sent.slice(0, 2000));
	for (const { resource, scopeSpans } of toHex(got).resourceSpans) {
		must("a service's name, version and instance",
			["name", "version", "instance.id"].every(n => resource.attributes.some(a => a.key === `service.${n}`)), "");
		for (const { schemaUrl, scope, spans: some } of scopeSpans) {
			must("the schema that is asked here", schemaUrl === `https://opentelemetry.io/schemas/${about.version.replace(/\d+$/, "0")}`, schemaUrl);
			must("a scope", scope.name && scope.version, JSON.stringify(scope));
			spans.push(...some);
		}
	}
}

const bySpan = new Map(spans.map(s => [s.spanId, s]));
must("no id twice", bySpan.size === spans.length, `${spans.length} spans, ${bySpan.size} ids`);
const ns = s => [BigInt(s.startTimeUnixNano), BigInt(s.endTimeUnixNano)];
for (const s of spans) {
	const has = new Map(s.attributes.map(a => [a.key, a.value]));
	const text = key => has.get(key)?.stringValue, is = (type, ...keys) => keys.every(k => !has.has(k) || type in has.get(k));
	const parent = bySpan.get(s.parentSpanId), [from, to] = ns(s), at = `${s.name} of ${s.traceId}`;
	must("no attribute twice", has.size === s.attributes.length, at);
	const unknown = [...has.keys()].filter(k => !known.has(k) && !k.startsWith("signalbox."));
	must("attributes that there are", unknown.length === 0, `${at}: ${unknown}`);
	const counts = [...has.keys()].filter(k => /^gen_ai\.(usage\.|request\.max_tokens)/.test(k));
	must("of their types", is("intValue", "server.port", "http.request.resend_count", ...counts) &&
		is("doubleValue", "gen_ai.response.time_to_first_chunk") && is("boolValue", "gen_ai.request.stream") &&
		is("arrayValue", "gen_ai.response.finish_reasons"), at);
	must("it ends after it began", from <= to && from > 10n ** 18n, at);
	must("a parent that there is, in its trace", !s.parentSpanId || callers.includes(s.parentSpanId) || parent?.traceId === s.traceId, at);
	must("inside its parent's time", !parent || (from >= ns(parent)[0] && to <= ns(parent)[1]), at);
	must("status: error and error.type together, else unset", text("error.type") ? s.status?.code === 2 : s.status === undefined, at);
	const operation = text("gen_ai.operation.name"), vendor = text("gen_ai.provider.name");
	if (/^(chat|embeddings) /.test(s.name)) {
		must("a call: its name, kind and required attributes", s.kind === 3 &&
			s.name === `${operation} ${text("gen_ai.request.model")}` && vendor &&
			has.has("server.port") === has.has("server.address") && has.has("gen_ai.request.stream") === (operation === "chat"), at);
		must("what a good call used", text("error.type") || (has.has("gen_ai.usage.input_tokens") && (operation !== "chat" ||
			(has.has("gen_ai.usage.output_tokens") && has.has("gen_ai.response.finish_reasons") && has.has("gen_ai.response.model")))), at);
		must("a vendor on the list, or a name of ours", vendors.has(vendor) || vendor === text("signalbox.provider"), at);
		must("within something", s.parentSpanId, at);
	} else if (/^invoke_agent /.test(s.name)) {
		must("an agent: its name, kind and required attributes", s.kind === 1 && operation === "invoke_agent" &&
			s.name === `invoke_agent ${text("gen_ai.agent.name")}` &&
			vendor && text("gen_ai.request.model") && text("gen_ai.conversation.id"), at);
	} else if (/^wait /.test(s.name)) {
		must("a wait: its name, kind and required attributes", s.kind === 1 && text("messaging.system") &&
			s.name === `${text("messaging.operation.name")} ${text("messaging.destination.name")}`, at);
	} else {
		must("nothing else but a command's work", /^classify /.test(s.name) && s.kind === 1, at);
	}
}
for (const [rule, bad] of wrong)
	console.log(bad.length ? `not ok ${rule}: ${bad.length}, such as ${bad[0]}` : `ok ${rule}`);

const order = (a, b) => (ns(a)[0] < ns(b)[0] ? -1 : ns(a)[0] > ns(b)[0] ? 1 : a.name < b.name ? 1 : -1);
const tree = s => {
	const error = s.attributes.find(a => a.key === "error.type")?.value.stringValue;
	return s.name + (error ? `!${error}` : "") + spans.filter(c => c.parentSpanId === s.spanId).sort(order).map(c => ` [${tree(c)}]`).join("");
};
for (const trace of new Set(spans.map(s => s.traceId))) {
	const roots = spans.filter(s => s.traceId === trace && !bySpan.has(s.parentSpanId)).sort(order);
	console.log(`trace ${trace} ${[...new Set(roots.map(s => s.parentSpanId ?? "-"))]} ${roots.map(tree).join(" + ")}`);
}
