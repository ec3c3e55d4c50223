# SPDX-License-Identifier: MIT
"""loads - what loads a server: bench/load, bench/poisson, and wrk as a witness.

A load is made for a server and runs for so many seconds on one core; it calls begin() when all is
ready for it, and gives a Load.
"""
import re
import select
import subprocess
from dataclasses import dataclass, field

from . import proc
from .proc import Failed
from .servers import BUILD, ROOT

# About 700 bytes of head, as a browser sends them.
BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
                  "Chrome/124.0.0.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
              "image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-GB,en;q=0.9,de-DE;q=0.8,de;q=0.7",
    "Cache-Control": "max-age=0",
    "Cookie": "session=0123456789abcdef0123456789abcdef; theme=dark; consent=all",
    "Sec-Ch-Ua": '"Chromium";v="124", "Google Chrome";v="124", "Not-A.Brand";v="99"',
    "Sec-Ch-Ua-Mobile": "?0",
    "Sec-Ch-Ua-Platform": '"Linux"',
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-User": "?1",
    "Upgrade-Insecure-Requests": "1",
}

PATIENCE = 30.0   # seconds more than a load should take
TIMED_OUT = 124   # of timeout(1)
UNSOUND = 2       # of poisson: it was late; how often is told with its figures

LINE = re.compile(r"^requests (\d+) seconds ([0-9.]+) errors (\d+)$")
POISSON = re.compile(r"^answered (\d+) p50 ([0-9.]+) .*p99 ([0-9.]+) .* lost (\d+) late (\d+)$")


@dataclass
class Load:
    requests: int
    seconds: float
    extra: dict = field(default_factory=dict)


def _spawn(core, command):
    words = [*proc.on_core(core), *(str(word) for word in command)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def _finish(process, patience, fine=(0,), say=None):
    """The last line of what it says."""
    try:
        said, wrong = process.communicate(say, timeout=patience)
    except subprocess.TimeoutExpired as late:
        process.kill()
        raise Failed("the load did not end") from late
    if process.returncode not in fine:
        raise Failed(f"the load failed: {(wrong.strip().splitlines() or [said])[-1]}")
    return (said.strip().splitlines() or [""])[-1]


def _wait_ready(process):
    ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
    if not ready or process.stdout.readline() != "ready\n":
        process.kill()
        raise Failed(f"the load did not get ready: {process.communicate()[1].strip()[-400:]}")


def _read(line):
    if not (match := LINE.match(line)):
        raise Failed(f"the load said: {line}")
    if int(match[3]):
        raise Failed(f"the load reports {match[3]} errors in {match[1]} requests")
    return Load(int(match[1]), float(match[2]))


def wrk(connections):
    """It takes whole seconds only; SIGINT ends it early and in good order."""
    def load(server, core, seconds, begin):
        command = ["timeout", "-s", "INT", seconds, "wrk", "-t1", f"-c{connections}", "-d600s",
                   "-s", ROOT / "bench/wrk.lua", f"http://127.0.0.1:{server.port}/"]
        begin()
        return _read(_finish(_spawn(core, command), seconds + PATIENCE, fine=(TIMED_OUT,)))
    return load


def _request(path, headers, body, close):
    fields = {"Host": "localhost", **headers}
    if body:
        fields["Content-Length"] = len(body)
    if close:
        fields["Connection"] = "close"
    lines = [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([f"{'POST' if body else 'GET'} {path} HTTP/1.1", *lines, "", body])


def own(what, *options, argument=None, connections=64):
    """bench/load."""
    def load(server, core, seconds, begin):
        command = [BUILD / "load", "-w", "-c", connections, "-t", seconds, *options,
                   "127.0.0.1", server.port, what, argument]
        process = _spawn(core, command)
        _wait_ready(process)
        begin()
        return _read(_finish(process, seconds + PATIENCE, say="\n"))
    return load


def http(*options, connections=64, path="/", headers=None, body="", close=False):
    """bench/load with this request, which it reads from a file."""
    request = _request(path, headers or {}, body, close)

    def load(server, core, seconds, begin):
        said = server.site / "request"
        said.write_text(request, newline="")
        say = own("http", *options, *(["-k"] if close else []), argument=said,
                  connections=connections)
        return say(server, core, seconds, begin)
    return load


def poisson(rate):
    """New connections at random times, so many a second whatever the server does."""
    def load(server, core, seconds, begin):
        begin()
        line = _finish(_spawn(core, [BUILD / "poisson", f"127.0.0.1:{server.port}", rate, seconds,
                                     0, 1, "Hello\n"]), seconds + PATIENCE, fine=(0, UNSOUND))
        if not (match := POISSON.match(line)) or int(match[4]):
            raise Failed(f"the load said: {line}")
        return Load(int(match[1]), seconds, {"p50_ms": float(match[2]), "p99_ms": float(match[3]),
                                             "late": int(match[5]) / int(match[1])})
    return load
