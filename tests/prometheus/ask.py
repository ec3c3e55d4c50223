#!/usr/bin/python3
# SPDX-License-Identifier: MIT
#
# ask.py - asks the Prometheus on 127.0.0.1:9090 until it gives what is wanted.
#
#   ask.py value QUERY WANTED    every sample of QUERY is WANTED, and there is one
#   ask.py dashboard FILE        every query of a dashboard gives data
#   ask.py alert NAME            it fires
import json
import math
import sys
import time
import urllib.parse
import urllib.request

PATIENCE = 30
VARIABLES = {
    "$__rate_interval": "5s",
    "$job": ".*",
    "$instance": ".*",
    "$service": ".*",
}


def get(path, **parameters):
    url = "http://127.0.0.1:9090/api/v1/" + path + "?" + urllib.parse.urlencode(parameters)
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        sys.exit(f"{parameters}: {error.read().decode()}")
    except OSError:
        return None


def samples(query):
    data = get("query", query=query)
    return [float(s["value"][1]) for s in data["result"]] if data else []


def queries_of(dashboard):
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        yield annotation["name"], annotation["expr"].split(">")[0]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["label"], variable["definition"].split("(")[1].rsplit(",", 1)[0]


def filled_in(query):
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    if "$" in query:
        sys.exit("a variable that Grafana has and this test does not know: " + query)
    return query


def until(is_so):
    """Gives what is_so() gives: None as soon as all is well, else why it is not, when time is up."""
    end = time.monotonic() + PATIENCE
    while True:
        why = is_so()
        if why is None or time.monotonic() > end:
            return why
        time.sleep(0.2)


def value(query, wanted):
    got = samples(query)
    return None if got and all(v == float(wanted) for v in got) else f"{query} is {got}, not {wanted}"


def dashboard(file):
    with open(file, encoding="utf-8") as f:
        all_queries = list(queries_of(json.load(f)))

    def lacking():
        lacks = [f"{title}: {query}" for title, query in all_queries
                 if not any(math.isfinite(v) for v in samples(filled_in(query)))]
        return "no data: " + "\n".join(lacks) if lacks else None

    if len(all_queries) < 30:
        return f"only {len(all_queries)} queries"
    return until(lacking)


def alert(name):
    data = get("alerts")
    firing = [a["labels"]["alertname"] for a in data["alerts"] if a["state"] == "firing"] if data else []
    return None if name in firing else f"{name} does not fire, but {firing}"


what, *arguments = sys.argv[1:]
if what == "dashboard":
    reason = dashboard(*arguments)
else:
    reason = until(lambda: {"value": value, "alert": alert}[what](*arguments))
if reason:
    sys.exit(reason)
