#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Writes copies of sources with faults in them that can be switched on one at a time.

usage: plant.py LIST SOURCES... --out FILES...

LIST is planted.toml. Each [[bug]] names a file, a piece of its text (old) that occurs exactly
once, and what stands there instead (new) while the bug is switched on; a part of old alone if
piece says which. kind = "expression" or "statement" says what the piece is. SOURCES are the files
that have bugs; FILES the copies, in the same order, and
behind them a table of names in C. The sources themselves stay as they are.

Exits 1 if a text does not occur exactly once: then the list must follow the code.
"""
import sys
import tomllib
from pathlib import Path


def planted(bug, number):
    piece = bug.get("piece", bug["old"])
    if bug["kind"] == "expression":
        switch = f"(planted_is({number}) ? ({bug['new']}) : ({piece}))"
    else:
        switch = f"if (planted_is({number})) {{\n{bug['new']}\n}} else {{\n{piece}\n}}"
    return bug["old"].replace(piece, switch)


def main():
    split = sys.argv.index("--out")
    sources, outputs = sys.argv[2:split], sys.argv[split + 1:]
    bugs = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["bug"]
    texts = {source: Path(source).read_text(encoding="utf-8") for source in sources}
    for number, bug in enumerate(bugs, 1):
        found = [source for source in sources if source.endswith(bug["file"])]
        if len(found) != 1:
            sys.exit(f"plant.py: {bug['name']}: {bug['file']} is not among the sources")
        count = texts[found[0]].count(bug["old"])
        if count != 1:
            sys.exit(f"plant.py: {bug['name']}: its text occurs {count} times in {bug['file']}")
        texts[found[0]] = texts[found[0]].replace(bug["old"], planted(bug, number))
    for source, output in zip(sources, outputs):
        Path(output).write_text('#include "broker/sim/planted.h"\n' + texts[source],
                                encoding="utf-8")
    table = "".join(f'{{{number}, "{bug["name"]}"}},\n' for number, bug in enumerate(bugs, 1))
    Path(outputs[-1]).write_text(table, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
