# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""What a power cut leaves of names that were not synced."""

import os
import tempfile
import unittest
from pathlib import Path

import power

OLD, NEW = b"old" * 10, b"new" * 20


class Names(unittest.TestCase):
    def left(self, name, seed):
        """Of a file written and synced, renamed to this name, of which nothing was synced."""
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder, "data")
            data.mkdir()
            (data / "there").write_bytes(OLD)
            cut = power.Power(__file__, Path(folder), data)
            cut.environment()
            (data / "copy").write_bytes(NEW)
            inode = os.stat(data / "copy").st_ino
            os.rename(data / "copy", data / name)
            cut.record.write_text(f"S {inode} {len(NEW)}\n")
            cut.luck.seed(seed)
            cut.cut()
            return {entry.name: Path(entry).read_bytes() for entry in os.scandir(data)}

    def test_a_new_name_is_there_or_not(self):
        found = [self.left("another", seed) for seed in range(20)]
        self.assertIn({"there": OLD}, found)
        self.assertIn({"there": OLD, "another": NEW}, found)

    def test_of_two_files_for_a_name_one_has_it(self):
        found = [self.left("there", seed) for seed in range(20)]
        self.assertIn({"there": OLD}, found)
        self.assertIn({"there": NEW}, found)
        self.assertNotIn({}, found)


if __name__ == "__main__":
    unittest.main()
