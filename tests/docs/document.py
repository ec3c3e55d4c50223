# SPDX-License-Identifier: MIT
"""One document: its blocks from first to last, as a reader would do them.

    c        compiled without a warning: a plugin, a program if it has a main(), or what a request() does
    diff     applied to the files it names; what is C is compiled again
    ini      portico check finds it right; keys without a section are tried in one
    console  run; its output has to be what is shown
    python   compiles
    haproxy, logrotate  a piece of a configuration that these find right
    systemd  a unit, or keys to add to etc/portico.service, that systemd-analyze finds right
    json, yaml  are such
    text     is for the eye, and so is a block without a language
"""
import json
import os
import re

from blocks import read_blocks, read_console
from compare import Names, compare, compare_log
from terminal import Terminal, until

WARNINGS = '-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror'
SERVICE = '[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n'
REQUEST = '#include <portico.h>\n\nstatic int request(struct portico_request *req)\n{\n%s\treturn 0;\n}\n\n' \
    'PORTICO_PLUGIN(.name = "piece", .http_request = request)\n'
# It wants a listener, and all three timeouts.
HAPROXY = 'defaults\n\tmode http\n\ttimeout client 1m\n\ttimeout server 1m\n\ttimeout connect 1s\n' \
    'frontend any\n\tbind 127.0.0.1:8000\n'
HANDLER = '[handler %s /]\nplugin = hello.so\n'


class Wrong(Exception):
    pass


class Document:
    def __init__(self, path, scratch, env, patience):
        with open(path) as f:
            self.blocks = read_blocks(path, f.read())
        self.names = Names()
        self.patience = patience      # seconds for a log to say what is expected
        self.terminal = Terminal(scratch, env)

    def run(self, tell):
        """tell(block, outcome, reason) of each block, outcome 'passed', 'failed', 'skipped' or 'not run'."""
        for block in self.blocks:
            try:
                reason = self.why_not(block)
                if not reason:
                    self.prepare(block)
                    self.try_block(block)
                tell(block, reason and ('not run' if 'not run' in block.asked else 'skipped') or 'passed', reason)
            except Wrong as e:
                tell(block, 'failed', str(e))
            except TimeoutError:
                tell(block, 'failed', 'a command did not end; those after it were not tried')
                break
        self.terminal.close()

    @staticmethod
    def why_not(block):
        if 'not run' in block.asked:
            return block.asked['not run'] or 'no reason is told'
        if 'needs' in block.asked and not os.path.exists(block.asked['needs']):
            return block.asked['needs'] + ' is not here'
        return None

    def prepare(self, block):
        for command in block.asked.get('first', '').splitlines():
            code, lines = self.terminal.run(self.names.in_command(command))
            if code != 0:
                raise Wrong('first: %s: exit code %d\n%s' % (command, code, '\n'.join(lines)))

    def try_block(self, block):
        method = getattr(self, 'try_' + (block.language or 'text'), None)
        if not method:
            raise Wrong('nothing is known of blocks of "%s"' % block.language)
        method(block)

    def must(self, command):
        code, lines = self.terminal.run(command)
        if code != 0:
            raise Wrong('%s: exit code %d\n%s' % (command, code, '\n'.join(lines)))

    def write(self, name, text):
        """Where the shell is now, which a document may change."""
        self.must("cat >'%s' <<'END OF BLOCK'\n%sEND OF BLOCK" % (name, text))

    # ---- languages ----

    def try_c(self, block):
        name = block.file or 'block-%d.c' % block.line
        text = REQUEST % block.text if block.text.startswith('\t') else block.text
        self.write(name, text)
        self.compile(name, text)

    def compile(self, name, text):
        base = name[:-2]
        made = '-o %s' % base if re.search(r'^int main\(', text, re.M) else \
            '-shared -fPIC -o %s.so' % base
        libraries = '-lev' if '<ev.h>' in text else ''
        self.must('cc -std=gnu17 -O1 %s %s %s $(pkg-config --cflags portico) %s'
                  % (WARNINGS, made, name, libraries))

    def try_diff(self, block):
        self.write('block.diff', block.text)
        self.must('patch -s -p0 <block.diff')
        for name in re.findall(r'^\+\+\+ (\S+\.c)\b', block.text, re.M):
            self.terminal.run('cat %s' % name)
            with open(self.terminal.out) as f:
                self.compile(name, f.read())

    def try_ini(self, block):
        texts = [block.text]
        if block.file:
            self.write(block.file, block.text)
        else:
            # Keys that are shown with their default are tried, too.
            texts = complete(re.sub(r'^;(\w+ = )', r'\1', block.text, flags=re.M))
        outcomes = [self.check(text) for text in texts]
        good = any(code == 0 for code, _ in outcomes)
        if good == ('wrong on purpose' in block.asked):
            raise Wrong('\n'.join('portico check: exit code %d\n%s' % o for o in outcomes))

    def check(self, text):
        self.write('block.ini', text)
        code, lines = self.terminal.run('portico check -c block.ini')
        return code, '\n'.join(lines)

    def try_python(self, block):
        name = block.file or 'block-%d.py' % block.line
        self.write(name, block.text)
        self.must('python3 -m py_compile ' + name)

    def try_haproxy(self, block):
        self.write('block.cfg', HAPROXY + block.text)
        self.must('haproxy -c -f block.cfg')

    def try_logrotate(self, block):
        self.write('block.rotate', block.text)
        self.must('chmod 644 block.rotate; logrotate -d block.rotate')

    def try_systemd(self, block):
        # The programs that it names are here somewhere else.
        self.must('rm -rf units; mkdir -p units/portico.service.d && cp $DOCS_START/etc/portico.{service,socket} units')
        if block.file:
            self.write('units/' + block.file, block.text)
        else:
            self.write('units/portico.service.d/block.conf', '[Service]\n' + block.text)
        unit = block.file or 'portico.service'
        self.must('sed -i "s|/usr/local|$HOME/.local|" units/*.service')
        # A warning is no failure to it; one about this machine is not the document's.
        self.must('out=$(systemd-analyze verify units/%s 2>&1); code=$?; echo "$out"; '
                  '[ $code -eq 0 ] && ! grep -q units/ <<<"$out"' % unit)

    def try_yaml(self, block):
        self.write('block.yaml', block.text)
        self.must('perl -MYAML::XS -e "YAML::XS::LoadFile(q(block.yaml))"')

    @staticmethod
    def try_json(block):
        try:
            json.loads(block.text)
        except ValueError as e:
            raise Wrong(str(e)) from e

    def try_text(self, block):
        pass

    def try_console(self, block):
        for command, expected in read_console(block):
            self.try_command(block, command, expected)

    def try_command(self, block, command, expected):
        seen = len(self.terminal.log_text()) if command and 'first' not in block.asked else 0
        code, lines = self.terminal.run(self.names.in_command(command)) if command else (0, None)
        if lines is None:
            seen = 0
        if not expected and code == 0:
            return
        if not expected:
            raise Wrong('$ %s: exit code %d\n%s' % (command, code, '\n'.join(lines)))
        if 'more may follow' in block.asked:
            expected = expected + ['…']
        if lines:
            missing = compare(expected, lines, self.names, 'numbers differ' in block.asked)
        else:
            missing, lines = self.await_log(expected, seen, 'numbers differ' in block.asked)
        if missing is not None:
            raise Wrong('$ %s\nnot there: %s\nbut:\n%s' % (command, missing, '\n'.join(lines)))

    def await_log(self, expected, seen, numbers_differ):
        found = []

        def is_there():
            lines = self.terminal.log_text()[seen:].splitlines()
            found[:] = compare_log(expected, lines, self.names, numbers_differ), lines
            return found[0] is None

        until(is_there, self.patience)
        return found


def complete(text):
    """What a file may be around what a document shows alone; one of them has to be right."""
    if not re.match(r'(?:\s|;.*\n)*\[', text):
        return [SERVICE + text + HANDLER % 'web', '[portico]\n' + text + SERVICE + HANDLER % 'web']
    if '[service' not in text:
        text += SERVICE
    if '[handler' not in text:
        text += HANDLER % re.search(r'\[service (\S+)\]', text).group(1)
    return [text]
