#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Makes ella.h and ella.c, the codec in two files, out of its sources.

usage: amalgamate.py --header ella.h --source ella.c FILE...

FILE: the public headers (below include/libella), the internal headers, the sources of the codec.
The result has the same text, without the includes that it makes unneeded. Names that were private
to a file now share one: the script refuses two of the same.
"""
import argparse
import pathlib
import re
import sys

FREESTANDING = {"stdbool.h", "stddef.h", "stdint.h", "string.h"}
INCLUDE = re.compile(r'^#include ([<"])([^>"]+)[>"]\s*$', re.M)
DEFINE = re.compile(r"^#define (\w+)", re.M)
# A definition at file level: functions and tables alike start at the first column.
STATIC = re.compile(r"^static (?:inline )?(?:const )?(?:struct |enum )?\w+ [*]?(\w+)", re.M)

NOTICE = """/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * {text}
 */
"""


class AmalgamationError(Exception):
    """What is wrong with the sources."""


def is_public(path):
    return path.suffix == ".h" and path.parent.name == "libella"


def local_includes(text):
    return [name for kind, name in INCLUDE.findall(text) if kind == '"']


def system_includes(texts):
    names = {name for text in texts for kind, name in INCLUDE.findall(text) if kind == "<"}
    if not names <= FREESTANDING:
        raise AmalgamationError(f"not freestanding: {', '.join(sorted(names - FREESTANDING))}")
    return names


def in_order(paths, texts):
    """Headers so that each comes behind those that it includes."""
    by_name = {path.name: path for path in paths}
    done = []

    def visit(path):
        for name in local_includes(texts[path]):
            needed = by_name.get(pathlib.PurePath(name).name)
            if needed is not None and needed not in done:
                visit(needed)
        if path not in done:
            done.append(path)

    for path in sorted(paths):
        visit(path)
    return done


def part(path, text, undefine):
    """One file without its includes; its macros end with it if they are a source's own."""
    body = INCLUDE.sub("", text).strip("\n")
    names = DEFINE.findall(text) if undefine else []
    ends = "".join(f"#undef {name}\n" for name in names)
    return f"\n/* ---- {path.parent.name}/{path.name} ---- */\n\n{body}\n{ends}"


def check_statics(sources, texts):
    seen = {}
    for path in sources:
        for name in set(STATIC.findall(texts[path])):
            if name in seen:
                raise AmalgamationError(f"{name} is static in {seen[name]} and in {path}")
            seen[name] = path


def amalgamate(paths):
    """The contents of ella.h and ella.c."""
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    public = in_order([path for path in paths if is_public(path)], texts)
    headers = in_order([path for path in paths if path.suffix == ".h" and path not in public],
                       texts)
    sources = sorted(path for path in paths if path.suffix == ".c")
    check_statics(headers + sources, texts)

    header = NOTICE.format(text="libella, the MQTT codec, in two files: this is the header. "
                                "Made from its sources.")
    header += "#ifndef ELLA_H\n#define ELLA_H\n\n"
    header += "".join(f"#include <{name}>\n"
                      for name in sorted(system_includes(texts[path] for path in public)))
    header += "".join(part(path, texts[path], False) for path in public)
    header += "\n#endif\n"

    source = NOTICE.format(text="libella, the MQTT codec, in two files: compile this one. "
                                "Made from its sources.")
    source += '#include "ella.h"\n\n'
    source += "".join(f"#include <{name}>\n"
                      for name in sorted(system_includes(texts[path]
                                                         for path in headers + sources)))
    source += "".join(part(path, texts[path], False) for path in headers)
    source += "".join(part(path, texts[path], True) for path in sources)
    return header, source


def main():
    parser = argparse.ArgumentParser(description="Make ella.h and ella.c out of the codec.")
    parser.add_argument("--header", type=pathlib.Path, required=True)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("files", type=pathlib.Path, nargs="+")
    options = parser.parse_args()
    try:
        header, source = amalgamate(options.files)
    except (AmalgamationError, OSError) as error:
        print(f"amalgamate: {error}", file=sys.stderr)
        return 1
    options.header.write_text(header, encoding="utf-8")
    options.source.write_text(source, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
