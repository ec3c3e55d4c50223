# SPDX-License-Identifier: MIT
"""measure - rounds: every server in turn, again and again, so that what disturbs the machine
disturbs them all.

All servers of a workload are up at the same time; one of them is loaded, the others sleep. For
each placement the one that is loaded is moved to its core.
"""
import contextlib
import sys

from . import servers
from .proc import Failed

WARM_UP = 0.3  # seconds
LOAD_CORE = 0
PLACEMENTS = {"apart": 1, "together": 0}  # the server's core


def say(*words):
    print("bench:", *words, file=sys.stderr, flush=True)


def one(server, load, placement, seconds):
    server.place(PLACEMENTS[placement])
    before = []
    done = load(server, LOAD_CORE, seconds, lambda: before.append(server.cpu()))
    used = server.cpu() - before[0]
    if not done.requests:
        raise Failed("not one request was answered")
    return {"requests": done.requests, "seconds": done.seconds, "total_ns": used.total_ns,
            "user_ticks": used.user_ticks, "system_ticks": used.system_ticks, **done.extra}


def _start_all(stack, names, workload, site):
    """Those that came up and do what is asked: one that does not is named and left out."""
    started = []
    for name in names:
        server = servers.Server(name, workload.kind, site)
        stack.callback(server.stop)
        try:
            server.start(PLACEMENTS["apart"])
            workload.load(server, LOAD_CORE, WARM_UP, lambda: None)
        except Failed as why:
            say(f"{workload.name}: {name} is left out: {why}")
            server.stop()
            continue
        # Whatever it started by now, warmed up, is what serves.
        server.pids = servers.proc.tree(server.process.pid)
        started.append(server)
    return started


def under_load(workload, names, site, rounds, seconds, placements):
    """[{server, placement, round, requests, ...}]"""
    results = []
    with contextlib.ExitStack() as stack:
        started = _start_all(stack, names, workload, site)
        for number in range(1, rounds + 1):
            for placement in placements:
                for server in list(started):
                    try:
                        figures = one(server, workload.load, placement, seconds)
                    except Failed as why:
                        say(f"{workload.name}: {server.name} is left out: {why}"
                            f"{server.last_words()}")
                        started.remove(server)
                        results = [r for r in results if r["server"] != server.name]
                        server.stop()
                        continue
                    results.append({"server": server.name, "placement": placement,
                                    "round": number, **figures})
    return results


def otherwise(workload, names, site, rounds):
    results = []
    out = set()
    for number in range(1, rounds + 1):
        for name in names:
            if name in out:
                continue
            try:
                figures = workload.special(name, site)
            except Failed as why:
                say(f"{workload.name}: {name} is left out: {why}")
                out.add(name)
                continue
            results.append({"server": name, "round": number, **figures})
    return results
