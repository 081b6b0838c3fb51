#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Shows that the proofs see faults: applies each mutant of mutants.toml to a copy of the sources
and runs the target that must fail then.

usage: mutate.py [--record] [--share N/M]
  --record     write the outcome to mutants.json, for report.md
  --share N/M  only the Nth of M shares, counted from 0

Exits 1 if a mutant survives, or if its text is not found exactly once.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

import frama_c
import run

RECORD = run.PROOFS / "mutants.json"


def copy_with(mutant, folder):
    """The checkout's sources with the fault in them."""
    root = Path(folder) / "checkout"
    shutil.rmtree(root, ignore_errors=True)
    for package in frama_c.SOURCES:
        shutil.copytree(frama_c.ROOT / package, root / package)
    path = root / mutant["file"]
    text = path.read_text(encoding="utf-8")
    if text.count(mutant["old"]) != 1:
        raise SystemExit(f"mutate.py: {mutant['what']}: its text occurs"
                         f" {text.count(mutant['old'])} times")
    path.write_text(text.replace(mutant["old"], mutant["new"]), encoding="utf-8")
    return root


def is_killed(mutant, target, scratch):
    target = dict(target, timeout_s=5, **{key: mutant[key] for key in ("functions",)
                                          if key in mutant})
    if target["kind"] == "eva":
        result = frama_c.eva(scratch, target)
    else:
        result = frama_c.wp(scratch, target, run.CACHE / (target["name"] + ".json"), "replay")
    if not result["finished"] and "alarm" not in result["log"]:
        raise SystemExit(f"mutate.py: {mutant['what']}: no verdict\n{result['log']}")
    return bool(run.faults(target, result))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--share", default="0/1")
    options = parser.parse_args()
    number, shares = (int(part) for part in options.share.split("/"))
    text = (run.PROOFS / "mutants.toml").read_text(encoding="utf-8")
    mutants = tomllib.loads(text)["mutant"]
    targets = {target["name"]: target for target in run.read_targets()["target"]}
    outcome = {}
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as folder:
        scratch = frama_c.Scratch(folder)
        for mutant in mutants[number::shares]:
            scratch.root = copy_with(mutant, folder)
            killed = is_killed(mutant, targets[mutant["target"]], scratch)
            outcome[mutant["what"]] = killed
            print(f"{'killed  ' if killed else 'SURVIVED'} {mutant['target']}: {mutant['what']}",
                  flush=True)
    print(f"{sum(outcome.values())} of {len(outcome)} mutants killed")
    if options.record:
        RECORD.write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    return 0 if all(outcome.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
