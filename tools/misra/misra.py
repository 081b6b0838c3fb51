#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""MISRA C:2012, as far as cppcheck sees it, in the hand-written code of codec and state_machines.

usage: misra.py [--places]

Prints how often which rule is deviated from. deviations.toml says for each package how often it
may be, and why; the texts of the rules are their publisher's and not repeated here. Exits 1 if a
rule is deviated from more often than that, or one that is not there at all. A count that sank is
named, so that the record can follow it.

  --places  print every place too
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).absolute().parent.parent.parent
DEVIATIONS = pathlib.Path(__file__).absolute().parent / "deviations.toml"
PACKAGES = ("codec", "state_machines")
FOUND = re.compile(r"^misra-c2012-(?P<rule>[0-9.]+) (?P<place>(?P<package>\w+)/\S+)$")
RUN_LIMIT_S = 600


def places():
    """(package, rule) -> the places. Headers count once, however many files include them."""
    sources = [path.relative_to(ROOT).as_posix()
               for package in PACKAGES for path in sorted((ROOT / package).glob("*.c"))]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["cppcheck", "--quiet", "--addon=misra", "--std=c11", "--enable=style", "-I.",
             "-Icodec/include", "--template={id} {file}:{line}",
             "--cppcheck-build-dir=" + folder, *sources],
            cwd=ROOT, check=True, text=True, timeout=RUN_LIMIT_S, stderr=subprocess.PIPE)
    lines = [match for match in map(FOUND.match, done.stderr.splitlines()) if match]
    if not lines:
        raise SystemExit("misra.py: cppcheck reported nothing:\n" + done.stderr)
    found = collections.defaultdict(set)
    for match in lines:
        found[match["package"], match["rule"]].add(match["place"])
    return found


def record():
    """(package, rule) -> [most, reason]"""
    table = tomllib.loads(DEVIATIONS.read_text(encoding="utf-8"))["deviation"]
    return {(package, row["rule"]): (row[package], row["reason"])
            for row in table for package in PACKAGES if package in row}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--places", action="store_true")
    options = parser.parse_args()
    found, allowed = places(), record()
    worse = 0
    for key in sorted(set(found) | set(allowed)):
        now, most = len(found.get(key, ())), allowed.get(key, (0, ""))[0]
        note = "" if now == most else f", fewer than the {most} recorded: lower deviations.toml"
        if now > most:
            note = f": ONLY {most} ARE ALLOWED"
            worse += 1
        print(f"{key[0]}: rule {key[1]}: {now}{note}")
        if options.places or now > most:
            print("\n".join(f"    {place}" for place in sorted(found.get(key, ()))))
    rules = {rule for _, rule in found}
    print(f"{sum(map(len, found.values()))} deviations from {len(rules)} rules")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
