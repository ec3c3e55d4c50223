# SPDX-License-Identifier: MIT
#
# ws_peer.py PORT [tls] - what python's websockets, a strict peer, makes of the echo of
# tests/plugins/ws_echo.c.  Exit code 0 if all of it is right.
import asyncio
import ssl
import sys

import websockets

SIZES = [0, 1, 125, 126, 127, 1000, 65535, 65536, 100000, 1 << 20]
TEXTS = ["", "Hello", "\u00b5@\u00df\u00f6\u00e4", "\u20ac" * 1000, "\U0001d11e" * 70000]


def dial(path, **more):
    if sys.argv[2:] != ["tls"]:
        return websockets.connect("ws://127.0.0.1:%s%s" % (sys.argv[1], path), **more)
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    return websockets.connect("wss://127.0.0.1:%s%s" % (sys.argv[1], path), ssl=anybody, **more)


async def echoes(ws):
    for message in TEXTS + [bytes(i * 7 % 256 for i in range(n)) for n in SIZES]:
        await ws.send(message)
        assert await ws.recv() == message, len(message)
    await ws.send(["a", "\u20ac" * 50000, "", "c"])
    assert await ws.recv() == "a" + "\u20ac" * 50000 + "c"
    await ws.send([b"1" * 60000, b"2" * 60000])
    assert await ws.recv() == b"1" * 60000 + b"2" * 60000
    for i in range(1000):
        await ws.send(str(i))
    for i in range(1000):
        assert await ws.recv() == str(i)
    await asyncio.wait_for(await ws.ping(b"x" * 125), 10)


async def ends_with(ws, code, reason):
    try:
        await ws.recv()
    except websockets.ConnectionClosed as e:
        assert e.rcvd.code == code and e.rcvd.reason == reason, e
        return
    raise AssertionError("it goes on")


async def main():
    # It offers permessage-deflate, which must not be taken up.
    async with dial("/", subprotocols=["a", "echo"]) as ws:
        assert ws.subprotocol == "echo" and ws.extensions == [], ws.extensions
        await echoes(ws)
        await ws.send("close")
        await ends_with(ws, 4000, "as you like")
    async with dial("/late", compression=None) as ws:
        await echoes(ws)
        await ws.close(3001, "enough")
        assert ws.close_code == 3001
    async with dial("/fail") as ws:
        await ws.send("x")
        await ends_with(ws, 1011, "")
    async with dial("/") as ws:
        await ws.send(b"x" * ((1 << 20) + 1))
        await ends_with(ws, 1009, "the message is too big")
    many = await asyncio.gather(*[dial("/") for i in range(100)])
    for ws in many:
        await ws.send("Hello")
    for ws in many:
        assert await ws.recv() == "Hello"
    await asyncio.gather(*[ws.close() for ws in many])


asyncio.run(asyncio.wait_for(main(), 60))
