# SPDX-License-Identifier: MIT
"""special - what is not CPU under load: memory of idle connections, times of start and reload.

Each is a function of a server's name, site and round that gives {figure: value}.
"""
import select
import subprocess
import time

from . import ask, proc
from .loads import BUILD
from .proc import Failed
from .servers import Server

SAME_IN_A_ROW = 40  # answers of the new generation until the old one counts as gone
HANDSHAKES = 60.0   # seconds for those of ten thousand connections
SETTLE = 0.3        # seconds until the kernel has freed what was closed


def _memory(server):
    time.sleep(SETTLE)
    return proc.memory(proc.tree(server.process.pid)), proc.kernel_memory()


def hold(server, connections):
    request = server.site / "request"
    request.write_bytes(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    tls = ["-s", "full"] if server.kind == "tls" else []
    return subprocess.Popen(
        [BUILD / "load", "-o", *tls, "-c", str(connections), "127.0.0.1", str(server.port), "http",
         request], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def first_line(holder):
    """What it says first; nothing if it takes too long: a server may not have so many."""
    ready, _, _ = select.select([holder.stdout], [], [], HANDSHAKES)
    return holder.stdout.readline() if ready else "nothing"


def idle(connections, kind="hello"):
    """Each asks once, then all stay. The kernel's part has both ends in it: both are here."""
    def measure(name, site):
        with Server(name, kind, site) as server:
            before = _memory(server)
            holder = hold(server, connections)
            try:
                line = first_line(holder)
                if line != f"holding {connections} errors 0\n":
                    raise Failed(f"{name}: not all connections were kept: {line}")
                after = _memory(server)
            finally:
                holder.kill()
                holder.communicate()
        return {"process bytes": (after[0] - before[0]) / connections,
                "kernel bytes, both ends": (after[1] - before[1]) / connections}
    return measure


def start(workers):
    def measure(name, site):
        server = Server(name, "hello", site, workers)
        begin = time.monotonic()
        try:
            server.spawn()
            ready = proc.wait_until(server.answers, pause=0.0005)
            taken = time.monotonic() - begin
            if not ready:
                raise Failed(f"{name} does not answer{server.last_words()}")
        finally:
            server.stop()
        return {"ms": taken * 1e3}
    return measure


def _first_new(server, begin):
    """When answers became those of the new generation for good."""
    since, row = None, 0
    while row < SAME_IN_A_ROW:
        got = ask.answer("hello", server.port)
        now = time.monotonic()
        if now - begin > proc.PATIENCE:
            raise Failed(f"{server.name} did not reload{server.last_words()}")
        if got and got[1] == f"{server.greeting}\n".encode():
            since, row = since or now, row + 1
        else:
            since, row = None, 0
    return since - begin


def reload(workers):
    """Another greeting, and new connections until they all hear it."""
    def measure(name, site):
        with Server(name, "reload", site, workers) as server:
            time.sleep(SETTLE)
            server.configure("Again")
            begin = time.monotonic()
            server.reload()
            taken = _first_new(server, begin)
        return {"ms": taken * 1e3}
    return measure
