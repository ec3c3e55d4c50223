# SPDX-License-Identifier: MIT
"""The fenced blocks of a Markdown file, and what comments before them ask for.

A block is what stands between two lines of ```.  The paragraph in front of it may name a file and end
with a colon, as in "`mine.c`:": then the block is that file.  HTML comments between the two:

    <!-- not run: REASON -->        it is for no machine to run, and told with its reason
    <!-- needs: /path/to/file -->   skipped where that is not
    <!-- first: COMMANDS -->        run before it, and not shown to readers
    <!-- numbers differ -->         of each number only its place is compared
    <!-- more may follow -->        an output need not end with what is shown
    <!-- wrong on purpose -->       ini: portico check has to find something
"""
import re

FENCE = re.compile(r'^```(\S*)\s*$')
COMMENT = re.compile(r'<!--\s*(.*?)\s*-->', re.S)
NAMED = re.compile(r'`([\w-]+\.(?:c|h|ini|py|service|socket))`')
KEYS = ('not run', 'needs', 'first')
WORDS = ('numbers differ', 'more may follow', 'wrong on purpose')


class Block:
    def __init__(self, path, line, language, lines, before):
        self.path, self.line, self.language, self.lines = path, line, language, lines
        self.asked = dict(asked(text, path, line) for text in COMMENT.findall(before))
        self.file = file_of(COMMENT.sub('', before).rstrip())

    @property
    def text(self):
        return ''.join(line + '\n' for line in self.lines)

    @property
    def place(self):
        return '%s:%d' % (self.path, self.line)


def asked(comment, path, line):
    """('first', 'COMMANDS') of "first: COMMANDS"."""
    key, _, value = comment.partition(':')
    if key.strip() in KEYS:
        return key.strip(), value.strip()
    if comment in WORDS:
        return comment, ''
    raise SystemExit('%s:%d: nothing is known of the comment "%s"' % (path, line, comment))


def file_of(before):
    """The file that a paragraph names whose last character is a colon."""
    paragraph = before.split('\n\n')[-1]
    names = NAMED.findall(paragraph) if paragraph.endswith(':') else []
    return names[-1] if names else None


def read_blocks(path, text):
    blocks, before, inside = [], [], None
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if inside and line == '```':
            blocks.append(Block(path, *inside, '\n'.join(before)))
            before, inside = [], None
        elif inside:
            inside[2].append(line)
        elif fence:
            inside = (number, fence.group(1), [])
        else:
            before.append(line)
    if inside:
        raise SystemExit('%s:%d: the block does not end' % (path, inside[0]))
    return blocks


def read_console(block):
    """[(COMMAND, [OUTPUT LINE...])...]; output before the first command has the command ''."""
    steps, going_on = [], False
    for line in block.lines:
        if going_on:
            steps[-1][0] += '\n' + line
        elif line.startswith('$ '):
            steps.append([line[2:], []])
        elif not steps:
            steps.append(['', [line]])
        else:
            steps[-1][1].append(line)
        going_on = (going_on or line.startswith('$ ')) and line.endswith('\\')
    return [(command, without_last_blanks(lines)) for command, lines in steps]


def without_last_blanks(lines):
    while lines and not lines[-1]:
        lines = lines[:-1]
    return lines
