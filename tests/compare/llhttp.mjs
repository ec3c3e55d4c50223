// SPDX-License-Identifier: MIT
// llhttp.mjs - what llhttp, as the package undici carries it, makes of bytes.
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.COMPARE_DIR}/`);
const { ERROR } = require('undici/lib/llhttp/constants.js');
const wasm = require('undici/lib/llhttp/llhttp-wasm.js');
export const version = `llhttp of undici ${require('undici/package.json').version}`;

const REQUEST = 1;
const names = Object.fromEntries(Object.entries(ERROR).map(([name, code]) => [code, name]));
let messages = 0;
const nothing = () => 0;
const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(wasm), {
	env: {
		wasm_on_url: nothing, wasm_on_status: nothing, wasm_on_message_begin: nothing,
		wasm_on_header_field: nothing, wasm_on_header_value: nothing,
		wasm_on_headers_complete: nothing, wasm_on_body: nothing,
		wasm_on_message_complete: () => { messages++; return 0; },
	},
});

// { refused: name of the error or null, count: whole messages }.  What follows an
// upgrade or CONNECT is no HTTP for it: that is not a refusal.
export function parse(bytes) {
	const parser = exports.llhttp_alloc(REQUEST);
	const at = exports.malloc(bytes.length || 1);

	new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
	messages = 0;
	const code = exports.llhttp_execute(parser, at, bytes.length);
	exports.free(at);
	exports.llhttp_free(parser);
	const name = names[code] ?? String(code);
	const fine = name === 'OK' || name === 'PAUSED_UPGRADE';
	return { refused: fine ? null : name, count: messages };
}
