# SPDX-License-Identifier: MIT
"""ask - one request by hand: a load that looks at lengths only must not measure a mistake."""
import socket
import ssl
import struct

from .proc import Failed

TIMEOUT = 5.0
BYTES = b"portico bench"


def _connect(port):
    try:
        return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
    except ConnectionRefusedError:
        return None


def _read_answer(sock):
    """Status line and body of an answer with a Content-Length."""
    text = b""
    while b"\r\n\r\n" not in text:
        if not (more := sock.recv(65536)):
            raise Failed(f"its answer ended in the head: {text!r}")
        text += more
    head, _, body = text.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
    while len(body) < int(fields.get("content-length", 0)):
        if not (more := sock.recv(65536)):
            raise Failed("its answer ended in the body")
        body += more
    return lines[0], body


def _request(kind):
    path = f"/files/{kind}" if kind.startswith("file") else "/"
    if kind == "post":
        return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"
    last = "Connection: close\r\n" if kind in ("close", "tls_close", "proxy_close") else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{last}\r\n"


def answer(kind, port):
    """Status line and body; None: nobody listens yet."""
    sock = _connect(port)
    if sock is None:
        return None
    with sock:
        if kind in ("tls", "tls_close"):
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            sock = context.wrap_socket(sock)
        sock.sendall(_request(kind).encode())
        return _read_answer(sock)


def _http(kind, port, greeting):
    got = answer(kind, port)
    if got is None:
        return False
    status, body = got
    sizes = {"file1k": 1024, "file100k": 100 * 1024}
    right = len(body) == sizes[kind] if kind in sizes else body == f"{greeting}\n".encode()
    if not status.startswith("HTTP/1.1 200") or not right:
        raise Failed(f"it answered '{status}' and {len(body)} bytes {body[:40]!r}")
    return True


def _websocket(port):
    sock = _connect(port)
    if sock is None:
        return False
    with sock:
        sock.sendall(b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                     b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        status, _ = _read_answer(sock)
        sock.sendall(struct.pack("!BBI", 0x82, 0x80 | len(BYTES), 0) + BYTES)
        if not status.startswith("HTTP/1.1 101") or sock.recv(1024)[2:] != BYTES:
            raise Failed(f"it is no WebSocket echo: '{status}'")
    return True


def _tcp_echo(port):
    sock = _connect(port)
    if sock is None:
        return False
    with sock:
        sock.sendall(BYTES)
        if sock.recv(1024) != BYTES:
            raise Failed("it is no TCP echo")
    return True


def _udp_echo(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        sock.settimeout(0.1)
        try:
            sock.send(BYTES)
            return sock.recv(1024) == BYTES
        except (ConnectionRefusedError, TimeoutError):
            return False


def once(kind, port, greeting="Hello"):
    """True: it does what it is for. False: not yet. Failed: it does something else."""
    try:
        if kind == "ws_echo":
            return _websocket(port)
        if kind == "tcp_echo":
            return _tcp_echo(port)
        if kind == "udp_echo":
            return _udp_echo(port)
        return _http(kind, port, greeting)
    except ConnectionError:
        return False
