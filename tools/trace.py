#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Joins the statements of spec/ with the places in code and tests that cite them.

It refuses to judge whether a citation is deserved; it only finds them and counts. A citation is a
comment on a line of its own, "//= v5/4.3.3-8" or "#= v5/4.3.3-8" in code, the same with the word
"test" behind the ids in a test, or the line "cites v5/4.3.3-8" of a scenario. Several ids
may follow each other. Evidence of a statement is one citation in the product and one in a test.

Invariants: an id that spec/ does not have is an error wherever it stands; a statement that a
server has to keep lacks nothing, has an exception with its reason, or counts against
spec/ratchet.toml, whose number only goes down; a statement whose keeping a client can observe
has a conformance case, any other has one or stands in conformance/untestable.toml with its reason.
"""

import argparse
import os
import re
import signal
import sys
import tomllib
from pathlib import Path

from spec_tables import HEADING, STATEMENT_ID, VERSIONS, VERSION_NAMES, Spec, SpecError, plain

BINDING = ("MUST", "MUST NOT", "PROTOCOL ERROR", "MALFORMED")
SIDES_OF_EVIDENCE = ("code", "test")
OBSERVABLE = ("yes", "partly")
CASES = "conformance/cases/"
UNTESTABLE = "conformance/untestable.toml"
COVERAGE_PAGE = "docs/conformance.md"  # has the table of --observable
PRODUCT = ("codec/", "state_machines/", "broker/")
BESIDE_THE_PRODUCT = ("broker/sim/",)  # tests the broker, is not part of it
SKIPPED_PATHS = ("docs", "spec", "codec/gen")
SKIPPED_NAMES = {".git", "node_modules", "__pycache__"}
SLASHES = {".c", ".h", ".cc", ".rl", ".js", ".mjs"}
HASHES = {".rl", ".py", ".sh", ".bzl", ".conf", ""}
CITES = {".case", ".md"}  # .md: golden packets
TEST_FILE = re.compile(r"(_test\.[a-z]+|test_support\.[a-z]+)$")
MARKS = {"slashes": re.compile(r"^\s*//=\s*(.*)$"), "hashes": re.compile(r"^\s*#=\s*(.*)$"),
         "cites": re.compile(r"^\s*cites\s+(.*)$")}
CONTINUED = re.compile(r"\s\\$")


class Citation:
    """One statement named in one place; side is "code" or "test"."""

    def __init__(self, statement, path, line, side):
        self.statement, self.path, self.line, self.side = statement, path, line, side

    def is_evidence(self):
        if self.side == "test":
            return True
        return self.path.startswith(PRODUCT) and not self.path.startswith(BESIDE_THE_PRODUCT)


class Trace:
    """Everything known about the statements: where they are cited and what is excepted."""

    def __init__(self, root):
        self.root = Path(root)
        self.spec = Spec(self.root / "spec")
        self.statements = {row["id"]: row for version in VERSIONS
                           for row in self.spec.statements[version]}
        self.problems = []  # "file:line: what", every one fails
        self.evidence = {id_: {"code": [], "test": []} for id_ in self.statements}
        self.exceptions = {}
        self.read_exceptions()
        self.untestable = {}  # statement: why no case can show it
        self.read_untestable()
        for path in source_files(self.root):
            self.read_file(path)

    def read_exceptions(self):
        for row in self.table("exceptions.toml").get("exception", []):
            id_, where = row["statement"], f"spec/exceptions.toml: {row['statement']}"
            if id_ not in self.statements:
                self.problems.append(f"{where}: no such statement")
            elif id_ in self.exceptions:
                self.problems.append(f"{where}: excepted twice")
            elif not row["missing"] or not set(row["missing"]) <= set(SIDES_OF_EVIDENCE):
                self.problems.append(f"{where}: missing is {row['missing']}")
            elif not row["reason"].strip():
                self.problems.append(f"{where}: no reason")
            self.exceptions[id_] = row

    def read_untestable(self):
        if not (self.root / UNTESTABLE).exists():
            return
        for row in self.table(f"../{UNTESTABLE}").get("untestable", []):
            id_, where = row["statement"], f"{UNTESTABLE}: {row['statement']}"
            if id_ not in self.statements:
                self.problems.append(f"{where}: no such statement")
            elif self.statements[id_]["observable"] in OBSERVABLE:
                self.problems.append(f"{where}: spec/ says that it can be observed")
            elif id_ in self.untestable:
                self.problems.append(f"{where}: stands here twice")
            elif not row["reason"].strip():
                self.problems.append(f"{where}: no reason")
            self.untestable[id_] = row["reason"]

    def table(self, name):
        with open(self.root / "spec" / name, "rb") as file:
            return tomllib.load(file)

    def read_file(self, path):
        name = path.relative_to(self.root).as_posix()
        text = path.read_text(encoding="utf-8", errors="replace")
        for line, side, words in citations_in(name, text):
            if side == "code" and TEST_FILE.search(name):
                self.problems.append(f'{name}:{line}: a citation in a test ends with "test"')
            if not words:
                self.problems.append(f"{name}:{line}: a citation without a statement")
            for word in words:
                if word in self.statements:
                    self.add(Citation(word, name, line, side))
                else:
                    self.problems.append(f"{name}:{line}: {unknown(word)}")

    def add(self, citation):
        if citation.is_evidence():
            self.evidence[citation.statement][citation.side].append(citation)

    def lacks(self, id_):
        """The sides of evidence that a statement has not got."""
        return [side for side in SIDES_OF_EVIDENCE if not self.evidence[id_][side]]

    def unexcused(self, id_):
        """The same without what an exception covers."""
        excused = self.exceptions[id_]["missing"] if id_ in self.exceptions else []
        return [side for side in self.lacks(id_) if side not in excused]

    def server_musts(self, version):
        return [row["id"] for row in self.spec.statements[version]
                if row["binds"] in ("server", "both") and row["keyword"] in BINDING]

    def without_evidence(self, version):
        return [id_ for id_ in self.server_musts(version) if self.unexcused(id_)]

    def observable(self, version):
        return [row["id"] for row in self.spec.statements[version]
                if row["observable"] in OBSERVABLE]

    def has_case(self, id_):
        return any(citation.path.startswith(CASES) for citation in self.evidence[id_]["test"])

    def without_case(self, version):
        """Statements that lack both a case and a reason for having none."""
        return [row["id"] for row in self.spec.statements[version]
                if not self.has_case(row["id"]) and row["id"] not in self.untestable]

    def needless_exceptions(self):
        return [id_ for id_ in self.exceptions if id_ in self.statements and not self.lacks(id_)]


# ---- Finding citations --------------------------------------------------------------------------

def source_files(root):
    """Files that may cite, in a fixed order, without what is generated or built."""
    for folder, folders, files in os.walk(root):
        inside = Path(folder).relative_to(root)
        folders[:] = sorted(name for name in folders
                            if name not in SKIPPED_NAMES and not name.startswith("bazel-")
                            and (inside / name).as_posix() not in SKIPPED_PATHS)
        for name in sorted(files):
            path = Path(folder) / name
            if marks_of(path.relative_to(root).as_posix()) and not path.is_symlink():
                yield path


def marks_of(name):
    """The forms of citation that a file of this name may use."""
    suffix = Path(name).suffix
    marks = [mark for mark, suffixes in (("slashes", SLASHES), ("hashes", HASHES))
             if suffix in suffixes]
    if suffix == ".case" or suffix in CITES and "/testdata/" in name:
        marks.append("cites")
    return marks


def citations_in(name, text):
    """Every citation line of a file as (line number, side, words that should be ids)."""
    marks = marks_of(name)
    lines = iter(enumerate(text.split("\n"), 1))
    for number, line in lines:
        for mark in marks:
            found = MARKS[mark].match(line)
            if not found:
                continue
            words = found.group(1).split()
            if mark == "cites":
                while CONTINUED.search(line):
                    _, line = next(lines, (0, ""))
                    words += line.split()
                yield number, "test", before_comment(words)
            else:
                is_test = words[-1:] == ["test"]
                yield number, "test" if is_test else "code", words[:-1] if is_test else words


def before_comment(words):
    kept = []
    for word in words:
        if word.startswith("#"):
            break
        if word != "\\":
            kept.append(word)
    return kept


def unknown(word):
    if STATEMENT_ID.fullmatch(word):
        return f"no statement {word}"
    return f"{word!r} is not the id of a statement"


# ---- Reporting ----------------------------------------------------------------------------------

def print_table(trace):
    columns = ("", "statements", "server MUSTs", "cited in code", "cited in a test", "excepted",
               "without evidence")
    rows = [columns]
    for version in VERSIONS:
        musts = trace.server_musts(version)
        rows.append((
            VERSION_NAMES[version], len(trace.spec.statements[version]), len(musts),
            sum("code" not in trace.lacks(id_) for id_ in musts),
            sum("test" not in trace.lacks(id_) for id_ in musts),
            sum(bool(trace.lacks(id_)) and not trace.unexcused(id_) for id_ in musts),
            len(trace.without_evidence(version))))
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(columns))]
    for row in rows:
        first = str(row[0]).ljust(widths[0])
        print("  ".join([first] + [str(cell).rjust(width)
                                   for cell, width in zip(row[1:], widths[1:])]).rstrip())


def print_list(trace):
    for version in VERSIONS:
        for id_ in trace.without_evidence(version):
            missing = "+".join(trace.unexcused(id_))
            print(f"{id_:<24} {missing:<9} {trace.statements[id_]['summary']}")


def check(trace):
    """Compares with the ratchet. Returns problems; says kindly what could be better."""
    count = sum(len(trace.without_evidence(version)) for version in VERSIONS)
    limit = trace.table("ratchet.toml")["server_musts_without_evidence"]
    print(f"server-side MUSTs without evidence: {count} (at most {limit})")
    problems = [f"spec/exceptions.toml: {id_}: has all evidence, the exception can go"
                for id_ in trace.needless_exceptions()]
    if count > limit:
        problems.append(f"spec/ratchet.toml: {count} server-side MUSTs lack evidence, {limit} are "
                        "allowed; tools/trace.py --list names them")
    if count < limit:
        print(f"Well done: server_musts_without_evidence in spec/ratchet.toml can go down to "
              f"{count}.")
    return problems


def coverage_table(trace):
    """Observable statements and cases by chapter, as lines of Markdown."""
    lines = ["| version | chapter | observable statements | with a case | covered "
             "| can't be tested |",
             "|---|---|--:|--:|--:|--:|"]
    for version in VERSIONS:
        observable = set(trace.observable(version))
        chapters = {}
        for row in trace.spec.statements[version]:
            chapters.setdefault(row["section"].split(".")[0], []).append(row["id"])
        everything = [id_ for ids in chapters.values() for id_ in ids]
        for chapter, ids in [*chapters.items(), ("all", everything)]:
            seen = [id_ for id_ in ids if id_ in observable]
            cases = sum(trace.has_case(id_) for id_ in seen)
            excused = sum(id_ in trace.untestable for id_ in ids)
            lines.append(f"| {VERSION_NAMES[version]} | {chapter} | {len(seen)} | {cases} "
                         f"| {percent(cases, len(seen))} | {excused} |")
    return lines


def percent(part, whole):
    """Rounded down, so that 100 % are all of them."""
    return f"{part * 100 // whole} %" if whole else "–"


def print_observable(trace):
    print("\n".join(coverage_table(trace)))
    for version in VERSIONS:
        for row in trace.spec.statements[version]:
            if not trace.has_case(row["id"]):
                print(f"{row['id']:<24} {trace.untestable.get(row['id'], 'no case')}")


def check_cases(trace):
    """Every statement has a case or a reason, and the page says how many."""
    problems = [f"{id_}: has no conformance case, nor a row in {UNTESTABLE}"
                for version in VERSIONS for id_ in trace.without_case(version)]
    problems += [f"{UNTESTABLE}: {id_}: has a case, the row can go"
                 for id_ in trace.untestable if id_ in trace.statements and trace.has_case(id_)]
    page = trace.root / COVERAGE_PAGE
    if page.exists():
        lines = set(page.read_text(encoding="utf-8").split("\n"))
        problems += [f"{COVERAGE_PAGE}: lacks the line {line}; tools/trace.py --observable "
                     "prints the table" for line in coverage_table(trace) if line not in lines]
    return problems


def places(citations):
    """Links to the files of some citations, each once, in the order of the tree."""
    names = dict.fromkeys(citation.path for citation in citations)
    return "<br>".join(f"[{name}](../../{name})" for name in names)


def matrix(trace):
    """The whole matrix as a page. It names files, not lines, so that it lasts a little."""
    heading = "\n".join(f"<!-- {line} -->" for line in HEADING[:2])
    out = [heading, "<!-- Generated by tools/trace.py; do not edit. -->", "", "# Traceability", "",
           "Each statement of the standards, where code enforces it and where a test shows it."]
    for version in VERSIONS:
        out += ["", f"## {VERSION_NAMES[version]}", "",
                "| Statement | Keyword | Binds | What it asks | Enforced in | Tested in "
                "| Exception |", "|---|---|---|---|---|---|---|"]
        for row in trace.spec.statements[version]:
            evidence = trace.evidence[row["id"]]
            excuse = trace.exceptions.get(row["id"], {}).get("reason", "")
            cells = [f"[{row['id']}](statements_{version}.md#{row['id'].replace('/', '-')})",
                     row["keyword"], row["binds"], plain(row["summary"]), places(evidence["code"]),
                     places(evidence["test"]), plain(excuse)]
            out.append("| " + " | ".join(cells) + " |")
    return "\n".join(out) + "\n"


def options_of(arguments):
    parser = argparse.ArgumentParser(
        description="Find which statements of the standards are enforced and tested where.",
        epilog="Exit code: 0 all is well; 1 an unknown id, or what --check and --summary refuse.")
    parser.add_argument("--list", action="store_true",
                        help="list the server-side MUSTs that lack evidence, and which")
    parser.add_argument("--observable", action="store_true",
                        help="count the observable statements with a conformance case, and list "
                             "what can't be tested")
    parser.add_argument("--check", action="store_true",
                        help="compare with spec/ratchet.toml and spec/exceptions.toml, and the "
                             f"cases with {UNTESTABLE} and {COVERAGE_PAGE}")
    parser.add_argument("--summary", action="store_true",
                        help="the check alone, without the table per version")
    parser.add_argument("--write", metavar="FILE", type=Path,
                        help="write the whole matrix, for example docs/reference/traceability.md")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent,
                        help="root of the repository (default: the one this script lies in)")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = options_of(arguments)
    try:
        trace = Trace(options.root)
    except (SpecError, OSError, KeyError, tomllib.TOMLDecodeError) as error:
        print(f"trace: {error!r}" if isinstance(error, KeyError) else f"trace: {error}",
              file=sys.stderr)
        return 1
    if options.observable:
        print_observable(trace)
    elif not options.summary:
        print_table(trace)
    if options.list:
        print_list(trace)
    if options.write:
        options.write.write_text(matrix(trace), encoding="utf-8")
    problems = list(trace.problems)
    if options.check or options.summary:
        problems += check(trace) + check_cases(trace)
    for problem in problems:
        print(f"trace: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # "trace.py --list | head" ends quietly
    sys.exit(main())
