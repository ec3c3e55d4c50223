# SPDX-License-Identifier: MIT
"""Whether an output is the one that a document shows.

What differs each time is not compared: the time of day, how long something took, the number of a process, the
port that a client was given, when it may come again, what Landlock the kernel has; and what the document
leaves out, with "…" for a part of a line or a line of its own for any number of them.  A number of five
digits that stands alone is a process, and is remembered: what the document calls 16672 is one process in
all of it.
"""
import re

LEFT_OUT = '…'
VARYING = [
    (r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', r'\S+Z'),
    (r'\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?)?', r'\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?)?'),
    (r'[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT', r'\w+, .* GMT'),
    (r'\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000', r'\S+ \+0000'),
    (r'\d[\d.]* (?:µs|ms|s)\b', r'\d[\d.]* (?:µs|ms|s)'),
    (r'(?:pid |master )?(?<![\w.:-])(?P<pid>\d{5})(?![\w.:])', None),
    (r'(?P<host>[\d.]{7,15}|\]):(?P<port>3[3-9]\d{3}|[45]\d{4})\b', None),
    (r'Retry-After: \d+', r'Retry-After: \d+'),
    (r'Landlock ABI \d: .*(?=, seccomp)', r'(?:no Landlock|Landlock ABI \d: .*)'),
    (LEFT_OUT, r'.*'),
    (r'\s+', r'\s+'),
]
UNIT = r'(?: [kMG](?=\s)| (?:[KMG]i)?B\b)?'
NUMBER = (r'-?\d[\d.]*' + UNIT, r'(?:-?\d[\d.]*' + UNIT + '|-)')


class Names:
    """The numbers of processes in a document, and which they are this time."""

    def __init__(self):
        self.pids = {}

    def in_command(self, command):
        return re.sub(r'\b\d{3,7}\b', lambda m: self.pids.get(m.group(), m.group()), command)

    def pattern(self, line, numbers_differ):
        rules = VARYING[:-2] + ([NUMBER] if numbers_differ else []) + VARYING[-2:]
        out, at = '', 0
        while at < len(line):
            for rule, result in rules:
                m = re.compile(rule).match(line, at)
                # A number is matched as a whole, not from its second digit on.
                if m and m.end() > at and not (line[at].isdigit() and at and line[at - 1].isdigit()):
                    out += result or self.special(m)
                    at = m.end()
                    break
            else:
                out += re.escape(line[at])
                at += 1
        return out

    def special(self, m):
        if 'port' in m.groupdict():
            return re.escape(m.group('host')) + r':\d+'
        pid = m.group('pid')
        known = self.pids.get(pid, r'(?P<p%s>\d+)' % pid)
        return m.group().replace(pid, known).replace(' ', r'\s+')

    def fits(self, expected, line, numbers_differ):
        try:
            m = re.fullmatch(self.pattern(expected.rstrip(), numbers_differ), line.rstrip())
        except re.error:
            return False          # a new process twice in a line
        if m:
            self.pids.update({k[1:]: v for k, v in m.groupdict().items() if v})
        return bool(m)


def compare(expected, lines, names, numbers_differ):
    """None if lines are those expected, otherwise the first expected one that is not there."""
    at, skipping = 0, False
    for line in expected:
        if line.strip() == LEFT_OUT:
            skipping = True
            continue
        while at < len(lines) and not names.fits(line, lines[at], numbers_differ):
            if not skipping:
                return line
            at += 1
        if at == len(lines):
            return line
        at, skipping = at + 1, False
    if not skipping and any(line.strip() for line in lines[at:]):
        return '(nothing more; but "%s")' % lines[at]
    return None


def compare_log(expected, lines, names, numbers_differ):
    """As above; others may stand between them, and processes may tell theirs in any order."""
    lines = list(lines)
    for line in expected:
        found = next((i for i, l in enumerate(lines) if names.fits(line, l, numbers_differ)), None)
        if found is None:
            return line
        del lines[found]
    return None
