#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""What counts and what does not, and when the check fails."""
import pathlib
import tempfile
import unittest

import counts

PROFILE = """\
positions: line
events: Ir
summary: 8000

ob=/build/bin/cost
fl=???
fn=ella_decode
0 100
cob=/lib/libc.so.6
cfn=memcpy
calls=10 0
0 4000
0 23
cfn=frame_length
calls=10 0
0 50

fn=frame_length
0 50

fn=cost::world::send(unsigned int)
0 700

ob=/lib/libc.so.6
fl=???
fn=memcpy
0 4000
"""


def run(instructions, name="decode"):
    return counts.Run(name, 10, "packet", {"ella_decode": instructions})


class Counting(unittest.TestCase):
    def test_only_c_functions_of_the_program_count_and_no_call_twice(self):
        self.assertEqual(counts.functions_of(PROFILE, "cost"),
                         {"ella_decode": 123, "frame_length": 50})


class Comparing(unittest.TestCase):
    before = {"compiler": "12.2.0", "instructions": {"decode": 100.0}}

    def test_five_percent_more_passes(self):
        self.assertEqual(counts.compare(self.before, "12.2.0", [run(1050)]), ([], []))

    def test_more_fails_and_says_what_and_where(self):
        wrong, _ = counts.compare(self.before, "12.2.0", [run(1051)])
        self.assertIn("decode: 105.1 instructions for each packet, 100.0 in the file, +5.1 %",
                      wrong[0])
        self.assertIn("ella_decode", wrong[1])

    def test_less_passes_with_a_note(self):
        wrong, notes = counts.compare(self.before, "12.2.0", [run(900)])
        self.assertEqual(wrong, [])
        self.assertIn("-10.0 %", notes[0])

    def test_a_run_that_the_file_does_not_know_fails(self):
        wrong, _ = counts.compare(self.before, "12.2.0", [run(1000), run(1000, "encode")])
        self.assertEqual(wrong, ["encode is not in the file"])

    def test_a_run_that_is_gone_fails(self):
        wrong, _ = counts.compare(self.before, "12.2.0", [])
        self.assertEqual(wrong, ["decode is in the file, but no run has this name"])

    def test_another_compiler_is_named(self):
        wrong, _ = counts.compare(self.before, "14.2.0", [run(2000)])
        self.assertIn("of the compiler 12.2.0, this is 14.2.0", wrong[0])

    def test_what_is_written_is_read_again(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "counts.toml"
            path.write_text("# head\n\nold = 1\n", encoding="utf-8")
            counts.write(path, "12.2.0", [run(1234)])
            self.assertTrue(path.read_text(encoding="utf-8").startswith("# head\n\ncompiler"))
            self.assertEqual(counts.read(path),
                             {"compiler": "12.2.0", "instructions": {"decode": 123.4}})


if __name__ == "__main__":
    unittest.main()
