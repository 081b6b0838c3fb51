#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Generates everything that is derived from the tables in spec/.

It refuses to know the protocol: every number comes from spec/*.toml. What it writes is committed,
so that a reader sees the result without building; --check proves that the committed files are what
the tables say. It stops at the first table that contradicts itself, with the file and the row.

Invariant: the output depends on spec/ alone: no time, no host, no order of a file system.
"""

import argparse
import sys
from pathlib import Path

import specgen_c
import specgen_dictionary
import specgen_pages
from spec_tables import Spec, SpecError


def outputs(spec):
    """Path below the repository → whole content, for every generated file."""
    return {
        "codec/include/libella/tables.h": specgen_c.header(spec),
        "codec/gen/tables.c": specgen_c.source(spec),
        "docs/reference/packets.md": specgen_pages.packets(spec),
        "docs/reference/properties.md": specgen_pages.properties(spec),
        "docs/reference/reason_codes.md": specgen_pages.reason_codes(spec),
        "docs/reference/errors.md": specgen_pages.errors(spec),
        "docs/reference/statements_v3.md": specgen_pages.statements(spec, "v3"),
        "docs/reference/statements_v5.md": specgen_pages.statements(spec, "v5"),
        "fuzz/mqtt.dict": specgen_dictionary.dictionary(spec),
    }


def stale(root, files):
    """Names of the files on disk that differ from what they should be."""
    result = []
    for name, content in files.items():
        path = root / name
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            result.append(name)
    return result


def write(root, files):
    for name in stale(root, files):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[name], encoding="utf-8")
        print(f"wrote {name}")


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description="Generate C tables, reference pages and the fuzz dictionary from spec/.")
    parser.add_argument("--check", action="store_true",
                        help="write nothing; exit 1 and name the committed files that are stale")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent,
                        help="root of the repository (default: the one this script lies in)")
    options = parser.parse_args(arguments)
    try:
        files = outputs(Spec(options.root / "spec"))
    except (SpecError, OSError) as error:
        print(f"specgen: {error}", file=sys.stderr)
        return 1
    if not options.check:
        write(options.root, files)
        return 0
    names = stale(options.root, files)
    for name in names:
        print(f"specgen: {name} is stale; run tools/specgen.py", file=sys.stderr)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
