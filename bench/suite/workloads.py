# SPDX-License-Identifier: MIT
"""workloads - by name: what the server has to do, and who asks it how.

Numbers in a name are free: hello1000 is hello with 1000 connections (wrk1000: of wrk), udp8 is eight
datagrams of a flow under way, open500 is 500 connections a second, idle100, tlsidle100, start16 and
reload8 likewise (workers).
"""
import re
from dataclasses import dataclass
from typing import Callable

from . import special
from .loads import BROWSER, http, own, poisson, wrk
from .proc import Failed

# start and reload are first: connections in TIME_WAIT, which the others leave behind, are in the way
# of who looks for strangers on its port.
DEFAULT = ("start reload hello64 hello256 wrk64 wrk256 browser pipelined post1k file1k file100k tcp_echo udp2 udp16 "
           "udp_burst tls ws_echo proxy proxy_close idle10000 close tls_full tls_resumed open2000").split()

UNDER_WAY = 128  # datagrams of all flows: they fit the buffer that any socket has, and none is lost


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
             http(headers=BROWSER)),
    Workload("pipelined", "hello", "hello, 64 connections, 16 requests at a time",
             http("-p", 16)),
    Workload("close", "close", "hello, a connection for each", http(close=True),
             unit="connection"),
    Workload("post1k", "post", "POST of 1 KB, 64 connections", http(body="x" * 1024)),
    Workload("file1k", "file1k", "a file of 1 KB, 64 connections", http(path="/files/file1k")),
    Workload("file100k", "file100k", "a file of 100 KB, 64 connections",
             http(path="/files/file100k")),
    Workload("tcp_echo", "tcp_echo", "TCP echo of 64 bytes, 64 connections",
             own("echo", argument=64), unit="message"),
    Workload("udp_burst", "udp_echo", "UDP echo of 1200 bytes, 16 flows, bursts of 16 by one send",
             own("udp", "-g", "-p", 16, argument=1200, connections=16), unit="datagram"),
    Workload("tls", "tls", "hello over TLS, 64 connections", http("-s", "full")),
    Workload("tls_full", "tls_close", "TLS: full handshake, hello, close",
             http("-s", "full", close=True), unit="connection"),
    Workload("tls_resumed", "tls_close", "TLS: resumed handshake, hello, close",
             http("-s", "resumed", close=True), unit="connection"),
    Workload("proxy", "proxy", "hello of a backend through a TCP proxy, 64 connections", http()),
    Workload("proxy_close", "proxy_close", "the same, a connection for each",
             http(close=True), unit="connection"),
    Workload("ws_echo", "ws_echo", "WebSocket echo of 64 bytes, 64 connections",
             own("ws", argument=64), unit="message"),
]

NUMBERED = {
    "hello": lambda name, n: Workload(name, "hello", f"hello, {n} connections", http(connections=n)),
    "wrk": lambda name, n: Workload(name, "hello", f"hello, {n} connections of wrk", wrk(n)),
    "udp": lambda name, n: Workload(
        name, "udp_echo", f"UDP echo of 64 bytes, {max(UNDER_WAY // n, 1)} flows with {n} under way",
        own("udp", "-p", n, argument=64, connections=max(UNDER_WAY // n, 1)), unit="datagram"),
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
NEEDS_NUMBER = {"hello", "wrk", "udp", "open", "idle", "tlsidle"}


def find(name):
    for workload in FIXED:
        if workload.name == name:
            return workload
    match = re.fullmatch(r"([a-z]+)(\d*)", name)
    number = int(match[2] or 0) if match else 0
    if match and match[1] in NUMBERED and (number or match[1] not in NEEDS_NUMBER):
        return NUMBERED[match[1]](name, number)
    raise Failed(f"{name}: no such workload; there are {' '.join(DEFAULT)}")
