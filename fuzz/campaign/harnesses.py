#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""The harnesses (harnesses.toml), and how their programs are built: once for each engine."""
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ENGINES = {
    # name: options of bazel, what has to be installed
    "libfuzzer": (["--config=fuzz"], "clang-19"),
    "plain": (["--config=fuzz-plain"], "clang-19"),
    "afl": (["--config=afl"], "afl-clang-fast"),
    "replay": (["-c", "opt"], "gcc"),
}


@dataclasses.dataclass
class Harness:
    name: str
    what: str
    corpus: pathlib.Path
    covers: list
    dictionary: bool
    length_max: int

    @property
    def target(self):
        return f"//fuzz:{self.name}"


def load(names=()):
    """The harnesses named, all if none is; exits with the list if a name is unknown."""
    table = tomllib.loads((ROOT / "fuzz/harnesses.toml").read_text(encoding="utf-8"))
    unknown = [name for name in names if name not in table]
    if unknown:
        sys.exit(f"fuzz: there is no harness {unknown[0]}; there are {', '.join(table)}")
    return [Harness(name=name, **{**row, "corpus": ROOT / "fuzz/corpus" / row["corpus"]})
            for name, row in table.items() if not names or name in names]


def bazel(*words, checkout=ROOT, **options):
    return subprocess.run(["bazel", *words], cwd=checkout, check=True, **options)


def build(harnesses, engine, into, checkout=ROOT):
    """Builds the programs and copies them to the folder; returns name -> program."""
    flags, needed = ENGINES[engine]
    if shutil.which(needed) is None:
        sys.exit(f"fuzz: {needed} is not installed; without it tools/fuzz replay and the tests of "
                 "//fuzz replay the committed inputs")
    quiet = ["--noshow_progress", "--ui_event_filters=-info,-debug", "--color=no"]
    bazel("build", *quiet, *flags, *[harness.target for harness in harnesses], checkout=checkout)
    said = bazel("info", *flags, "bazel-bin", checkout=checkout, stdout=subprocess.PIPE,
                 stderr=subprocess.DEVNULL, text=True)
    folder = pathlib.Path(said.stdout.strip()) / "fuzz"
    into.mkdir(parents=True, exist_ok=True)
    programs = {}
    for harness in harnesses:
        programs[harness.name] = into / harness.name
        programs[harness.name].unlink(missing_ok=True)
        shutil.copy(folder / harness.name, programs[harness.name])
        os.chmod(programs[harness.name], 0o755)
    return programs
