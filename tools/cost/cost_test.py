#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Whether codec and core take more instructions than before.

usage: cost_test.py PROGRAM COUNTS [--update]

Prints what each run takes. Fails if one takes more than 5 % above what COUNTS says. With --update
it writes what it counted to COUNTS instead: for changes that are worth their cost, and so that
what was gained is not lost again.
"""
import sys

import counts


def main():
    if len(sys.argv) not in (3, 4) or sys.argv[3:] not in ([], ["--update"]):
        print(__doc__, file=sys.stderr)
        return 2
    program, path = sys.argv[1:3]
    compiler, runs = counts.count(program)
    for run in runs:
        print(f"{run.each():12.1f}  {run.name} ({run.unit})")
    if sys.argv[3:]:
        counts.write(path, compiler, runs)
        return 0
    wrong, notes = counts.compare(counts.read(path), compiler, runs)
    for line in notes + wrong:
        print(line)
    if wrong or notes:
        print("cost: if that was meant: bazel run //tools/cost:cost_test -- --update")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
