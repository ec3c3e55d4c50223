// SPDX-License-Identifier: MIT
// ask.mjs - sends bytes to a server and gives the statuses of what it answers; and a
// backend that answers 200 to whatever a proxy lets through.
import net from 'node:net';

const QUIET = 400;   // ms without a byte, after which no more is expected
const SETTLED = 50;  // ms without a byte, after which the backend answers: a late refusal wins

export function backend(port) {
	const server = net.createServer((socket) => {
		let all = '', timer;
		const answer = () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
		socket.on('error', () => {});
		socket.on('data', (data) => {
			all += data.toString('latin1');
			clearTimeout(timer);
			if (all.includes('\r\n\r\n'))
				timer = setTimeout(answer, SETTLED);
		});
	});
	return new Promise((done) => server.listen(port, '127.0.0.1', () => done(server)));
}

// { statuses: [200, ...], closed: whether the server ended it }
export function ask(port, bytes) {
	return new Promise((done) => {
		const socket = net.connect(port, '127.0.0.1');
		let text = '', timer;
		const end = (closed) => {
			clearTimeout(timer);
			socket.destroy();
			done({ statuses: [...text.matchAll(/HTTP\/1\.[01] (\d\d\d) /g)].map((m) => +m[1])
				.filter((status) => status >= 200), closed });
		};
		const wait = () => { clearTimeout(timer); timer = setTimeout(() => end(false), QUIET); };
		socket.on('error', () => end(true));
		socket.on('end', () => end(true));
		socket.on('data', (data) => { text += data.toString('latin1'); wait(); });
		socket.on('connect', () => { socket.write(bytes); wait(); });
	});
}
