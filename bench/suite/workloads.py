# SPDX-License-Identifier: MIT
"""workloads - by name: what the server has to do, and who asks it how.

Numbers in a name are free: hello1000 is hello with 1000 connections, open500 is 500 connections a
second, idle100, tlsidle100, start16 and reload8 likewise (workers).
"""
import re
from dataclasses import dataclass
from typing import Callable

from . import special
from .loads import BROWSER, own, poisson, wrk
from .proc import Failed

# start and reload are first: connections in TIME_WAIT, which the others leave behind, are in the way
# of who looks for strangers on its port.
DEFAULT = ("start reload hello64 hello256 browser pipelined post1k file1k file100k tcp_echo udp_echo "
           "udp_burst tls ws_echo proxy proxy_close idle10000 close tls_full tls_resumed open2000").split()


@dataclass
class Workload:
    name: str
    kind: str                 # what of the server is used: servers.KINDS
    says: str
    load: Callable = None     # for rounds under load
    special: Callable = None  # or something else: special.py
    unit: str = "request"


FIXED = [
    Workload("browser", "hello", "hello, 64 connections, a browser's headers",
             wrk(64, headers=BROWSER)),
    Workload("pipelined", "hello", "hello, 64 connections, 16 requests at a time",
             own("http", "-p", 16)),
    Workload("close", "close", "hello, a connection for each", own("http", close=True),
             unit="connection"),
    Workload("post1k", "post", "POST of 1 KB, 64 connections", wrk(64, script="post.lua")),
    Workload("file1k", "file1k", "a file of 1 KB, 64 connections", wrk(64, "/files/file1k")),
    Workload("file100k", "file100k", "a file of 100 KB, 64 connections",
             wrk(64, "/files/file100k")),
    Workload("tcp_echo", "tcp_echo", "TCP echo of 64 bytes, 64 connections",
             own("echo", argument=64), unit="message"),
    Workload("udp_echo", "udp_echo", "UDP echo of 64 bytes, 64 flows with 8 under way",
             own("udp", "-p", 8, argument=64), unit="datagram"),
    Workload("udp_burst", "udp_echo", "UDP echo of 1200 bytes, 16 flows, bursts of 16 by one send",
             own("udp", "-g", "-p", 16, argument=1200, connections=16), unit="datagram"),
    Workload("tls", "tls", "hello over TLS, 64 connections", own("http", "-s", "full")),
    Workload("tls_full", "tls_close", "TLS: full handshake, hello, close",
             own("http", "-s", "full", close=True), unit="connection"),
    Workload("tls_resumed", "tls_close", "TLS: resumed handshake, hello, close",
             own("http", "-s", "resumed", close=True), unit="connection"),
    Workload("proxy", "proxy", "hello of a backend through a TCP proxy, 64 connections", wrk(64)),
    Workload("proxy_close", "proxy_close", "the same, a connection for each",
             own("http", close=True), unit="connection"),
    Workload("ws_echo", "ws_echo", "WebSocket echo of 64 bytes, 64 connections",
             own("ws", argument=64), unit="message"),
]

NUMBERED = {
    "hello": lambda name, n: Workload(name, "hello", f"hello, {n} connections", wrk(n)),
    "open": lambda name, n: Workload(
        name, "close", f"hello, {n} connections a second at random times", poisson(n),
        unit="connection"),
    "idle": lambda name, n: Workload(
        name, "hello", f"{n} idle keep-alive connections", special=special.idle(n)),
    "tlsidle": lambda name, n: Workload(
        name, "tls", f"{n} idle keep-alive connections over TLS", special=special.idle(n, "tls")),
    "start": lambda name, n: Workload(
        name, "hello", f"from exec to the first answer, {n or 1} workers",
        special=special.start(n or 1)),
    "reload": lambda name, n: Workload(
        name, "reload", f"reload until all new connections get the new answer, {n or 2} workers",
        special=special.reload(n or 2)),
}
NEEDS_NUMBER = {"hello", "open", "idle", "tlsidle"}


def find(name):
    for workload in FIXED:
        if workload.name == name:
            return workload
    match = re.fullmatch(r"([a-z]+)(\d*)", name)
    if match and match[1] in NUMBERED and (match[2] or match[1] not in NEEDS_NUMBER):
        return NUMBERED[match[1]](name, int(match[2] or 0))
    raise Failed(f"{name}: no such workload; there are {' '.join(DEFAULT)}")
