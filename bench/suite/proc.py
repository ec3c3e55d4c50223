# SPDX-License-Identifier: MIT
"""proc - processes of a server: which there are, what they used, where they run.

A server is its first process and all that descend from it; its CPU time is that of all of their
threads. What /proc/PID/schedstat has is in nanoseconds; user and system are told apart by the
10 ms ticks of /proc/PID/stat only, good for a share that is taken over many rounds.
"""
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 10.0  # seconds before a condition counts as never met


class Failed(Exception):
    """What went wrong, for whoever reads the terminal."""


def wait_until(condition, patience=PATIENCE, pause=0.005):
    end = time.monotonic() + patience
    while not (result := condition()):
        if time.monotonic() > end:
            return None
        time.sleep(pause)
    return result


def _stat(pid):
    """The fields of /proc/PID/stat from the state on: a name in front of them may hold spaces."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return None


def alive(pid):
    stat = _stat(pid)
    return stat is not None and stat[0] != "Z"


def tree(pid):
    """The process and its descendants. By parent: not every kernel has task/TID/children."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (stat := _stat(entry)) and stat[0] != "Z":
            parents.setdefault(int(stat[1]), []).append(int(entry))
    found = [pid]
    for parent in found:
        found += parents.get(parent, [])
    return found


@dataclass
class Cpu:
    """CPU time: all of it in nanoseconds, and ticks that tell its parts."""
    total_ns: int = 0
    user_ticks: int = 0
    system_ticks: int = 0

    def __sub__(self, other):
        return Cpu(self.total_ns - other.total_ns, self.user_ticks - other.user_ticks,
                   self.system_ticks - other.system_ticks)


def cpu(pids):
    used = Cpu()
    for pid in pids:
        stat = _stat(pid)
        if stat is None:
            raise Failed(f"process {pid} died")
        used.user_ticks += int(stat[11])
        used.system_ticks += int(stat[12])
        for task in Path(f"/proc/{pid}/task").iterdir():
            used.total_ns += int((task / "schedstat").read_text().split()[0])
    return used


def on_core(core):
    """What a command begins with. SCHED_BATCH: it preempts nobody on waking. On one core whoever of
    server and load used less CPU would else preempt the other, again and again: a server that is woken by
    the first of eight datagrams would be measured with one at a time."""
    return ["chrt", "-b", "0", "taskset", "-c", str(core)]


def place(pids, core):
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            os.sched_setaffinity(int(task), {core})


def memory(pids):
    """Bytes that these processes have, what they share counted in parts."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except ProcessLookupError:  # a helper of its start
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def kernel_memory():
    """Bytes of the kernel's own objects and of its sockets' buffers."""
    fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    slab = int(fields["Slab"].split()[0]) * 1024
    words = Path("/proc/net/sockstat").read_text().split("TCP:")[1].split("\n")[0].split()
    return slab + int(words[words.index("mem") + 1]) * os.sysconf("SC_PAGESIZE")


def end(process):
    """SIGTERM, and SIGKILL for what is left. Whether it went by itself."""
    pids = tree(process.pid) if process.poll() is None else []
    if pids:
        process.send_signal(signal.SIGTERM)
    gone = wait_until(lambda: process.poll() is not None and not any(map(alive, pids)))
    for pid in pids if not gone else []:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    return bool(gone)
