/* SPDX-License-Identifier: MIT */
/*
 * page.mjs - what the page shows while things happen: page.mjs INI MASTER-PID [--screenshots]
 *
 * Each check waits until what it claims is so; a claim that stays untrue for PATIENCE failed.
 */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { connect } from 'node:net';

const { chromium } = createRequire(`${process.cwd()}/build/page/`)('playwright-core');
const [ini, master, ...options] = process.argv.slice(2);
const ORIGIN = 'http://127.0.0.1:9180';
const PATIENCE = 15000;
let failures = 0;

/* ---- checks ---- */

async function check(what, claim) {
	try {
		await claim();
		console.log(`passed ${what}`);
	} catch (error) {
		failures++;
		console.log(`failed ${what}`);
		console.log(String(error.stack).split('\n').slice(0, 12).map(line => `  ${line}`).join('\n'));
	}
}

const pause = ms => new Promise(done => setTimeout(done, ms));

/* Until give() gives something that is true; what it gave. */
async function until(what, give) {
	let last;
	for (const end = Date.now() + PATIENCE; Date.now() < end; await pause(100)) {
		last = await give();
		if (last)
			return last;
	}
	throw new Error(`not so: ${what}`);
}

function claim(isSo, what) {
	if (!isSo)
		throw new Error(what);
}

/* ---- the server ---- */

const portico = (...words) => execFileSync(`${process.env.B}/portico`, [...words, '-c', ini], { encoding: 'utf8' });
const status = () => JSON.parse(portico('status', '--json'));
const worker = slot => status().slots[slot].pid;

/* Stops a process for as long as act() takes. */
async function stopped(pid, act) {
	process.kill(pid, 'SIGSTOP');
	try {
		await act();
	} finally {
		process.kill(pid, 'SIGCONT');
	}
}

/* A client of the echo service that stays. */
function stay() {
	return new Promise((done, fail) => {
		const socket = connect(7000, '127.0.0.1', () => socket.write('x'));
		socket.once('data', () => done(socket)).once('error', fail);
	});
}

/* ---- the page ---- */

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium-headless-shell',
	args: ['--no-sandbox', '--disable-dev-shm-usage'] });
const complaints = [], requests = [];

async function open(settings) {
	const context = await browser.newContext(settings);
	const page = await context.newPage();
	page.setDefaultTimeout(PATIENCE);
	page.on('console', message => complaints.push(`${message.type()}: ${message.text()}`));
	page.on('pageerror', error => complaints.push(String(error)));
	page.on('request', request => requests.push(request.url()));
	await page.goto(`${ORIGIN}/`);
	await page.getByText('live', { exact: true }).waitFor();
	return page;
}

const page = await open({ viewport: { width: 1100, height: 900 }, colorScheme: 'light' });
const rows = name => page.getByRole('table', { name: `Balance of ${name}` }).getByRole('row');
const rowText = async (name, slot) => (await rows(name).nth(slot + 1).innerText()).replace(/\s+/g, ' ');
const shares = () => rows('web').locator('.share').allInnerTexts().then(all => all.map(parseFloat));
const lanes = page.locator('#lanes svg');
const fact = name => page.locator('#facts div', { hasText: name }).locator('dd').innerText();

await check('each worker has a bar, and the bars are the shares', async () => {
	await until('four shares that sum up to 100', async () => {
		const all = await shares();
		return all.length === 4 && Math.abs(all.reduce((a, b) => a + b, 0) - 100) < .5;
	});
	/* Both of one moment. */
	const [bars, told] = await page.getByRole('table', { name: 'Balance of web' }).evaluate(table => [
		[...table.querySelectorAll('.fill')].map(bar => parseFloat(bar.style.width)),
		[...table.querySelectorAll('.share')].map(share => parseFloat(share.innerText))]);
	told.forEach((share, i) => claim(Math.abs(bars[i] / bars[0] - share / told[0]) < .05, `${bars} for ${told}`));
	claim(await rows('echo').locator('.share').first().innerText() === '–', 'nobody came to echo');
});

await check('the values follow the load', async () => {
	await until('the same as portico status', async () => {
		const told = status().services[0].slots, seen = await shares();
		return seen.every((share, i) => Math.abs(share - told[i].share * 100) < 3);
	});
	await until('over ten new clients a second', async () => parseInt(await fact('new clients a second')) > 10);
	await until('over a hundred', () => status().services[0].accepted > 100);
	await until('latencies', async () => /µs|ms/.test(await page.locator('#quantiles').innerText()));
	const answers = () => page.locator('#quantiles div', { hasText: 'answers' }).locator('dd').innerText();
	const first = await answers();
	await until('more answers', async () => await answers() !== first);
});

await check('the fair share is a line on each bar', async () => {
	const lefts = await rows('web').locator('.fair').evaluateAll(all => all.map(line => line.style.left));
	claim(lefts.length === 4 && new Set(lefts).size === 1 && parseFloat(lefts[0]) > 30, `${lefts}`);
});

await check('a crash is seen in its lane, in the table and in words', async () => {
	const pid = worker(1);
	process.kill(pid, 'SIGKILL');
	await lanes.getByText('crashed').waitFor();
	claim(await lanes.locator('path.crash').count() === 1, 'one cross');
	await until('its event', async () => (await page.locator('#events li').first().innerText()).includes(`worker 1 (pid ${pid}`));
	await page.locator('summary').first().click();
	await page.locator('#lives tr', { hasText: String(pid) }).getByText('crashed').waitFor();
	await until('one crash', async () => await fact('crashes') === '1');
	claim(/1 crashed/.test(await lanes.getAttribute('aria-label')), await lanes.getAttribute('aria-label'));
});

const held = await stay();

await check('a reload is seen: who drains, who serves, where it changed', async () => {
	portico('reload');
	await lanes.getByText('generation 2', { exact: true }).waitFor();
	await until('a worker that drains', () => lanes.locator('rect.draining').count());
	await until('the verdict', async () => (await page.locator('h1').innerText()).includes('generation 2'));
	await page.locator('#lives').getByText('drains', { exact: true }).waitFor();
	await page.getByText('generation 1 drains: 1 worker').waitFor();
	claim(await lanes.locator('rect.draining').evaluateAll(all => all.some(r => r.getBBox().width >= 1.5)), 'it is too thin');
});

await check('the page comes back by itself, and hears nothing twice', async () => {
	const id = async () => page.locator('#events li').evaluateAll(all => all.map(li => li.innerText));
	await until('generation 2 in words', async () => (await id()).some(text => text.includes('generation 2 serves')));
	const all = await id();
	claim(new Set(all).size === all.length, all.join('\n'));
	claim(all.filter(text => text.includes('generation 1 serves')).length === 1, all.join('\n'));
	await page.getByText('live', { exact: true }).waitFor();
});

await check('since the last reload: what came after it', async () => {
	await page.getByLabel('the last reload').check();
	const answers = () => page.locator('#quantiles div', { hasText: 'answers' }).locator('dd').innerText();
	const few = await until('answers', async () => parseFloat(await answers()));
	const told = status().services[0].latency;
	claim(told.reload.count < told.all.count, JSON.stringify(told));
	claim(few > 0, `${few}`);
	claim(/p99\.9/.test(await page.locator('#histogram svg').getAttribute('aria-label')), 'no p99.9');
});

/* Also if it is the one that the page listens to: then it asks another one. */
await check('a worker that stalls is told in words, and that it is lent', async () => {
	await stopped(worker(2), async () => {
		await until('stalled, lent', async () => /stalled.*lent/.test(await rowText('web', 2)));
		claim(await rows('web').nth(3).evaluate(row => row.className) === 'off', 'it looks as ever');
		await until('hatched', () => lanes.locator('rect.stalled').count());
		await page.locator('#notes .warns', { hasText: 'worker 2 is stalled' }).waitFor();
	});
	await until('serves', async () => /serves$/.test(await rowText('web', 2)));
});

/* Whichever worker it listens to is among them. */
await check('the page leaves a worker that hangs', async () => {
	for (const slot of [0, 1, 2, 3])
		await stopped(worker(slot), async () => {
			await until('stalled', async () => (await rowText('web', slot)).includes('stalled'));
			await page.getByText('live', { exact: true }).waitFor();
		});
});

await check('what is hatched ends where another worker takes over', async () => {
	await stopped(worker(1), async () => {
		await until('stalled', async () => (await rowText('web', 1)).includes('stalled'));
		portico('retire', '1');
		await until('serves', async () => /serves$/.test(await rowText('web', 1)));
		await until('nothing hatched now', () => lanes.locator('rect.stalled').evaluateAll(all =>
			all.every(r => r.x.baseVal.value + r.width.baseVal.value < r.ownerSVGElement.viewBox.baseVal.width - 1)));
	});
});

await check('a slot that is drained is told in words', async () => {
	portico('drain', '3');
	await until('in words', async () => (await rowText('web', 3)).includes('no new clients'));
	portico('undrain', '3');
	await until('serves', async () => /serves$/.test(await rowText('web', 3)));
});

await check('the keyboard reaches everything that can be used', async () => {
	const reached = new Set();
	await page.evaluate(() => document.activeElement.blur());
	for (let i = 0; i < 25; i++) {
		await page.keyboard.press('Tab');
		reached.add(await page.evaluate(() => {
			const e = document.activeElement;
			return e.name || e.id || e.getAttribute('aria-label') || e.textContent.trim();
		}));
	}
	for (const name of ['span', 'service', 'period', 'The same as a table', 'Lives of workers', 'events', 'metrics', 'status.json', 'readyz'])
		claim(reached.has(name), `${name} is not among ${[...reached].join(', ')}`);
	await page.locator('input[name=span]:checked').focus();
	await page.keyboard.press('ArrowLeft');
	claim(await page.locator('input[name=span]:checked').inputValue() === '60', 'the arrow chose nothing');
	await page.locator('summary').first().focus();
	await page.keyboard.press('Enter');
	claim(!await page.locator('#lives').isVisible(), 'the table stays open');
});

await check('a screen reader finds tables, names and headings', async () => {
	claim(await rows('web').count() === 5, `${await rows('web').count()} rows`);
	claim(await page.getByRole('rowheader').count() === 8, 'workers are no row headers');
	for (const name of ['Balance', 'Workers over time', 'Latency', 'What has happened'])
		await page.getByRole('region', { name, exact: true }).getByRole('heading', { name, exact: true }).waitFor();
	await page.getByRole('img', { name: /^4 workers over the last/ }).waitFor();
	await page.getByRole('img', { name: /^Latencies of .* answers: p50/ }).waitFor();
	await page.getByRole('log').waitFor();
	claim(await page.getByRole('meter').count() === 8, 'queues are no meters');
});

const fits = one => one.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

for (const width of [320, 360, 768])
	await check(`${width} pixels are wide enough`, async () => {
		const phone = await open({ viewport: { width, height: 780 } });
		await phone.locator('summary').first().click();
		await until('no sideways', () => fits(phone));
		await phone.context().close();
	});

await check('dark where the reader wants it dark', async () => {
	const dark = await open({ colorScheme: 'dark' });
	const paper = one => one.evaluate(() => getComputedStyle(document.body).backgroundColor);
	claim(await paper(dark) === 'rgb(18, 23, 26)' && await paper(page) === 'rgb(246, 245, 241)', await paper(dark));
	await dark.context().close();
});

/* ---- pictures ---- */

async function picture(name, settings) {
	const one = await open({ ...settings, reducedMotion: 'reduce' });
	await one.locator('input[name=span]').first().check();
	await pause(1500);
	await one.screenshot({ path: `docs/page-${name}.png` });
	await one.context().close();
}

if (options.includes('--screenshots')) {
	await pause(12000);
	portico('reload');
	await pause(9000);
	await stopped(worker(2), async () => {
		await pause(4000);
		await picture('light', { viewport: { width: 960, height: 1090 }, colorScheme: 'light' });
		await picture('dark', { viewport: { width: 960, height: 1090 }, colorScheme: 'dark' });
		await picture('phone', { viewport: { width: 360, height: 1400 }, colorScheme: 'light' });
	});
}

/* ---- the end ---- */

await check('a master that hangs is told', async () => {
	await stopped(Number(master), () => page.getByText('the master does not answer', { exact: true }).waitFor());
	await page.getByText('live', { exact: true }).waitFor();
});

/* If the page listened to the worker that was killed, the browser itself says that its stream broke, once. */
await check('no complaint in the console', () => {
	const rest = complaints.filter(text => !text.includes('net::ERR_INCOMPLETE_CHUNKED_ENCODING'));
	claim(rest.length === 0 && complaints.length <= 1, complaints.join('\n'));
});
await check('no request leaves the origin', () => {
	const others = requests.filter(url => !url.startsWith(`${ORIGIN}/`));
	claim(requests.length > 8 && others.length === 0, `${requests.length}, ${others.join(' ')}`);
});

await check('a server that is gone is told', async () => {
	held.destroy();
	portico('stop');
	await until('no news', async () => (await page.locator('#link').innerText()).includes('what you see is old'));
});

await browser.close();
process.exit(failures ? 1 : 0);
