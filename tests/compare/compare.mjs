// SPDX-License-Identifier: MIT
// compare.mjs - every case to every server; see run.
import { execSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

import { ask, backend } from './ask.mjs';
import * as llhttp from './llhttp.mjs';

const NGINX = 9001, HAPROXY = 9002, AT_ONCE = 40;
const here = new URL('.', import.meta.url).pathname;

// NAME: WHY, a case a line.
function readReasons() {
	const lines = readFileSync(`${here}reasons.txt`, 'utf8').split('\n');
	return new Map(lines.filter((line) => line && !line.startsWith('#'))
		.map((line) => line.split(' | ')));
}

function readCases() {
	return readFileSync(`${process.env.COMPARE_DIR}/cases.json`, 'latin1').trim().split('\n')
		.map((line) => JSON.parse(line))
		.map((c) => ({ ...c, bytes: Buffer.from(c.hex, 'hex') }));
}

const refusal = (statuses) => statuses.find((status) => status >= 400);

async function verdict(port, c) {
	const { statuses, closed } = await ask(port, c.bytes);
	const status = refusal(statuses);

	if (status)
		return String(status);
	return statuses.length === 0 && closed && c.answers !== '' ? 'cut' : `takes ${statuses.length}`;
}

async function judge(c) {
	const [nginx, haproxy] = await Promise.all([verdict(NGINX, c), verdict(HAPROXY, c)]);
	const { refused, count } = llhttp.parse(c.bytes);
	const answers = c.answers === '' ? [] : c.answers.split('; ');
	const own = refusal(answers.filter((a) => /^\d\d\d$/.test(a)).map(Number));

	return { ...c, portico: own ? String(own) : `takes ${answers.length}`, nginx, haproxy,
		llhttp: refused ?? `takes ${count}` };
}

const takes = (verdict) => verdict.startsWith('takes');
const others = (c) => [c.nginx, c.haproxy, c.llhttp];
const row = (...cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;

async function judgeAll(cases) {
	const done = [];
	for (let at = 0; at < cases.length; at += AT_ONCE)
		done.push(...await Promise.all(cases.slice(at, at + AT_ONCE).map(judge)));
	return done;
}

async function waitFor(port) {
	for (let i = 0; i < 100; i++) {
		const { statuses } = await ask(port, Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
		if (statuses[0] === 200)
			return;
	}
	throw new Error(`nothing answers on port ${port}`);
}

function version(command) {
	return execSync(`${command} 2>&1`).toString().split('\n')[0];
}

const server = await backend(9000);
await Promise.all([waitFor(NGINX), waitFor(HAPROXY)]);
const reasons = readReasons();
const all = await judgeAll(readCases());
const looser = all.filter((c) => takes(c.portico) && others(c).some((v) => !takes(v)));
const stricter = all.filter((c) => !takes(c.portico) && others(c).some(takes));
const unexplained = looser.filter((c) => !reasons.has(c.name));

let text = `# What others make of the same requests

Written by \`make compare\` (\`tests/compare/\`): the ${all.length} cases of \`tests/cases/\`, each to
${version('nginx -v').replace('nginx version: ', '')} and ${version('haproxy -v').split(' ').slice(0, 3).join(' ')} as a proxy
that reads a request whole before its backend hears of it, and to ${llhttp.version} as a parser.
\`takes n\`: n requests went through; a number or a name: refused with it; \`cut\`: closed without an answer.

| | |
| --- | --- |
${row('all four agree: taken', String(all.filter((c) => takes(c.portico) && others(c).every(takes)).length))}${
row('all four agree: refused', String(all.filter((c) => ![c.portico, ...others(c)].some(takes)).length))}${
row('portico refuses, and at least one of the others does not', String(stricter.length))}${
row('portico takes, and at least one of the others does not', String(looser.length))}
## What one of them refuses and portico takes

Each with the reason why.

| case | RFC | nginx | HAProxy | llhttp | why |
| --- | --- | --- | --- | --- | --- |
`;
for (const c of looser)
	text += row(c.name, c.rfc, c.nginx, c.haproxy, c.llhttp, reasons.get(c.name) ?? '**no reason**');
text += `
## What portico refuses and one of them takes

A limit (413, 414, 431) is the table's own, which is small. Without another number in front, a section is of RFC 9112.

| case | RFC | portico | nginx | HAProxy | llhttp |
| --- | --- | --- | --- | --- | --- |
`;
for (const c of stricter)
	text += row(c.name, c.rfc, c.portico, c.nginx, c.haproxy, c.llhttp);
writeFileSync('docs/http-compare.md', text);
console.log(`compare: ${all.length} cases; portico is stricter in ${stricter.length}, looser in ${
	looser.length}, of which ${unexplained.length} without a reason`);
for (const c of unexplained)
	console.log(`  ${c.name}: nginx ${c.nginx}, HAProxy ${c.haproxy}, llhttp ${c.llhttp}`);
for (const name of [...reasons.keys()].filter((n) => !looser.some((c) => c.name === n)))
	console.log(`  a reason is left over: ${name}`);
server.close();
process.exitCode = unexplained.length > 0 ? 1 : 0;
