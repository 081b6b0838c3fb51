#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Which lines the corpora reach by themselves, by file: the replays built with clang-19."""
import json
import os
import pathlib
import subprocess

import harnesses

LIMIT_S = 1200


def measure(chosen, corpora, folder):
    """corpora: harness name -> folders. Returns file -> (lines reached, lines), of what the
    harnesses are answerable for."""
    folder.mkdir(parents=True, exist_ok=True)
    harnesses.ENGINES["coverage"] = (["--config=fuzz-coverage"], "clang-19")
    programs = harnesses.build(chosen, "coverage", folder / "programs")
    files, raws = {}, []
    for harness in chosen:
        raw = folder / f"{harness.name}.profraw"
        inputs = [str(path) for place in corpora[harness.name] for path in place.rglob("*")
                  if path.is_file()]
        listed = folder / f"{harness.name}.list"
        listed.write_text("\n".join(inputs), encoding="utf-8")
        subprocess.run([str(programs[harness.name]), f"@{listed}"], check=True,
                       stdout=subprocess.DEVNULL, timeout=LIMIT_S,
                       env=dict(os.environ, LLVM_PROFILE_FILE=str(raw)))
        raws.append(raw)
    merged = folder / "all.profdata"
    subprocess.run(["llvm-profdata-19", "merge", "-sparse", "-o", str(merged),
                    *[str(raw) for raw in raws]], check=True)
    first, *others = [str(programs[harness.name]) for harness in chosen]
    command = ["llvm-cov-19", "export", "-summary-only", first, "-instr-profile", str(merged)]
    for other in others:
        command += ["-object", other]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    folders = {cover for harness in chosen for cover in harness.covers}
    for row in json.loads(said.stdout)["data"][0]["files"]:
        name = row["filename"].split("/proc/self/cwd/")[-1]
        lines = row["summary"]["lines"]
        if any(name.startswith(cover + "/") for cover in folders) and lines["count"]:
            files[name] = (lines["covered"], lines["count"])
    return dict(sorted(files.items()))


def by_folder(files):
    """codec, state_machines, broker/core … -> (lines reached, lines)"""
    found = {}
    for name, (covered, count) in files.items():
        parts = pathlib.PurePosixPath(name).parts
        group = "/".join(parts[:2]) if parts[0] == "broker" else parts[0]
        before = found.get(group, (0, 0))
        found[group] = (before[0] + covered, before[1] + count)
    return found
