#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""The style rules that a machine can check.

usage: style.py [DIRECTORY]     (default: the checkout this script is in)

Prints one line for each breach, FILE:LINE: RULE, and exits 1 if there is any.
Generated files (codec/gen, docs/reference, tables.h) are held to the licence line only.
"""
import pathlib
import re
import sys

LINE_LENGTH_MAX = 99
FUNCTION_LINES_MAX = 70
NESTING_MAX = 4  # braces open inside a function, its own and those of switch included
FILE_LINES_MAX = 900

CODE = {".c", ".h", ".cc", ".rl"}
TEXT = CODE | {".py", ".sh", ".js", ".toml", ".bzl", ".case", ".conf", ".md", ".dict", ".rc"}
NO_LICENCE_LINE = {".json", ".bin", ".hex", ".seed", ".pem", ".png", ".svg"}
GENERATED = ("codec/gen/", "docs/reference/", "codec/include/libella/tables.h")
SKIPPED = ("tools/interop/node_modules/", ".git/", "bazel-")
VAGUE_FOLDERS = {"common", "utils", "util", "misc", "helpers"}

FREESTANDING = {"stddef.h", "stdint.h", "stdbool.h", "string.h"}
SYSTEM_HEADERS = {
    "codec/": FREESTANDING,
    "state_machines/": FREESTANDING,
    "broker/core/": FREESTANDING | {"assert.h"},
}
NO_CONDITIONALS = ("codec/", "state_machines/", "broker/core/")
FORBIDDEN_INCLUDES = {
    "codec/": ("state_machines/", "broker/", "conformance/"),
    "state_machines/": ("broker/", "conformance/", "codec/"),
    "broker/core/": ("broker/io/", "broker/sim/", "broker/plugin/"),
    "conformance/": ("codec/", "state_machines/", "broker/", "libella/"),
}
FORBIDDEN_WORDS = [
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), "unfinished work is not committed"),
    (re.compile(r"registry\.npmjs|deb\.debian\.org|security\.debian\.org"), "names a registry"),
    (re.compile(r"(?<![\w.])/(work|home|root)/"), "names a path of one machine"),
]


def is_test(path):
    return re.search(r"_test\.(cc|c|py|sh)|/test_|test_support\.h|/amalgamation/", path)


def files_of(top):
    for path in sorted(top.rglob("*")):
        name = path.relative_to(top).as_posix()
        if path.is_file() and not path.is_symlink() and not name.startswith(SKIPPED):
            if "node_modules/" not in name and "__pycache__" not in name:
                yield name, path


def without_comments_and_strings(line):
    line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
    line = re.sub(r"'(\\.|[^'\\])'", "' '", line)
    return re.sub(r"//.*|/\*.*?\*/", "", line)


def check_licence(name, lines):
    head = "\n".join(lines[:6])
    if "SPDX-License-Identifier: Apache-2.0" not in head:
        yield 1, "no SPDX licence line at the top"
    elif "Copyright The Libella authors" not in head:
        yield 1, "no copyright line at the top"


def check_text(name, lines):
    for number, line in enumerate(lines, 1):
        # A table row, a link or a test vector may be as long as it is.
        free = name.endswith((".md", ".toml", ".case", ".dict")) or "testdata/" in name
        if len(line) > LINE_LENGTH_MAX and not free:
            yield number, f"line of {len(line)} characters, {LINE_LENGTH_MAX} allowed"
        if line != line.rstrip() and not name.endswith(".md"):
            yield number, "blank at the end of the line"
        if "\t" in line and pathlib.Path(name).suffix in CODE:
            yield number, "tab"
        if name not in ("tools/style.py", "tools/style_test.py"):
            for word, why in FORBIDDEN_WORDS:
                if word.search(line):
                    yield number, why
    if len(lines) > FILE_LINES_MAX and pathlib.Path(name).suffix in CODE and not is_test(name):
        yield len(lines), f"file of {len(lines)} lines, {FILE_LINES_MAX} allowed"


def check_functions(name, lines):
    """Length and nesting of C functions, which close with a '}' in column 0."""
    begun, depth = None, 0
    for number, raw in enumerate(lines, 1):
        line = without_comments_and_strings(raw)
        if begun is None:
            opens = line.rstrip().endswith("{") and ")" in line
            opens = opens and not line.startswith((" ", "}"))
            joined = line.startswith(" ") and line.rstrip().endswith(") {") and number > 1
            if opens or joined and not re.match(r"\s+(if|for|while|switch|else)\b", line):
                begun, depth = number, 1
            continue
        depth += line.count("{") - line.count("}")
        if depth > NESTING_MAX and line.rstrip().endswith("{"):
            yield number, f"nesting of {depth}, {NESTING_MAX} allowed"
        if line.startswith("}"):
            if number - begun + 1 > FUNCTION_LINES_MAX:
                length = number - begun + 1
                yield begun, f"function of {length} lines, {FUNCTION_LINES_MAX} allowed"
            begun = None


def check_includes(name, lines):
    for number, line in enumerate(lines, 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
        if not found:
            continue
        for folder, allowed in SYSTEM_HEADERS.items():
            if name.startswith(folder) and found[1] == "<" and found[2] not in allowed:
                yield number, f"{folder} may not include <{found[2]}>"
        for folder, forbidden in FORBIDDEN_INCLUDES.items():
            if name.startswith(folder) and found[1] == '"' and found[2].startswith(forbidden):
                if not (folder == "codec/" and found[2].startswith("codec/")):
                    yield number, f"{folder} may not include {found[2]}"


def check_preprocessor(name, lines):
    if not name.startswith(NO_CONDITIONALS):
        return
    for number, line in enumerate(lines, 1):
        if re.match(r"\s*#\s*(if|ifdef|elif)\b", line):
            if not re.search(r"__cplusplus|defined\(__GNUC__\)", line):
                yield number, "conditional compilation: variants are files chosen in BUILD"


def check_globals(name, lines):
    for number, line in enumerate(lines, 1):
        if re.match(r"(static\s+)?(?!const\b|typedef\b|extern\b|enum\b|return\b|goto\b|static\b)"
                    r"[a-z_][\w ]*[ *]\w+(\[[^\]]*\])*\s*(=.*|;)$", line) and "const" not in line:
            if "(" not in line.split("=")[0]:
                yield number, "mutable global"


def breaches(name, path):
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return
    suffix = path.suffix
    if any(part in VAGUE_FOLDERS for part in pathlib.Path(name).parts[:-1]):
        yield 1, "folder name says nothing"
    scripts = suffix == "" and lines and lines[0].startswith("#!")
    if (suffix in TEXT or scripts) and suffix not in NO_LICENCE_LINE:
        yield from check_licence(name, lines)
    if name.startswith(GENERATED):
        return
    if suffix in TEXT or scripts:
        yield from check_text(name, lines)
    is_cxx = any(line.startswith(("class ", "namespace ", "template")) for line in lines)
    if suffix in {".c", ".h"} and not is_test(name) and not is_cxx:
        yield from check_functions(name, lines)
        yield from check_includes(name, lines)
        yield from check_preprocessor(name, lines)
        if suffix == ".c" and name.startswith(NO_CONDITIONALS):
            yield from check_globals(name, lines)


def main():
    if len(sys.argv) > 2 or sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__)
        return 0 if len(sys.argv) == 2 else 2
    checkout = pathlib.Path(__file__).resolve().parent.parent
    top = pathlib.Path(sys.argv[1]) if len(sys.argv) == 2 else checkout
    count = 0
    for name, path in files_of(top):
        for number, what in breaches(name, path):
            print(f"{name}:{number}: {what}")
            count += 1
    print(f"style: {count} breaches")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
