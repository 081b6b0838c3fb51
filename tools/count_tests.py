#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Counts test targets in Bazel's build event files: count_tests.py DIRECTORY

For every NAME.json there is a NAME.status with Bazel's exit status. A run that failed without
naming a failed test (it did not build, say) counts as one failure. The last line is
"N passed, N failed"; the exit status is 0 only if nothing failed and something passed.
"""
import json
import pathlib
import sys

BAZEL_OK = 0


def summaries(path):
    """Yields (label, passed) for each test target of one run."""
    if not path.exists():
        return
    for line in filter(None, path.read_text().splitlines()):
        event = json.loads(line)
        if "testSummary" in event:
            yield (event["id"]["testSummary"]["label"],
                   event["testSummary"]["overallStatus"] in ("PASSED", "FLAKY"))


def count(directory):
    passed, failed = 0, []
    for status in sorted(directory.glob("*.status")):
        run = status.stem
        results = list(summaries(status.with_suffix(".json")))
        passed += sum(ok for _, ok in results)
        broken = [f"{run}: {label}" for label, ok in results if not ok]
        if int(status.read_text()) != BAZEL_OK and not broken:
            broken = [f"{run}: the run itself"]
        elif int(status.read_text()) == BAZEL_OK and not results:
            passed += 1  # a run that only builds
        failed += broken
    return passed, failed


def main():
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__, file=sys.stderr)
        return 2
    passed, failed = count(pathlib.Path(sys.argv[1]))
    for name in failed:
        print("failed:", name)
    print(f"{passed} passed, {len(failed)} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
