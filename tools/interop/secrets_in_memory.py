#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Looks for words in the memory of a process: secrets_in_memory.py PID CONTROL SECRET...

Exits with 0 if no SECRET is there, 1 if one is, 2 if the memory can't be read or CONTROL, which
has to be there, is not found: then nothing is known.
"""
import re
import sys


def readable(pid):
    """The contents of each writable region that can be read."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, \
            open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            begin, end, mode = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
            if not mode.startswith("rw"):
                continue
            try:
                memory.seek(int(begin, 16))
                yield memory.read(int(end, 16) - int(begin, 16))
            except OSError:
                continue


def main():
    pid, control, *secrets = sys.argv[1:]
    try:
        regions = list(readable(pid))
    except OSError as error:
        print(f"the memory can't be read: {error.strerror}")
        return 2
    if not any(control.encode() in region for region in regions):
        print(f"not even {control} is there")
        return 2
    found = [word for word in secrets if any(word.encode() in region for region in regions)]
    for word in found:
        print(f"still in memory: {word}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
