#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""load.py TARGET... - clients of HOST:PORT, until TERM.

For each target some that ask / again and again, each time by a new connection, and some that ask /later,
which takes a while.  A line when they have begun.  USR1: a line of JSON, what each target answered since the last one,
by its body, and what failed.  USR2: from here on; who asked before is not counted, however it ends.
"""
import json
import signal
import socket
import sys
import threading
import time

SHORT, SLOW = 4, 4
PATIENCE = 3
PAUSE = .01        # a client's pace, which keeps the machine from being all load: nothing is waited for
lock = threading.Lock()
results = {}
since = object()   # another one with each USR2


def ask(target, path):
    """The body of the answer."""
    host, port = target.rsplit(":", 1)
    request = f"GET {path} HTTP/1.1\r\nHost: cluster\r\nConnection: close\r\n\r\n"
    with socket.create_connection((host, int(port)), PATIENCE) as s:
        s.sendall(request.encode())
        data = b""
        while piece := s.recv(4096):
            data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 ") or not body:
        raise OSError(f"answered {head[:40]!r}")
    return body.decode().strip()


def client(target, path):
    while True:
        began = time.monotonic()
        counts = since
        try:
            answer = ask(target, path)
        except OSError as error:
            after = time.monotonic() - began
            with lock:
                if counts is since:
                    results[target]["failed"].append(f"{path}: {error} after {after:.2f} s")
        else:
            with lock:
                if counts is since:
                    answers = results[target]["answers"]
                    answers[answer] = answers.get(answer, 0) + 1
        time.sleep(PAUSE)


def begin():
    for target in sys.argv[1:]:
        results[target] = {"answers": {}, "failed": []}


def main():
    global since
    signals = {signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    begin()
    for target in sys.argv[1:]:
        for path in ["/"] * SHORT + ["/later"] * SLOW:
            threading.Thread(target=client, args=(target, path), daemon=True).start()
    print("begun", flush=True)
    while (got := signal.sigwait(signals)) != signal.SIGTERM:
        with lock:
            if got == signal.SIGUSR1:
                print(json.dumps(results), flush=True)
            else:
                since = object()
            begin()


main()
