# SPDX-License-Identifier: MIT
"""servers - who takes part, what each of them can do, how it is started and ended.

A server's configuration is what lies in bench/servers/NAME, with @WORDS@ filled in. The bare ones
have none: their command line says what they do.
"""
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from . import proc
from .proc import Failed

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("PORTICO_BENCH", ROOT / "build/bench"))
PORTICO = os.environ.get("PORTICO", str(ROOT / "build/portico"))
EXAMPLES = os.environ.get("PORTICO_PLUGINS", str(ROOT / "build/examples"))

DESCRIPTORS = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

WEB = {"hello", "close", "post"}
FILES = {"file1k", "file100k"}
TLS = {"tls", "tls_close"}
PROXY = {"proxy", "proxy_close"}

# What each can be asked for. A kind that a server does not know is not measured with it.
KINDS = {
    "epoll": WEB | FILES | TLS | {"tcp_echo", "udp_echo", "ws_echo"},
    "libev": WEB | {"tcp_echo"},
    "recvfrom": {"udp_echo"},
    "portico": WEB | FILES | TLS | PROXY | {"tcp_echo", "udp_echo", "ws_echo", "reload"},
    "nginx": WEB | FILES | TLS | {"reload"},
    "h2o": (WEB - {"post"}) | FILES | TLS,
    "lighttpd": WEB | FILES,
    "kore": WEB,
    "haproxy": WEB | TLS | PROXY | {"reload"},
}
BASE = "epoll"  # whom the others are compared with
PROXY_BASE = "haproxy"  # where a bare loop has nobody behind it

PROGRAMS = {"portico": PORTICO, "nginx": "nginx", "h2o": "h2o", "lighttpd": "lighttpd",
            "kore": "kore", "haproxy": "haproxy"}
CONFIGS = {"portico": "portico.ini", "nginx": "nginx.conf", "h2o": "h2o.conf",
           "lighttpd": "lighttpd.conf", "kore": "kore.conf", "haproxy": "haproxy.cfg"}
PROXY_CONFIGS = {"portico": "proxy.ini", "haproxy": "proxy.cfg"}


def missing(name):
    """Why this server cannot take part, or None."""
    if name == "kore" and not (BUILD / "kore_hello.so").exists():
        return "no kore_hello.so: apt-get install kore, make bench-build"
    program = PROGRAMS.get(name, BUILD / "bare_http")
    return None if shutil.which(program) else f"{program} is not there"


def make_www(where):
    """What is served: the same files for all."""
    where.mkdir()
    (where / "hello.txt").write_text("Hello\n")
    (where / "file1k").write_bytes(random.Random(1).randbytes(1024))
    (where / "file100k").write_bytes(random.Random(2).randbytes(100 * 1024))


def make_certificate(where):
    """P-256 for all: a key of the kind that most servers have now."""
    key, certificate = where / "key.pem", where / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "7", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    (where / "both.pem").write_text(certificate.read_text() + key.read_text())


def _is_free(port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def free_ports(count):
    """In a row, below the range for outgoing connections: no client of ours sits on them."""
    while True:
        first = random.randrange(20000, 32000)
        if all(map(_is_free, range(first, first + count))):
            return first


class Server:
    """One server for one kind of work. start() ... stop(), or a with statement."""

    def __init__(self, name, kind, site, workers=1, under=(), patience=proc.PATIENCE):
        """under: what runs it, valgrind and its options."""
        self.name, self.kind, self.site, self.workers = name, kind, site, workers
        self.under, self.patience = list(under), patience
        self.process = self.backend = None
        self.pids = []
        self.config = (PROXY_CONFIGS if kind in PROXY else CONFIGS).get(name)
        self.work = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=site))
        self.log = self.work / "log"
        self.first_port = free_ports(4)
        self.greeting = "Hello"

    @property
    def port(self):
        if self.name in ("epoll", "libev", "recvfrom"):
            return self.first_port
        return self.first_port + {"tls": 1, "tls_close": 1, "tcp_echo": 2,
                                  "udp_echo": 2}.get(self.kind, 0)

    def _words(self):
        return {"PORT": self.first_port, "TLS_PORT": self.first_port + 1,
                "ECHO_PORT": self.first_port + 2, "BACKEND_PORT": self.first_port + 3, "WORKERS": self.workers, "WORK": self.work,
                "WWW": self.site / "www", "BUILD": BUILD.resolve(),
                "EXAMPLES": Path(EXAMPLES).resolve(),
                "CERTIFICATE": self.site / "certificate.pem", "KEY": self.site / "key.pem",
                "PEM": self.site / "both.pem", "GREETING": self.greeting,
                "HALF_OF_DESCRIPTORS": min(10100, (DESCRIPTORS - 300) // 2),
                "AS_ROOT": "" if os.geteuid() == 0 else "#"}

    def configure(self, greeting="Hello"):
        """Writes the configuration, with a new path for the file: it is renamed into place."""
        self.greeting = greeting
        if not self.config:
            return
        text = (ROOT / "bench/servers" / self.name / self.config).read_text()
        for word, value in self._words().items():
            text = text.replace(f"@{word}@", str(value))
        new = self.work / "new"
        new.write_text(text)
        new.rename(self.work / self.config)

    def _bare(self, loop):
        kind, site = self.kind, self.site
        tls = ["tls", "close" if kind == "tls_close" else "hello"]
        tls_files = [site / "certificate.pem", site / "key.pem"]
        program, *rest = {
            "hello": ["http", "hello"], "close": ["http", "close"], "post": ["http", "post"],
            "file1k": ["file", site / "www/file1k"], "file100k": ["file", site / "www/file100k"],
            "tcp_echo": ["echo"], "ws_echo": ["ws"], "udp_echo": ["udp", "many"],
            "tls": tls + tls_files, "tls_close": tls + tls_files,
        }[kind]
        return [BUILD / f"bare_{program}{loop}", "127.0.0.1", self.port, *rest]

    def command(self):
        conf = self.work / (self.config or "")
        master = ["-W"] if self.kind == "reload" else []
        match self.name:
            case "epoll":
                return self._bare("")
            case "libev":
                return self._bare("_ev")
            case "recvfrom":
                return [BUILD / "bare_udp", "127.0.0.1", self.port, "one"]
            case "portico":
                return [PORTICO, "run", "-c", conf]
            case "nginx":
                return ["nginx", "-e", self.work / "nginx.log", "-c", conf, "-p", self.work]
            case "haproxy":
                return ["haproxy", *master, "-db", "-f", conf]
            case "h2o":
                return ["h2o", "-c", conf]
            case "lighttpd":
                return ["lighttpd", "-D", "-f", conf]
            case "kore":
                return ["kore", "-f", "-n", "-r", "-q", "-c", conf]
        raise Failed(f"{self.name}: no such server")

    def _spawn_backend(self):
        """The same for all, and none of what is measured."""
        words = [BUILD / "bare_http", "127.0.0.1", self.first_port + 3,
                 "close" if self.kind == "proxy_close" else "hello"]
        self.backend = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL)

    def spawn(self, core=None):
        """Starts it and does not wait."""
        self.configure(self.greeting)
        if self.kind in PROXY:
            self._spawn_backend()
        where = [] if core is None else proc.on_core(core)
        words = [*where, *self.under, *self.command()]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)

    def answers(self):
        """Whether it does what it is for; an answer that is wrong ends the bench."""
        from . import ask
        if self.process.poll() is not None:
            raise Failed(f"{self.name} ended while it started{self.last_words()}")
        return ask.once(self.kind, self.port, self.greeting)

    def start(self, core=None):
        self.spawn(core)
        try:
            ready = proc.wait_until(self.answers, self.patience)
        except Failed as why:
            raise Failed(f"{self.name}: {why}{self.last_words()}") from why
        if not ready:
            raise Failed(f"{self.name} does not answer on port {self.port}{self.last_words()}")
        self.pids = proc.tree(self.process.pid)

    def place(self, core):
        proc.place(self.pids, core)

    def cpu(self):
        return proc.cpu(self.pids)

    def reload(self):
        self.process.send_signal(signal.SIGUSR2 if self.name == "haproxy" else signal.SIGHUP)

    def last_words(self):
        words = self.log.read_text(errors="replace").splitlines()[-12:] if self.log.exists() else []
        return "".join("\n    " + line for line in words)

    def stop(self):
        if self.process and not proc.end(self.process):
            raise Failed(f"{self.name} did not end on SIGTERM")
        if self.backend:
            self.backend.kill()
            self.backend.wait()
        self.process = self.backend = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
