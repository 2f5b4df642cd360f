// What calls cost by a price list in LiteLLM's form, by hand: node by_hand.mjs LIST CALLS, where CALLS are rows of public.calls with our cost_pico.
// Exactly, in 1e-30 dollars. Prints each call whose cost is another one, then how many were compared and the sum of ours.
// A list that is finer than a pico-dollar a token may cost up to one more for each token; less, never.
import { readFileSync } from "node:fs";

const [list, calls] = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")));
const PICO = 10n ** 18n;

// A double says 15 digits; what comes after them nobody wrote.
function dollars(value) {
	const [digits, exponent] = Number(value).toExponential(14).split("e");
	return BigInt(digits.replace(".", "")) * 10n ** BigInt(30 - 14 + Number(exponent));
}

// The endings that a field's name may have for a call, the most particular first.
function endings(entry, input, tier) {
	const passed = [...new Set(Object.keys(entry).map((name) => /_above_(\d+)k_tokens/.exec(name)?.[1]).filter(Boolean))]
		.filter((k) => input > Number(k) * 1000).sort((a, b) => b - a).map((k) => `_above_${k}k_tokens`);
	return [...passed, ""].flatMap((above) => (tier ? [above + "_" + tier, above] : [above]));
}

// By names that mean the same, the first where both are listed; null: unknown.
function price(entry, call, ...names) {
	const tier = ["flex", "priority"].find((t) => t === call.service_tier?.toLowerCase());
	for (const ending of endings(entry, call.tokens_input, tier))
		for (const name of names)
			if (entry[name + ending] !== undefined && entry[name + ending] !== null) return dollars(entry[name + ending]);
	return null;
}

function cost(entry, call) {
	const n = (name) => call["tokens_" + name] ?? 0;
	const input = price(entry, call, "input_cost_per_token");
	const output = price(entry, call, "output_cost_per_token");
	const write = price(entry, call, "cache_creation_input_token_cost");
	const parts = [
		[Math.max(0, n("input") - n("cached") - n("cache_write") - n("audio_in")), input],
		[n("cached"), price(entry, call, "cache_read_input_token_cost", "input_cost_per_token_cache_hit") ?? input],
		[n("cache_write") - n("cache_write_1h"), write ?? input],
		[n("cache_write_1h"), price(entry, call, "cache_creation_input_token_cost_above_1hr", "cache_creation_input_token_cost") ?? input],
		[n("audio_in"), price(entry, call, "input_cost_per_audio_token")],
		[Math.max(0, n("output") - n("reasoning") - n("audio_out")), output],
		[n("reasoning"), price(entry, call, "output_cost_per_reasoning_token", "output_cost_per_token")],
		[n("audio_out"), price(entry, call, "output_cost_per_audio_token")],
	].filter(([count]) => count > 0);
	if (parts.some(([, each]) => each === null)) return null;
	const finer = parts.filter(([, each]) => each % PICO !== 0n).reduce((sum, [count]) => sum + count, 0);
	return [parts.reduce((sum, [count, each]) => sum + BigInt(count) * each, 0n), BigInt(finer) * PICO];
}

let total = 0n, unknown = 0;
for (const call of calls) {
	const hand = cost(list[call.key], call), ours = call.cost_pico === null ? null : BigInt(call.cost_pico) * PICO;
	const isSame = hand === null || ours === null ? hand === ours : ours === hand[0] || (ours > hand[0] && ours < hand[0] + hand[1]);
	if (!isSame) console.log(`other ${call.n} ${call.key}: ours ${call.cost_pico}, by hand ${hand && hand[0] / PICO}`);
	if (ours === null) unknown++;
	else total += ours;
}
console.log(`compared ${calls.length} ${unknown} ${total / PICO}`);
