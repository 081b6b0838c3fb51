#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Shows that the count of tests sees failures, broken builds and empty runs."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent / "count_tests.py"


def summary(label, status):
    return json.dumps({"id": {"testSummary": {"label": label}},
                       "testSummary": {"overallStatus": status}})


def run(runs):
    with tempfile.TemporaryDirectory() as folder:
        for name, (status, lines) in runs.items():
            pathlib.Path(folder, name + ".status").write_text(f"{status}\n")
            if lines is not None:
                pathlib.Path(folder, name + ".json").write_text("\n".join(lines) + "\n")
        done = subprocess.run([sys.executable, SCRIPT, folder], capture_output=True, text=True,
                              check=False)
        return done.returncode, done.stdout.splitlines()[-1]


class Count(unittest.TestCase):
    def test_all_passed(self):
        lines = [json.dumps({"id": {"progress": {}}}), summary("//a:b", "PASSED")]
        self.assertEqual(run({"gcc": (0, lines)}), (0, "1 passed, 0 failed"))

    def test_runs_add_up(self):
        runs = {"gcc": (0, [summary("//a:b", "PASSED")]),
                "asan": (3, [summary("//a:b", "FAILED")])}
        self.assertEqual(run(runs), (1, "1 passed, 1 failed"))

    def test_time_out_is_a_failure(self):
        runs = {"gcc": (3, [summary("//a:b", "TIMEOUT")])}
        self.assertEqual(run(runs), (1, "0 passed, 1 failed"))

    def test_build_that_broke_is_a_failure(self):
        self.assertEqual(run({"gcc": (1, [])}), (1, "0 passed, 1 failed"))
        self.assertEqual(run({"gcc": (1, None)}), (1, "0 passed, 1 failed"))

    def test_build_only_run_counts_once(self):
        self.assertEqual(run({"clang": (0, [])}), (0, "1 passed, 0 failed"))

    def test_nothing_run_is_no_success(self):
        self.assertEqual(run({}), (1, "0 passed, 0 failed"))


if __name__ == "__main__":
    unittest.main()
