# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""The power cut after a kill: what powercut.so saw synced stays, the rest is dropped.

A killed process leaves everything it has written; a machine without power does not. powercut.so,
preloaded into the broker, writes one line for each sync that succeeded:

  S INODE SIZE           the file is synced up to this size
  D                      the directory is synced, and then, for each name in it:
  N INODE NAME

Names are removed by the library only when their directory is synced: a removal that was not synced
has not happened. Here, after the kill, every file is cut at the size that is on disk, some of what
is behind it is kept as zeros or garbage, and files whose name was never synced are removed; if one
was renamed to the name of another that was there at the start, that one has its name again.
"""

import os
import random
import shutil
from pathlib import Path


class Power:
    def __init__(self, library, folder, data):
        self.library = None if library is None else Path(library).resolve()
        self.data = data
        self.record = folder / "powercut.log"
        self.started = folder / "powercut.started"  # the files of the start, linked
        self.luck = random.Random(1)
        self.before = {}

    def environment(self):
        if self.library is None:
            return None
        self.record.write_text("")
        shutil.rmtree(self.started, ignore_errors=True)
        self.started.mkdir()
        for entry in os.scandir(self.data):
            if entry.is_file():
                os.link(entry.path, self.started / entry.name)
        self.before = {entry.inode(): entry.stat().st_size for entry in os.scandir(self.data)}
        return dict(os.environ, LD_PRELOAD=str(self.library), POWERCUT_DIRECTORY=str(self.data),
                    POWERCUT_RECORD=str(self.record))

    def cut(self):
        """Returns how many bytes were dropped."""
        if self.library is None:
            return 0
        synced, names = dict(self.before), set(self.before)
        listing = None
        for line in self.record.read_text().splitlines():
            words = line.split(" ", 2)
            if words[0] == "S" and len(words) == 3:
                synced[int(words[1])] = max(synced.get(int(words[1]), 0), int(words[2]))
            elif words[0] == "D":
                listing = set()
            elif words[0] == "N" and listing is not None:
                listing.add(int(words[1]))
                names.add(int(words[1]))
        dropped = 0
        for entry in list(os.scandir(self.data)):
            if not entry.is_file():
                continue
            size, kept = entry.stat().st_size, synced.get(entry.inode(), 0)
            if entry.inode() not in names and self.luck.random() < 0.5:
                dropped += size
                self.forget_name(entry)
            elif size > kept:
                dropped += size - kept
                self.tear(entry.path, kept, size)
        return dropped

    def forget_name(self, entry):
        renamed_over = self.started / entry.name
        if renamed_over.exists():
            os.replace(renamed_over, entry.path)
        else:
            os.remove(entry.path)

    def tear(self, path, kept, size):
        """Nothing, zeros or garbage where bytes were not synced; never all of them."""
        fate = self.luck.randrange(4)
        with open(path, "r+b") as file:
            rest = file.seek(kept) and file.read(size - kept) or b""
            file.truncate(kept)
            file.seek(kept)
            if fate == 1:
                file.write(bytes(len(rest)))
            elif fate == 2:
                file.write(rest[:len(rest) // 2])
            elif fate == 3:
                file.write(rest[:len(rest) // 2] + self.luck.randbytes(len(rest) // 2))
