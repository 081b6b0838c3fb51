#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Shows that the proofs see faults: applies each mutant of mutants.toml to a copy of the sources
and runs the target that must fail then. One alarm or one open goal is enough.

usage: mutate.py [--record] [--only TEXT] [--every N]
  --record     write the outcome to mutants.json, for report.md
  --only TEXT  only mutants whose description or target holds TEXT
  --every N    every Nth mutant, from another one each day: all of them in N days

Prints a line for each mutant with what killed it. Exits 1 if one survives without a reason in
mutants.toml, if one dies that has such a reason, if its text is not found exactly once, or if
fewer than 95 of 100 are killed.
"""

import argparse
import concurrent.futures
import datetime
import json
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import frama_c
import run

RECORD = run.PROOFS / "mutants.json"
WORKERS = 2
LEAST_KILLED = 0.95

# What a goal of a mutant may take: goals that hold are proved in a fraction of it.
SHORTEST_TIMEOUT_S = 3
TIMEOUT_FACTOR = 6

ALARM = re.compile(r"^\[eva:alarm\] (\S+):")
OPEN = re.compile(r"Goal (typed_\w+)(?: : (?:Timeout|Stepout|Unknown|Failed)|$)")
PASS = re.compile(r"^\[wp\] Running WP plugin")


class Verdict:
    """Reads Frama-C's lines until one tells of a fault; each prover but the last may give up."""

    def __init__(self, target):
        self.passes_left = len(target.get("provers", []))
        self.fault = None

    def search(self, line):
        if PASS.search(line):
            self.passes_left -= 1
        found = ALARM.search(line) or (self.passes_left == 0 and OPEN.search(line))
        if found:
            self.fault = found.group(1)
        return bool(found)


def read_mutants():
    return run.read_toml("mutants.toml")["mutant"]


def copy_with(mutant, root):
    """The checkout's sources with the fault in them, in the folder root."""
    for package in frama_c.SOURCES:
        shutil.copytree(frama_c.ROOT / package, root / package,
                        ignore=shutil.ignore_patterns("*.cc", "*.json", "testdata"))
    path = root / mutant["file"]
    text = path.read_text(encoding="utf-8")
    if text.count(mutant["old"]) != 1:
        raise SystemExit(f"mutate.py: {mutant['what']}: its text occurs"
                         f" {text.count(mutant['old'])} times in {mutant['file']}")
    path.write_text(text.replace(mutant["old"], mutant["new"]), encoding="utf-8")


def timeout_s(cache):
    longest_s = max((entry.get("time", 0) for entry in cache.values()
                     if entry["verdict"] == "valid"), default=0)
    return round(max(SHORTEST_TIMEOUT_S, TIMEOUT_FACTOR * longest_s))


def killer(mutant, target, folder, why3_conf):
    """The first alarm or open goal, or None if the mutant survives."""
    root = folder / "checkout"
    copy_with(mutant, root)
    shutil.copy(why3_conf, folder / "why3.conf")
    scratch = frama_c.Scratch(folder, root)
    verdict = Verdict(target)
    if target["kind"] == "eva":
        result = frama_c.eva(scratch, target, verdict)
    else:
        cache = run.read_cache(target)
        own = {key: mutant[key] for key in ("functions", "timeout_s") if key in mutant}
        target = {**target, "timeout_s": timeout_s(cache), **own}
        result = frama_c.wp(scratch, target, cache, enough=verdict)
    if not verdict.fault and not result["finished"]:
        raise SystemExit(f"mutate.py: {mutant['what']}: no verdict\n{result['log']}")
    shutil.rmtree(folder)
    return verdict.fault


def try_all(mutants, folder):
    """What each mutant was killed by, or None, by its description."""
    targets = {target["name"]: target for target in run.read_targets()["target"]}
    why3_conf = frama_c.Scratch(folder).folder / "why3.conf"

    def try_one(number, mutant):
        begun = time.monotonic()
        place = folder / str(number)
        place.mkdir()
        fault = killer(mutant, targets[mutant["target"]], place, why3_conf)
        said = f"killed by {fault}" if fault else "SURVIVED"
        print(f"{mutant['target']}: {mutant['what']}: {said}, {time.monotonic() - begun:.1f} s",
              flush=True)
        return mutant["what"], fault

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        return dict(pool.map(try_one, range(len(mutants)), mutants))


def faults(mutants, outcome):
    """Why the outcome is not as it should be."""
    for mutant in mutants:
        survived = outcome[mutant["what"]] is None
        if survived and "survives" not in mutant:
            yield f"survives, and no reason is given: {mutant['what']}"
        if not survived and "survives" in mutant:
            yield f"is killed, though a reason says why not: {mutant['what']}"
    killed = sum(fault is not None for fault in outcome.values())
    if killed < LEAST_KILLED * len(outcome):
        yield f"only {killed} of {len(outcome)} are killed"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    mutants = [mutant for mutant in read_mutants()
               if options.only in mutant["what"] or options.only in mutant["target"]]
    mutants = mutants[datetime.date.today().toordinal() % options.every::options.every]
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as folder:
        outcome = try_all(mutants, Path(folder))
    seconds = round(time.monotonic() - begun)
    killed = sum(fault is not None for fault in outcome.values())
    print(f"{killed} of {len(outcome)} mutants killed, {seconds} s")
    found = list(faults(mutants, outcome))
    for fault in found:
        print("mutate.py: " + fault, file=sys.stderr)
    if options.record and not found:
        write_record(outcome, None if options.only or options.every > 1 else seconds)
    return 1 if found else 0


def write_record(outcome, seconds):
    """What was tried now, and of the others what was known."""
    record = run.read_json(RECORD)
    known = dict(record.get("killed_by", {}), **outcome)
    record = {"seconds": seconds or record.get("seconds"),
              "killed_by": {mutant["what"]: known[mutant["what"]] for mutant in read_mutants()
                            if mutant["what"] in known}}
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
