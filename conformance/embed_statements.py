#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Prints C++ that holds the statements of spec/, so that reports can say what an id means.

usage: embed_statements.py SPEC.toml...     (others than statements_*.toml are passed over)
"""
import sys
import tomllib

FIELDS = ("id", "keyword", "summary")


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main():
    print('#include "conformance/statements.h"\n')
    print("namespace conformance {\n\nconst statement_info embedded_statements[] = {")
    for path in sorted(each for each in sys.argv[1:] if "/statements_" in each):
        with open(path, "rb") as file:
            for row in tomllib.load(file)["statement"]:
                print("    {" + ", ".join(quoted(row[field]) for field in FIELDS) + "},")
    print("    {nullptr, nullptr, nullptr},\n};\n\n} // namespace conformance")


if __name__ == "__main__":
    main()
