# SPDX-License-Identifier: MIT
"""A shell that stays, as a reader's terminal does, and a server in another one.

A command that serves until it is ended goes to the other terminal, where the next of its kind takes
its place, and its output is the server's log.  All others are waited for.
"""
import os
import re
import select
import subprocess
import time

SERVES = re.compile(r'^(?:strace .*)?(?:\S*/)?(?:portico run|make run|make watch)\b')
CD = re.compile(r'^cd \S+ && ')
READY = re.compile(r'generation \d+ serves after')


def until(is_so, seconds):
    """Whether it was so in time.  It is asked again and again: a log is a file, which tells nobody that it grew,
    and the server is the shell's child, not ours."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class Terminal:
    def __init__(self, scratch, env):
        self.log, self.out = scratch + '/server.log', scratch + '/out'
        self.script = scratch + '/command'
        open(self.log, 'w').close()
        self.results, told = os.pipe()
        self.shell = subprocess.Popen(['bash', '--norc', '--noprofile'], stdin=subprocess.PIPE,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      env=env, cwd=env['DOCS_START'], pass_fds=[told])
        self.told = told
        self.say('set -m; docs_server=')

    def say(self, text):
        self.shell.stdin.write((text + '\n').encode())
        self.shell.stdin.flush()

    def do(self, text, limit):
        """Runs it in the shell itself, so that cd and export stay; gives its exit code."""
        with open(self.script, 'w') as f:
            f.write(text + '\n')
        self.say('. %s >%s 2>&1 </dev/null; echo $? >&%d' % (self.script, self.out, self.told))
        # One write of at most four bytes, so it is there as a whole; in front of it those that came too late.
        if not select.select([self.results], [], [], limit)[0]:
            raise TimeoutError
        return int(os.read(self.results, 100).split()[-1])

    def run(self, command, limit=300):
        """(exit code, output lines), output None of what went to the other terminal."""
        if command.strip() == 'end_server':
            self.end_server()
            return 0, []
        into = CD.match(command)
        if into and SERVES.match(command[into.end():]):
            self.do(into.group()[:-len(' && ')], limit)
            command = command[into.end():]
        if not SERVES.match(command):
            code = self.do(command, limit)
            with open(self.out, errors='replace') as f:
                return code, f.read().splitlines()
        self.end_server()
        # Emptied here: the shell's child may do so only after the old one was read.
        open(self.log, 'w').close()
        self.do('{ %s\n} >>%s 2>&1 </dev/null & docs_server=$!' % (command, self.log), limit)
        self.await_ready()
        return 0, None

    def serves(self):
        return self.do('[ -n "$docs_server" ] && kill -0 -- -"$docs_server"', 60) == 0

    def await_ready(self):
        """Or until it has ended, and its log says why."""
        until(lambda: READY.search(self.log_text()) or not self.serves(), 60)

    def end_server(self):
        """As Control-C does, and once more after 4 s; then it is enough."""
        for signal in ('INT', 'INT', 'KILL'):
            if not self.serves():
                break
            self.do('kill -%s -- -"$docs_server"' % signal, 60)
            until(lambda: not self.serves(), 4)
        self.do('docs_server=', 60)

    def log_text(self):
        with open(self.log, errors='replace') as f:
            return f.read()

    def close(self):
        try:
            self.end_server()
        except (TimeoutError, BrokenPipeError):
            pass                  # the namespace ends with us, and all in it
        self.shell.kill()
        self.shell.wait()
