# SPDX-License-Identifier: MIT
"""report - medians over rounds, as tables, and beside a run that was kept.

A ratio is taken within a round and only then its median: what slows a whole round cancels out.
"""
from statistics import median

from .servers import BASE, PROXY, PROXY_BASE

MOVED = 0.05  # a ratio that is so much off the kept one is told


def _summary(rows, base):
    """Medians of one server in one placement; base: its rounds of the bare loop, by number."""
    ticks = sum(r["user_ticks"] + r["system_ticks"] for r in rows)
    user = sum(r["user_ticks"] for r in rows) / ticks if ticks else 0.0

    def cost(row):
        return row["total_ns"] / row["requests"] / 1e3

    total = median(map(cost, rows))
    figures = {
        "per_second": median(r["requests"] / r["seconds"] for r in rows),
        "user_us": total * user,
        "system_us": total * (1 - user),
        "total_us": total,
        "busy": median(r["total_ns"] / r["seconds"] / 1e9 for r in rows),
        "rounds": len(rows),
    }
    pairs = [(r, base[r["round"]]) for r in rows if r["round"] in base]
    if pairs:
        figures["ratio"] = median(cost(r) / cost(b) for r, b in pairs)
        figures["rate_ratio"] = median(
            r["requests"] / r["seconds"] / (b["requests"] / b["seconds"]) for r, b in pairs)
    for name in ("p50_ms", "p99_ms", "late"):
        if name in rows[0]:
            figures[name] = median(r[name] for r in rows)
    return figures


def summaries(workload, results):
    """[{workload, placement, server, figures...}] of a workload under load."""
    out = []
    for placement in dict.fromkeys(r["placement"] for r in results):
        here = [r for r in results if r["placement"] == placement]
        basis = PROXY_BASE if workload.kind in PROXY else BASE
        base = {r["round"]: r for r in here if r["server"] == basis}
        for server in dict.fromkeys(r["server"] for r in here):
            rows = [r for r in here if r["server"] == server]
            out.append({"workload": workload.name, "placement": placement, "server": server,
                        **_summary(rows, base)})
    return out


def special_summaries(workload, results):
    out = []
    for server in dict.fromkeys(r["server"] for r in results):
        rows = [r for r in results if r["server"] == server]
        names = [n for n in rows[0] if n not in ("server", "round")]
        out.append({"workload": workload.name, "server": server, "rounds": len(rows),
                    "figures": {n: median(r[n] for r in rows) for n in names}})
    return out


def _key(row):
    return row["workload"], row.get("placement"), row["server"]


def kept_by_key(kept):
    return {_key(row): row for row in (kept or {}).get("results", [])}


def _ratio(value):
    return "     -" if value is None else f"{value:6.2f}"


def _tail(row):
    """Of an open loop; late is the part of its starts that were, 5 % make it void."""
    if "p99_ms" not in row:
        return ""
    return (f"  p50 {row['p50_ms']:.2f} p99 {row['p99_ms']:.2f} ms" +
            (f", {row['late']:.0%} late" if row["late"] > 0.05 else ""))


def print_loads(workload, rows, kept):
    for placement in dict.fromkeys(r["placement"] for r in rows):
        where = "server on a core of its own" if placement == "apart" else "both on one core"
        print(f"\n{workload.name}: {workload.says}; {where}")
        print(f"  {'':10} {workload.unit + 's':>11} {'ratio':>6} | {'CPU us':>7} {'each':>7} "
              f"{'':>7} {'ratio':>6} {'kept':>6} | {'core':>5}")
        print(f"  {'':10} {'per second':>11} {'':>6} | {'user':>7} {'system':>7} {'total':>7} "
              f"{'':>6} {'':>6} | {'busy':>5}")
        for r in (r for r in rows if r["placement"] == placement):
            old = kept.get(_key(r), {}).get("ratio")
            print(f"  {r['server']:10} {r['per_second']:11.0f} {_ratio(r.get('rate_ratio'))} | "
                  f"{r['user_us']:7.2f} {r['system_us']:7.2f} {r['total_us']:7.2f} "
                  f"{_ratio(r.get('ratio'))} {_ratio(old)} | {r['busy']:5.0%}{_tail(r)}",
                  flush=True)


def print_special(workload, rows, kept):
    print(f"\n{workload.name}: {workload.says}")
    for r in rows:
        old = kept.get(_key(r), {}).get("figures", {})
        words = [f"{value:9.1f} {name}" + (f" (kept {old[name]:.1f})" if name in old else "")
                 for name, value in r["figures"].items()]
        print(f"  {r['server']:10} {'   '.join(words)}", flush=True)


def moved(rows, kept):
    """Lines for what portico costs more, or less, than in the run that was kept."""
    lines = []
    for r in rows:
        old = kept.get(_key(r), {}).get("ratio")
        if r["server"] == "portico" and old and "ratio" in r and abs(r["ratio"] / old - 1) > MOVED:
            lines.append(f"{r['workload']}, {r['placement']}: {r['ratio']:.2f} times the bare loop,"
                         f" {old:.2f} in the run that was kept")
    return lines
