#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Shows that ends.ml and run.py see what may not end: a loop without a variant, or with a wrong
one, a cycle of gotos, functions that call each other, calls through pointers."""
import shutil
import tempfile
import unittest
from pathlib import Path

import frama_c
import run

SOURCE = """
int ends(int n) {
    /*@ loop variant n; */
    while (n > 0)
        n--;
    return n;
}
int has_no_variant(int n) {
    while (n > 0)
        n--;
    return n;
}
int has_a_wrong_one(int n) {
    /*@ loop variant n; */
    while (n > 0)
        n = n / 2 + 1;
    return n;
}
int jumps_back(int n) {
again:
    n--;
    if (n > 0)
        goto again;
    return n;
}
int odd(int n);
int even(int n) { return n == 0 || odd(n - 1); }
int odd(int n) { return n != 0 && even(n - 1); }
int points(int (*f)(int)) { return f(1); }
"""
OTHERS = "jumps_back,even,odd,points"  # WP has nothing to prove of them


def look(source):
    """What is said of each function of a source."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = frama_c.Scratch(folder)
        path = Path(folder, "codec/sample.c")
        path.parent.mkdir()
        path.write_text(source, encoding="utf-8")
        shutil.copy(frama_c.ROOT / frama_c.ENDS_SCRIPT, folder)
        command = ["frama-c", *frama_c.MACHINE, "codec/sample.c", "-load-script", "ends.ml",
                   "-wp", "-wp-skip-fct", OTHERS, "-wp-prover", "z3", "-wp-timeout", "5"]
        _, log = scratch.run(command, Path(folder))
        ends = frama_c.read_ends(log)
    return {place.split(" ")[1]: row for place, row in ends.items()}


class Ends(unittest.TestCase):
    def setUp(self):
        self.maxDiff = None

    def test_loops_and_calls_are_seen(self):
        self.assertEqual(look(SOURCE), {
            "ends": (1, 1, []), "has_no_variant": (1, 0, []), "has_a_wrong_one": (1, 0, []),
            "jumps_back": (1, 0, []), "even": (0, 0, ["odd"]), "odd": (0, 0, ["even"]),
            "points": (0, 0, ["*"])})

    def test_what_may_not_end_is_a_fault(self):
        sources = [f"{path.relative_to(frama_c.ROOT)} f" for package in frama_c.PACKAGES
                   for path in (frama_c.ROOT / package).rglob("*.c")]
        fine = {place: (0, 0, []) for place in sources}

        def faults(**functions):
            return list(run.endless({**fine, **{f"a.c {name}": row
                                                for name, row in functions.items()}}))
        self.assertEqual(faults(a=(1, 1, ["b"]), b=(0, 0, [])), [])
        self.assertEqual(faults(a=(2, 1, [])),
                         ["a.c a: 1 of 2 loops have no variant that is proved"])
        self.assertEqual(faults(a=(0, 0, ["b"]), b=(0, 0, ["a"])), ["a may call itself"])
        self.assertEqual(faults(a=(0, 0, ["*"])), ["a.c a calls through a pointer"])
        fine.popitem()
        self.assertEqual(len(faults()), 1)


if __name__ == "__main__":
    unittest.main()
