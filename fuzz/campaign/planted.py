#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Planted faults (planted.toml): each is put into a copy of the checkout, and the harness that
should find it has a minute of a processor. That shows that the oracles work."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib

import harnesses
import libfuzzer

LIMIT_S = 60  # of a processor, whatever else the machine does meanwhile
PATIENCE_S = 1200  # of the clock


def load():
    text = (harnesses.ROOT / "fuzz/planted.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["fault"]


def check(faults):
    """A fault must still fit the code: its text stands in the file once. Returns complaints."""
    wrong = []
    for fault in faults:
        text = (harnesses.ROOT / fault["file"]).read_text(encoding="utf-8")
        if text.count(fault["old"]) != 1:
            wrong.append(f"{fault['name']}: its text stands {text.count(fault['old'])} times in "
                         f"{fault['file']}, once is wanted")
    return wrong


def copy_checkout(into):
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=harnesses.ROOT, check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    for name in filter(None, listed.split("\0")):
        source = harnesses.ROOT / name
        if source.is_file():
            target = into / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def hunt(fault, checkout, scratch):
    """Seconds until it was found, and by which words; None, why not."""
    [harness] = harnesses.load([fault["harness"]])
    source = checkout / fault["file"]
    original = source.read_text(encoding="utf-8")
    source.write_text(original.replace(fault["old"], fault["new"]), encoding="utf-8")
    try:
        program = harnesses.build([harness], "libfuzzer", scratch / "programs",
                                  checkout)[harness.name]
    except subprocess.CalledProcessError:
        return None, "does not compile"
    finally:
        source.write_text(original, encoding="utf-8")
    folder = pathlib.Path(tempfile.mkdtemp(dir=scratch))
    run = libfuzzer.Run(harness, program, folder / "corpus", [harness.corpus],
                        folder / "findings", PATIENCE_S, 1)
    while run.reader.is_alive() and libfuzzer.cpu_seconds_so_far(run.process) < LIMIT_S:
        time.sleep(0.2)
    run.stop()
    return (run.cpu_seconds, run.reason) if run.found else (None, "not found")


def run(names):
    """Prints a row for each; returns how many were not found."""
    faults = [fault for fault in load() if not names or fault["name"] in names]
    for complaint in check(faults):
        sys.exit(f"fuzz: {complaint}")
    missed = 0
    with tempfile.TemporaryDirectory() as scratch:
        checkout = pathlib.Path(scratch) / "checkout"
        copy_checkout(checkout)
        for fault in faults:
            seconds, reason = hunt(fault, checkout, pathlib.Path(scratch))
            missed += seconds is None
            shown = f"{seconds:5.1f} s" if seconds is not None else "MISSED "
            print(f"{shown}  {fault['harness']:18} {fault['name']}: {reason}", flush=True)
        subprocess.run(["bazel", "shutdown"], cwd=checkout, check=False)
    print(f"{len(faults) - missed} of {len(faults)} planted faults found within {LIMIT_S} s "
          "of a processor")
    return missed
