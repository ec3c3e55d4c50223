#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""abi.py - what a header promises, one fact a line; and whether a newer one keeps it.

    abi.py facts HEADER           the facts of it
    abi.py kept FROZEN NEW        names each fact of FROZEN that NEW has not: exit code 1

Either may be a header or a file of its facts.

clang tells what is declared, and a program that it compiles tells sizes, offsets and
values, so nothing here knows how a compiler lays out a struct.
"""
import json
import os
import subprocess
import sys
import tempfile

# They tell their size, to the one who has to know it: they grow at the end.  All others are
# made by value on one side and read on the other, and never change.
GROW = {"portico_plugin", "portico_option", "portico_tls", "portico_target"}

# What a struct's size is, whether it may grow and where it ended; not kept as it stands.
SIZE = "sizeof struct "


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"abi: {' '.join(command)}:\n{done.stderr}")
    return done.stdout


def include_flag(header):
    return "-I" + os.path.dirname(os.path.abspath(header))


def is_own(name):
    return name and name.lower().startswith("portico")


def declarations(header):
    """The nodes of clang's tree that stand in the header, by kind."""
    tree = json.loads(run("clang", "-std=gnu17", "-x", "c", "-fsyntax-only",
                          "-Xclang", "-ast-dump=json", header))
    found = {"RecordDecl": [], "EnumDecl": [], "FunctionDecl": []}
    for node in tree["inner"]:
        if node["kind"] not in found or node.get("isImplicit"):
            continue
        own = is_own(node.get("name")) or any(
            is_own(n.get("name")) for n in node.get("inner", []) if node["kind"] == "EnumDecl")
        if own:
            found[node["kind"]].append(node)
    return found


def macros(header):
    """The values of the header's macros without parameters."""
    for line in run("clang", "-std=gnu17", "-x", "c", "-dM", "-E", header).splitlines():
        name, _, value = line.removeprefix("#define ").partition(" ")
        if is_own(name) and "(" not in name and name != "PORTICO_H":
            yield f"macro {name} {value}"


def functions(nodes):
    for f in nodes:
        format_of = "".join(" printf" for n in f.get("inner", []) if n["kind"] == "FormatAttr")
        yield f"function {f['name']} {f['type']['qualType']}{format_of}"


def layout_lines(found):
    """Statements of C that print what only the compiler knows."""
    for record in found["RecordDecl"]:
        if not record.get("completeDefinition"):
            continue
        struct = "struct " + record["name"]
        yield f'printf("{SIZE}{record["name"]} %zu\\n", sizeof({struct}));'
        for field in record["inner"]:
            if field["kind"] != "FieldDecl":
                continue
            name = field["name"]
            yield (f'printf("member {record["name"]}.{name} at %zu, %zu bytes, '
                   f'{field["type"]["qualType"]}\\n", offsetof({struct}, {name}), '
                   f'sizeof((({struct} *)0)->{name}));')
    for enum in found["EnumDecl"]:
        for value in enum["inner"]:
            if value["kind"] == "EnumConstantDecl":
                yield f'printf("value {value["name"]} %d\\n", {value["name"]});'


def layout(header, found):
    body = "\n".join(layout_lines(found))
    source = (f'#include "{os.path.abspath(header)}"\n#include <stdio.h>\n'
              f"int main(void)\n{{\n{body}\nreturn 0;\n}}\n")
    with tempfile.TemporaryDirectory() as folder:
        program = folder + "/layout"
        run("clang", "-std=gnu17", include_flag(header), "-x", "c", "-o", program, "-", text=source)
        return run(program).splitlines()


def facts(header):
    if not header.endswith(".h"):
        with open(header) as told:
            return told.read().splitlines()
    found = declarations(header)
    return sorted(set(layout(header, found)) | set(functions(found["FunctionDecl"]))
                  | set(macros(header)))


def sizes(all_facts):
    told = (f.removeprefix(SIZE).split() for f in all_facts if f.startswith(SIZE))
    return {name: int(size) for name, size in told}


def members(all_facts):
    for fact in all_facts:
        if fact.startswith("member "):
            place, _, rest = fact.removeprefix("member ").partition(" at ")
            yield place, int(rest.partition(",")[0])


def broken(old, new):
    """Sentences: each promise of old that new does not keep."""
    for fact in old:
        if not fact.startswith(SIZE) and fact not in new:
            yield f"gone or changed: {fact}"
    old_sizes, new_sizes = sizes(old), sizes(new)
    for name, size in old_sizes.items():
        now = new_sizes.get(name)
        if now is None or now < size or (now != size and name not in GROW):
            yield f"struct {name} had {size} bytes and has {now}"
    known = {place for place, _ in members(old)}
    for place, offset in members(new):
        struct = place.partition(".")[0]
        if place not in known and offset < old_sizes.get(struct, 0):
            yield f"not at the end: {place} at {offset}, within the {old_sizes[struct]} bytes that were"


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "facts":
        print("\n".join(facts(arguments[1])))
        return 0
    if len(arguments) != 3 or arguments[0] != "kept":
        sys.exit(__doc__)
    wrong = list(broken(facts(arguments[1]), facts(arguments[2])))
    for sentence in wrong:
        print(sentence)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
