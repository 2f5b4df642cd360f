// Is /openapi.json what OpenAPI's own schema says, and are the answers what it says? node openapi.mjs DOCUMENT ANSWER...: files; an answer is
// {"path","method","status","body"}.
import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

const [file, ...answers] = process.argv.slice(2);
const document = JSON.parse(readFileSync(file));
const said = await new Validator().validate(structuredClone(document));
console.log(said.valid ? 'ok the document' : `not ok the document: ${JSON.stringify(said.errors).slice(0, 600)}`);
const ajv = new Ajv({ strict: false, allErrors: true });
formats.default(ajv);
for (const name of answers) {
	const { path, method, status, body } = JSON.parse(readFileSync(name));
	const responses = document.paths[path][method].responses;
	const response = responses[status] ?? document.components.responses.Error;
	const check = ajv.compile(response.content['application/json'].schema);
	// A member that the schema does not know would be unknown to clients that are made from it.
	const unknown = Object.keys(body).filter((k) => !(k in (response.content['application/json'].schema.properties ?? {})));
	console.log(check(body) && unknown.length === 0 ? `ok ${method} ${path} ${status}` : `not ok ${method} ${path} ${status}: ${unknown} ${ajv.errorsText(check.errors)}`);
}
