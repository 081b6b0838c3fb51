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
        inputs = [str(path) for place in corpora[harness.name] if place.is_dir()
                  for path in place.rglob("*") if path.is_file()]
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
    command = ["llvm-cov-19", "export", "-skip-functions", first, "-instr-profile", str(merged)]
    for other in others:
        command += ["-object", other]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    folders = {cover for harness in chosen for cover in harness.covers}
    for row in json.loads(said.stdout)["data"][0]["files"]:
        name = row["filename"].split("/proc/self/cwd/")[-1]
        if any(name.startswith(cover + "/") for cover in folders):
            counts = lines_of(row["segments"])
            files[name] = (sum(map(bool, counts.values())), len(counts))
    return dict(sorted(files.items()))


def lines_of(segments):
    """line -> how often it was run, as llvm-cov counts. A segment begins at (line, column) and
    lasts until the next: [line, column, count, has_count, is_region_entry, is_gap]. In one thing
    llvm-cov is not followed: it gives a line that code enters again behind a gap, such as the one
    after a block with a goto in it, the count of the gap, which is 0 for code that was run."""
    counts, wrapped, at = {}, None, 0
    while at < len(segments):
        line = segments[at][0]
        here = []
        while at < len(segments) and segments[at][0] == line:
            here.append(segments[at])
            at += 1
        _note_line(counts, line, wrapped, here)
        wrapped = here[-1]
        following = segments[at][0] if at < len(segments) else line + 1
        for between in range(line + 1, following):
            _note_line(counts, between, wrapped, [])
    return counts


def _note_line(counts, line, wrapped, here):
    entries = [count for _, _, count, has, entry, gap in here if has and entry and not gap]
    is_skipped = bool(here) and not here[0][3] and here[0][4]
    if not entries and (is_skipped or wrapped is None or not wrapped[3]):
        return
    again = [count for _, _, count, has, _, gap in here if has and not gap]
    inside = [wrapped[2]] if wrapped is not None and wrapped[3] else []
    resumed = again if wrapped is not None and wrapped[5] else []
    counts[line] = max(entries + inside + resumed)


def by_folder(files):
    """codec, state_machines, broker/core … -> (lines reached, lines)"""
    found = {}
    for name, (covered, count) in files.items():
        parts = pathlib.PurePosixPath(name).parts
        group = "/".join(parts[:2]) if parts[0] == "broker" else parts[0]
        before = found.get(group, (0, 0))
        found[group] = (before[0] + covered, before[1] + count)
    return found
