/* SPDX-License-Identifier: MIT */
/*
 * page.js - draws what /events tells.
 *
 * A status comes once a second and is drawn as a whole; what has happened comes an event each.
 * All text is set as text: none of it can become a part of the page that does something.
 */
'use strict';

const byId = id => document.getElementById(id);

/* ---- making elements ---- */

function fill(node, attributes, children) {
	for (const [name, value] of Object.entries(attributes))
		if (value !== null && value !== false)
			node.setAttribute(name, value);
	node.append(...children);
	return node;
}

const html = (name, attributes = {}, ...children) =>
	fill(document.createElement(name), attributes, children);
const svg = (name, attributes = {}, ...children) =>
	fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);

function say(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

/* ---- numbers in words ---- */

const three = x => x >= 99.95 ? x.toFixed(0) : x >= 9.995 ? x.toFixed(1) : x.toFixed(2);
const short = x => three(x).replace(/\.?0+$/, match => match.includes('.') ? '' : match);

function time(seconds) {
	if (seconds === null || seconds === undefined)
		return '–';
	for (const [most, unit, name] of [[1e-3, 1e-6, 'µs'], [1, 1e-3, 'ms'], [60, 1, 's'],
		[3600, 60, 'min'], [86400, 3600, 'h']])
		if (seconds < most)
			return short(seconds / unit) + ' ' + name;
	return short(seconds / 86400) + ' d';
}

/* In two units: for what grows while one looks. */
function span(seconds) {
	const whole = Math.floor(seconds);
	for (const [size, name, less, lesser] of [[86400, 'd', 3600, 'h'], [3600, 'h', 60, 'min'], [60, 'min', 1, 's']])
		if (whole >= size)
			return `${Math.floor(whole / size)} ${name} ${Math.floor(whole % size / less)} ${lesser}`;
	return `${whole} s`;
}

const count = n => n < 1e4 ? String(Math.round(n)) : n < 1e6 ? short(n / 1e3) + ' k'
	: n < 1e9 ? short(n / 1e6) + ' M' : short(n / 1e9) + ' G';
const percent = part => part === null ? '–' : (part * 100).toFixed(part < .9995 ? 1 : 0) + ' %';
const clock = seconds => seconds === null ? '–' : new Date(seconds * 1e3).toLocaleTimeString('en-GB');
const sum = (all, key) => all.reduce((total, one) => total + (one[key] || 0), 0);

/* ---- the head ---- */

function sentences(status) {
	const all = status.strangers.map(s => [true, `a stranger takes part on ${s.address}: ${s.program}, process ${s.pid}`]);
	for (const slot of status.slots)
		if (slot.state === 'stalled' || slot.state === 'down')
			all.push([true, `worker ${slot.slot} is ${slot.state}` + (slot.doing ? ': ' + slot.doing : '')]);
		else if (slot.state === 'resting')
			all.push([true, `worker ${slot.slot} is resting: no descriptor or memory is left for a client`]);
		else if (slot.state === 'drained')
			all.push([false, `worker ${slot.slot} gets no new clients`]);
	if (status.operation)
		all.push([false, `under way: ${status.operation}`]);
	if (status.canary)
		all.push([false, `canary: generation ${status.canary.generation} gets ${percent(status.canary.share)} of the new clients, `
			+ `for ${time(status.canary.since)} of ${time(status.canary.until)}`]);
	for (const g of status.generations)
		if (g.state === 'retiring')
			all.push([false, `generation ${g.number} drains: ${g.workers.length} worker${g.workers.length === 1 ? '' : 's'}`]);
	for (const lack of status.lacks)
		all.push([false, `the kernel lacks ${lack}`]);
	return all;
}

function drawHead(status) {
	const facts = [
		['new clients a second', short(clientsASecond(status))],
		['answers a second', count(sum(status.slots, 'rate'))],
		['open now', count(sum(status.slots, 'active'))],
		['p99, last 10 s', time(status.p99)],
		['crashes', count(status.crashes)],
		['lost', count(status.lost)],
		['up', span(status.uptime)],
	];
	say(byId('verdict'), status.verdict);
	say(byId('version'), status.version);
	say(byId('file'), `${status.file}, master ${status.pid}`);
	byId('facts').replaceChildren(...facts.map(([name, value]) =>
		html('div', {}, html('dt', {}, name), html('dd', {}, value))));
	byId('notes').replaceChildren(...sentences(status).map(([warns, text]) =>
		html('li', { class: warns ? 'warns' : '' }, text)));
}

const LATELY = 15;       /* seconds: SHARES_SECONDS of the master */

function clientsASecond(status) {
	const span = Math.max(1, Math.min(LATELY, status.uptime));
	return status.services.reduce((total, s) => total + sum(s.slots, 'clients'), 0) / span;
}

/* ---- the balance ---- */

const words = {
	serving: '', starting: '△ starts', ready: '△ ready', stalled: '■ stalled', resting: '◌ resting',
	drained: '‖ no new clients', draining: '▽ drains', canary: '◆ canary', down: '✕ down',
};
const ENOUGH = 100;      /* clients a worker: fewer say more about chance than about the balance */

function rowOf(service, slot) {
	const id = `w-${service.name}-${slot}`;
	const found = byId(id);
	if (found)
		return found;
	return html('div', { role: 'row', id },
		html('span', { role: 'rowheader' }, String(slot)),
		html('span', { role: 'cell' }, html('div', { class: 'bar', 'aria-hidden': 'true' },
			html('div', { class: 'fill' }), html('div', { class: 'fair' }))),
		html('span', { role: 'cell', class: 'number share' }),
		html('span', { role: 'cell', class: 'number ratio' }),
		html('span', { role: 'cell', class: 'queue' },
			html('meter', { min: 0, 'aria-label': `accept queue of worker ${slot}` }), html('span')),
		html('span', { role: 'cell', class: 'state' }));
}

function queueOf(status, service, slot) {
	const own = status.sockets.filter(s => s.slot === slot && s.service === service.name && s.type === 'tcp');
	return {
		length: own.reduce((n, s) => n + Math.max(0, s.queue), 0),
		limit: own.reduce((n, s) => n + Math.max(0, s.limit), 0),
		lent: own.some(s => s.lent),
		retiring: own.some(s => s.state !== 'held'),
	};
}

function tellState(slot, queue, isMore) {
	const all = [words[slot.state] ?? slot.state];
	if (queue.lent)
		all.push('⇄ lent');
	if (queue.retiring)
		all.push('▽ retires');
	if (isMore)
		all.push('▲ more than its share');
	return all.filter(Boolean).join(', ') || 'serves';
}

function drawQueue(cell, queue) {
	const [meter, text] = cell.children;
	meter.hidden = queue.limit === 0;
	meter.max = Math.max(1, queue.limit);
	meter.high = .5 * queue.limit;
	meter.value = queue.length;
	say(text, queue.limit ? `${queue.length} of ${count(queue.limit)}` : '–');
}

function drawRow(row, part, slot, queue, scale, enough) {
	const [, bar, share, ratio, waits, state] = row.children;
	const [filled, fair] = bar.firstChild.children;
	const times = part.expected > 0 && part.share !== null ? part.share / part.expected : null;
	const isMore = enough && times > 1.25;
	const off = ['stalled', 'down'].includes(slot.state);

	filled.style.width = `${100 * (part.share ?? 0) / scale}%`;
	filled.classList.toggle('none', !part.share);
	fair.style.left = `${100 * (part.expected ?? 0) / scale}%`;
	fair.classList.toggle('none', !part.expected);
	say(share, percent(part.share));
	say(ratio, times === null ? '–' : `${times.toFixed(2)}×`);
	drawQueue(waits, queue);
	say(state, tellState(slot, queue, isMore));
	row.className = off ? 'off' : slot.state === 'canary' ? 'canary' : isMore ? 'more'
		: slot.state === 'serving' && !queue.lent && !queue.retiring ? '' : 'on';
}

function cardOf(service) {
	const id = `s-${service.name}`;
	const found = byId(id);
	if (found)
		return found;
	const head = ['', 'share of new clients', 'share', 'to fair', 'accept queue', 'state'];
	return html('div', { class: 'service', id },
		html('h3'), html('p', { class: 'quiet' }),
		html('div', { role: 'table', 'aria-label': `Balance of ${service.name}` },
			html('div', { role: 'row', class: 'head' }, ...head.map((text, i) =>
				html('span', { role: 'columnheader', class: i === 2 || i === 3 ? 'number' : '' }, text || 'worker')))));
}

function drawService(status, service) {
	const card = cardOf(service);
	const [title, about, table] = card.children;
	const clients = sum(service.slots, 'clients');
	const scale = Math.max(1e-9, ...service.slots.map(s => Math.max(1.6 * (s.expected ?? 0), 1.05 * (s.share ?? 0))));
	const balance = service.balance;

	say(title, service.name);
	say(about, `${service.protocol} ${service.listen.join(', ')}; balance ${balance.runs}`
		+ (balance.why ? ` (${balance.asked} was asked for: ${balance.why})` : '')
		+ (clients ? `; ${count(clients)} new ${clients === 1 ? 'client' : 'clients'}` : '; nobody new came'));
	const rows = service.slots.map(part => {
		const row = rowOf(service, part.slot);
		drawRow(row, part, status.slots[part.slot] ?? { state: 'down' }, queueOf(status, service, part.slot),
			scale, clients >= ENOUGH * service.slots.length);
		return row;
	});
	keepChildren(table, [table.firstChild, ...rows]);
	return card;
}

/* Only what is not there already is put in: what has the focus, or moves, goes on. */
function keepChildren(node, children) {
	if (children.length !== node.children.length || children.some((child, i) => child !== node.children[i]))
		node.replaceChildren(...children);
}

/* ---- workers over time ---- */

const LANE = 30, MAIN = 15, THIN = 6, LEFT = 26;

const chosen = name => document.querySelector(`input[name=${name}]:checked`).value;

/* Whose worker gave way to another one never turns again for us. */
function stalls(slot, lives, now) {
	const all = [];
	for (const e of happened)
		if (e.slot === slot && e.kind === 'stall')
			all.push({ from: e.id / 1e3, to: now });
		else if (e.slot === slot && all.length && (e.kind === 'turns' || e.kind === 'crash'))
			all.at(-1).to = Math.min(all.at(-1).to, e.id / 1e3);
	for (const s of all) {
		const end = lives.filter(life => life.slot === slot && life.serving !== null && life.serving <= s.from)
			.map(life => life.draining ?? life.gone ?? now).find(end => end > s.from);
		s.to = Math.min(s.to, end ?? s.from);
	}
	return all.filter(s => s.to > s.from);
}

function drawLife(life, y, x, now) {
	const colour = `g${life.generation % 4}`;
	const end = life.gone ?? now;
	const parts = [];
	const piece = (from, to, name, top, height) => {
		if (from === null || x(to) < LEFT)
			return;
		const left = Math.max(LEFT, x(from));
		parts.push(svg('rect', { class: name, x: left, y: y + top, width: Math.max(1.5, x(to) - left), height, rx: 1 }));
		if (height === MAIN && x(to) - left > 44)
			parts.push(svg('text', { class: 'said', x: left + 5, y: y + top + 11.5 }, `gen ${life.generation}`));
	};

	piece(life.born, life.serving ?? life.draining ?? end, 'starting', MAIN + 4, THIN);
	if (life.serving !== null)
		piece(life.serving, life.draining ?? end, colour, 2, MAIN);
	piece(life.draining, end, `${colour} draining`, MAIN + 4, THIN);
	return parts;
}

function drawCrash(life, y, x) {
	const at = x(life.gone), path = `M${at - 5} ${y + 4}l10 10m0 -10l-10 10`;

	if (!life.crashed || at < LEFT)
		return [];
	return [svg('path', { class: 'halo', d: path }), svg('path', { class: 'crash', d: path }),
		svg('text', { class: 'loud', x: at - 8, y: y + 29, 'text-anchor': at > 90 ? 'end' : 'start' }, 'crashed')];
}

const ticks = { 60: 6, 300: 5, 1800: 6 };

function drawTimes(seconds, height, x, now) {
	const steps = ticks[seconds], parts = [];

	for (let i = 0; i <= steps; i++) {
		const at = now - seconds * (1 - i / steps);
		parts.push(svg('line', { class: 'grid', x1: x(at), x2: x(at), y1: 14, y2: height - 16 }),
			svg('text', { class: 'axis', x: x(at), y: height - 3, 'text-anchor': i === 0 ? 'start' : i === steps ? 'end' : 'middle' },
				i === steps ? 'now' : `−${time(now - at)}`));
	}
	return parts;
}

/* Where another generation began to serve. */
function changes(lives) {
	const first = new Map();
	for (const life of lives)
		if (life.serving !== null)
			first.set(life.generation, Math.min(first.get(life.generation) ?? Infinity, life.serving));
	return first;
}

/* The newest is named before those that there is no room for. */
function drawChanges(lives, height, x) {
	const parts = [];
	let last = Infinity;

	for (const [generation, at] of [...changes(lives)].sort((a, b) => b[1] - a[1])) {
		if (x(at) < LEFT)
			continue;
		parts.push(svg('line', { class: 'change', x1: x(at), x2: x(at), y1: 14, y2: height - 16 }));
		if (last - x(at) < 95)
			continue;
		last = x(at);
		parts.push(svg('text', { x: Math.max(LEFT, x(at) - 4), y: 11, 'text-anchor': x(at) > 120 ? 'end' : 'start' },
			`generation ${generation}`));
	}
	return parts;
}

function laneCount(status, lives) {
	return Math.max(status.slots.length, ...lives.map(life => life.slot + 1));
}

function drawLanes(status) {
	const place = byId('lanes'), width = place.clientWidth, seconds = Number(chosen('span')), now = status.now;
	const lives = status.lives.filter(life => (life.gone ?? now) > now - seconds);
	const lanes = laneCount(status, lives), height = 16 + lanes * LANE + 20;
	const x = at => LEFT + (width - LEFT) * (1 - (now - at) / seconds);
	const crashes = lives.filter(life => life.crashed).length;
	const parts = drawTimes(seconds, height, x, now);

	for (let slot = 0; slot < lanes; slot++) {
		const y = 16 + slot * LANE, own = lives.filter(life => life.slot === slot);
		parts.push(svg('text', { x: 0, y: y + 14 }, String(slot)),
			svg('rect', { class: 'lane', x: LEFT, y: y + 2, width: width - LEFT, height: MAIN }),
			...own.flatMap(life => drawLife(life, y, x, now)));
		for (const s of stalls(slot, status.lives, now))
			if (x(s.to) > LEFT)
				parts.push(svg('rect', { class: 'stalled', x: Math.max(LEFT, x(s.from)), y: y + 3,
					width: Math.max(3, x(s.to) - Math.max(LEFT, x(s.from))), height: MAIN - 2 }));
	}
	parts.push(...drawChanges(lives, height, x));
	for (const life of lives)
		parts.push(...drawCrash(life, 16 + life.slot * LANE, x));
	place.replaceChildren(svg('svg', { viewBox: `0 0 ${width} ${height}`, height, role: 'img',
		'aria-label': `${lanes} workers over the last ${time(seconds)}: ${lives.length} processes, ${crashes} crashed, `
			+ `generation ${status.generation} serves` }, ...parts));
}

function endOf(life) {
	if (life.gone === null)
		return life.draining !== null ? 'drains' : life.serving !== null ? 'serves' : 'starts';
	return `${life.crashed ? 'crashed' : life.serving !== null ? 'left' : 'never served'} ${clock(life.gone)}`;
}

function drawLives(status) {
	byId('lives').tBodies[0].replaceChildren(...status.lives.map(life => html('tr', {},
		...[life.slot, life.generation, life.pid, clock(life.born), clock(life.serving), clock(life.draining), endOf(life)]
			.map(text => html('td', {}, String(text))))));
}

/* ---- latency ---- */

function chooseService(status) {
	const select = byId('service'), names = status.services.map(s => s.name);

	if (names.join('\n') !== [...select.options].map(o => o.value).join('\n')) {
		const before = select.value;
		select.replaceChildren(...names.map(name => html('option', { value: name }, name)));
		if (names.includes(before))
			select.value = before;
	}
	byId('of').hidden = names.length < 2;
	return status.services[Math.max(0, names.indexOf(select.value))];
}

function latencyOf(status) {
	const service = chooseService(status), radio = document.querySelector('input[name=period][value=reload]');

	radio.disabled = !service?.latency.reload;
	return service && (chosen('period') === 'reload' && service.latency.reload || service.latency.all);
}

const quantiles = [['p50', 'p50'], ['p90', 'p90'], ['p99', 'p99'], ['p999', 'p99.9']];

function drawQuantiles(latency) {
	const all = quantiles.map(([key, name]) => [name, time(latency[key])]);
	byId('quantiles').replaceChildren(...[...all, ['answers', count(latency.count)]].map(([name, value]) =>
		html('div', {}, html('dt', {}, name), html('dd', {}, value))));
}

/* The columns from the first to the last that is not empty, and one beside. */
function range(counts) {
	const first = counts.findIndex(n => n > 0), last = counts.findLastIndex(n => n > 0);
	return [Math.max(0, first - 1), Math.min(counts.length - 1, Math.max(last + 1, first + 7))];
}

function drawHistogram(status, latency) {
	const place = byId('histogram'), width = place.clientWidth, height = 190, floor = height - 22, top = 62;
	if (!latency.count) {
		place.replaceChildren(html('p', { class: 'quiet' }, 'No answers yet.'));
		return;
	}
	const [first, last] = range(latency.counts), step = width / (last - first + 1), most = Math.max(...latency.counts);
	const x = seconds => Math.min(width - 1, Math.max(0, (Math.log2(seconds / status.bounds[0]) + 1 - first) * step));
	const parts = [svg('line', { class: 'grid', x1: 0, x2: width, y1: floor, y2: floor })];
	const every = Math.ceil(64 / step);

	for (let i = first; i <= last; i++) {
		const n = latency.counts[i], tall = n ? Math.max(2, (floor - top) * n / most) : 0;
		parts.push(svg('rect', { class: 'column', x: (i - first) * step + 1, y: floor - tall, width: Math.max(1, step - 2), height: tall },
			svg('title', {}, `below ${time(status.bounds[i])}: ${n}`)));
		if (i > first && (i - first) % every === 0)
			parts.push(svg('text', { class: 'axis', x: (i - first) * step, y: height - 6, 'text-anchor': 'middle' }, time(status.bounds[i - 1])));
	}
	quantiles.forEach(([key, name], i) => {
		const at = x(latency[key]), y = 12 + i * 14, end = at > width - 110;
		parts.push(svg('line', { class: 'mark', x1: at, x2: at, y1: y - 9, y2: floor }),
			svg('text', { x: at + (end ? -4 : 4), y, 'text-anchor': end ? 'end' : 'start' }, `${name} ${time(latency[key])}`));
	});
	place.replaceChildren(svg('svg', { viewBox: `0 0 ${width} ${height}`, height, role: 'img', 'aria-label':
		`Latencies of ${count(latency.count)} answers: ` + quantiles.map(([key, name]) => `${name} ${time(latency[key])}`).join(', ') },
		...parts));
}

function drawBuckets(status, latency) {
	byId('buckets').tBodies[0].replaceChildren(...latency.counts.flatMap((n, i) => n ? [html('tr', {},
		html('td', {}, i ? time(status.bounds[i - 1]) : '0'), html('td', {}, i < status.bounds.length ? time(status.bounds[i]) : '∞'),
		html('td', {}, String(n)))] : []));
}

function drawLatency(status) {
	const latency = latencyOf(status);
	if (!latency)
		return;
	drawQuantiles(latency);
	drawHistogram(status, latency);
	drawBuckets(status, latency);
}

/* ---- what has happened ---- */

const KEPT = 200;
const happened = [];     /* the oldest first */
const kinds = {
	good: '✓ done', begin: '… begins', failed: '✕ failed', crash: '✕ crash', stall: '■ stalled', turns: '▷ turns again',
	rest: '◌ resting', canary: '◆ canary', stranger: '! stranger', drain: '‖ slot', stop: '▽ stops',
};
const bad = ['failed', 'crash', 'stall', 'stranger'];

function hear(event) {
	if (happened.some(e => e.id === event.id))
		return;
	happened.push(event);
	byId('events').prepend(html('li', { class: bad.includes(event.kind) ? 'bad' : '', 'data-kind': event.kind },
		html('time', { datetime: new Date(event.id).toISOString() }, clock(event.id / 1e3)),
		html('b', {}, kinds[event.kind] ?? event.kind), html('span', {}, event.text)));
	if (happened.length > KEPT) {
		happened.shift();
		byId('events').lastChild.remove();
	}
}

/* ---- live ---- */

const SILENT = 4000;     /* milliseconds without a word until another worker is asked */

let latest = null, source = null, last = '', heard = 0, asked = 0;

function draw() {
	if (!latest || document.hidden)
		return;
	drawHead(latest);
	keepChildren(byId('services'), latest.services.map(service => drawService(latest, service)));
	drawLanes(latest);
	drawLives(latest);
	drawLatency(latest);
}

function link(isOld, text) {
	document.body.classList.toggle('old', isOld);
	byId('link').classList.toggle('old', isOld);
	say(byId('link'), text);
}

function listen() {
	source?.close();
	source = new EventSource('events' + (last && `?last=${last}`));
	asked = performance.now();
	source.addEventListener('status', message => {
		last = message.lastEventId;
		latest = JSON.parse(message.data);
		heard = performance.now();
		link(false, 'live');
		draw();
	});
	source.addEventListener('happened', message => {
		last = message.lastEventId;
		hear(JSON.parse(message.data));
	});
	source.addEventListener('silence', () => {
		heard = performance.now();
		link(true, 'the master does not answer');
	});
}

/* A browser comes back by itself from an end, but not from a refusal, nor from a worker that hangs. */
function watch() {
	const now = performance.now();

	if (now - Math.max(heard, asked) > SILENT)
		listen();
	if (now - heard > SILENT)
		link(true, latest ? `no news for ${Math.round((now - heard) / 1e3)} s: what you see is old` : 'no answer');
}

document.addEventListener('visibilitychange', draw);
document.addEventListener('change', draw);
addEventListener('resize', draw);
setInterval(watch, 1000);
listen();
