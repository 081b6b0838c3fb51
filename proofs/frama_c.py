# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Runs Frama-C for one target and reads what it says. Judges nothing: that is run.py's part."""

import fnmatch
import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).absolute().parent.parent
PACKAGES = ("codec", "state_machines")
SHIPPED = (*PACKAGES, "broker/core", "broker/io")
SOURCES = (*SHIPPED, "proofs")
MACHINE = ["-machdep", "gcc_x86_64", "-c11"]
INCLUDES = "-I. -Icodec/include -Iproofs -include proofs/standard.h"

CONTRACT = re.compile(r"/\*@(?:(?!\*/).)*\*/", re.DOTALL)
BEHIND_CONTRACT = re.compile(r"(?:\s|//[^\n]*\n)*[^;{(]*?\b(\w+)\(")


class Scratch:
    """A folder with copies of the sources, and a home that knows the provers."""

    def __init__(self, folder, root=ROOT):
        self.folder = Path(folder)
        self.root = root
        self.env = dict(os.environ, HOME=str(self.folder), LC_ALL="C.UTF-8",
                        WHY3CONFIG=str(self.folder / "why3.conf"),
                        XDG_CONFIG_HOME=str(self.folder / "config"))
        if not (self.folder / "why3.conf").exists():
            self.run(["why3", "config", "detect"], self.folder)

    def run(self, command, folder, enough=None):
        """The status and the output of a command, which is ended by a line that is enough."""
        env = dict(self.env, PWD=str(folder))  # Frama-C believes it
        with subprocess.Popen(command, cwd=folder, env=env, text=True, start_new_session=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as process:
            lines = []
            for line in process.stdout:
                lines.append(line)
                if enough and enough.search(line):
                    os.killpg(process.pid, signal.SIGKILL)
                    break
            process.stdout.read()
        return process.returncode, "".join(lines)

    def sources(self, name):
        """A fresh copy of the sources for the target of that name."""
        copy = self.folder / name
        shutil.rmtree(copy, ignore_errors=True)
        for package in SOURCES:
            for path in sorted((self.root / package).rglob("*.[ch]")):
                target = copy / path.relative_to(self.root)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
        return copy

    def versions(self):
        """What is installed, by the name under which targets.toml pins it."""
        found = {}
        for name, command in (("frama-c", ["frama-c", "-version"]),
                              ("why3", ["why3", "--version"]),
                              ("cvc4", ["cvc4", "--version"]), ("z3", ["z3", "--version"])):
            _, said = self.run(command, self.folder)
            match = re.search(r"\d+\.\d+(?:\.\d+)?", said)
            found[name] = match.group() if match else "none"
        return found


def without_contracts(text, kept):
    """The same code; only definitions, and the contracts of the functions kept, stay."""
    def strip(match):
        block = match.group()
        behind = BEHIND_CONTRACT.match(text, match.end())
        if re.search(r"/\*@\s*(predicate|logic)\b", block):
            return block if kept else block.replace("/*@", "/* ")
        if behind and behind.group(1) in kept and not re.match(r"/\*@\s*assert\b", block):
            return block
        return block.replace("/*@", "/* ")
    return CONTRACT.sub(strip, text)


ENDS = re.compile(r"\b(?:loop variant|(?:loop invariant|ensures) ends:)[^;]*;")
ASSIGNS = re.compile(r"\b(?:loop )?assigns\b[^;]*;")
RANGE = re.compile(r"\[[^\[\]]* \.\. [^\[\]]*\]")
ENDS_SCRIPT = "proofs/wp/ends.ml"
ANY_INDEX = "[0 .. 36893488147419103230]"  # a sum of two numbers of 64 bits


def only_ends(text, assigns):
    """The same code; of the annotations only the variants of loops stay, what is named `ends`, and
    what is assigned, where that is asked for. Nothing is known of indices then: any may occur."""
    def strip(match):
        block = match.group().split("behavior ")[0]
        clauses = ENDS.findall(block)
        if assigns:
            clauses += [RANGE.sub(ANY_INDEX, clause) for clause in ASSIGNS.findall(block)]
        clauses.sort(key=lambda clause: "variant" in clause.split()[:2])
        kept = "/*@ " + " ".join(clauses) + " */" if clauses else "/* */"
        return kept + "\n" * (match.group().count("\n") - kept.count("\n"))
    return CONTRACT.sub(strip, text)


def leave_only_ends(copy, files):
    """Does so in copies of both packages; files are the patterns of those that keep `assigns`."""
    for package in PACKAGES:
        for path in sorted((copy / package).rglob("*.[ch]")):
            name = path.relative_to(copy).as_posix()
            assigns = any(fnmatch.fnmatch(name, pattern) for pattern in files)
            text = only_ends(path.read_text(encoding="utf-8"), assigns)
            path.write_text(text, encoding="utf-8")


def eva(scratch, target, enough=None):
    """Absence of run-time errors by abstract interpretation, from the driver's entry on."""
    copy = scratch.sources(target["name"])
    kept = set(target.get("by_contract", []))
    for package in SHIPPED:
        for path in sorted((copy / package).rglob("*.[ch]")):
            text = path.read_text(encoding="utf-8")
            path.write_text(without_contracts(text, kept), encoding="utf-8")
    script = shutil.copy(ROOT / "proofs/eva/unreached.ml", copy / "proofs/eva/unreached.ml")
    command = ["frama-c", *MACHINE, "-load-script", str(script),
               "-cpp-extra-args=" + INCLUDES, "-main", target["entry"],
               "-eva", "-eva-precision", "0", "-eva-warn-key", "alarm=error",
               *target.get("options", [])]
    if kept:
        command += ["-eva-use-spec", ",".join(sorted(kept))]
    command += [target["file"], *target.get("others", []), "-then", "-metrics",
                "-metrics-eva-cover"]
    begun = time.monotonic()
    status, log = scratch.run(command, copy, enough)
    return dict(read_eva(log, kept), status=status, log=log,
                seconds=round(time.monotonic() - begun, 1))


def read_eva(log, by_contract):
    alarms = len(re.findall(r"^\[eva:alarm\]", log, re.M))
    summary = re.search(r"^\s+(\d+) alarms? generated by the analysis", log, re.M)
    properties = re.findall(r"^\s+(?:Assertions|Preconditions)\s+(\d+) valid\s+(\d+) unknown"
                            r"\s+(\d+) invalid", log, re.M)
    functions = {}
    for name, reached, total in re.findall(r"^  (\w+): (\d+) stmts out of (\d+) \(", log, re.M):
        functions[name] = [int(reached), int(total)]
    unreached = {}
    for name, file, text in re.findall(r"^unreached\t(.*)\t(.*)\t(.*)$", log, re.M):
        if name not in by_contract:
            unreached.setdefault(f"{file} {name}", []).append(text)
    return {
        "finished": summary is not None,
        "alarms": max(alarms, int(summary.group(1)) if summary else 0),
        "checks_valid": sum(int(row[0]) for row in properties),
        "checks_open": sum(int(row[1]) + int(row[2]) for row in properties),
        "functions": functions,
        "unreached": unreached,
    }


SCRIPTS = "proofs/wp/scripts"  # how WP is to prove what needs induction
LEMMA = re.compile(r"/\*@(?:(?!\*/).)*\blemma\b", re.DOTALL)


def wp_command(target, session, selection):
    lemmas = "@lemma" in selection
    command = ["frama-c", *MACHINE, "-cpp-extra-args=" + INCLUDES, target["file"],
               *target.get("others", []), *target.get("options", [])]
    if "ends" in target:
        command += ["-load-script", ENDS_SCRIPT]
    for number, prover in enumerate(target["provers"]):
        command += ["-then"] if number else []
        command += ["-wp", *selection, "-wp-prover", "script," + prover if lemmas else prover,
                    "-wp-timeout", str(target.get("timeout_s", 10)), "-wp-par", "2",
                    "-wp-cache", "cleanup"]
        command += [] if number else ["-wp-session", str(session)]
        command += ["-wp-rte"] if target.get("rte", True) else []
    return command


INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)


def has_lemmas(copy, files):
    """Whether the files have a lemma, or one that they include: choosing functions leaves lemmas
    unproved, yet used."""
    seen, left = set(), [copy / file for file in files]
    while left:
        path = left.pop()
        if path in seen or not path.exists():
            continue
        seen.add(path)
        text = path.read_text(encoding="utf-8")
        if LEMMA.search(text):
            return True
        for name in INCLUDE.findall(text):
            left += [folder / name for folder in (path.parent, copy, copy / "codec/include",
                                                  copy / "proofs")]
    return False


def wp(scratch, target, cache, smoke=False, enough=None):
    """Contracts and invariants by weakest preconditions. The cache holds answers of provers by
    the digest of the question; the result holds those that were used, old and new."""
    copy = scratch.sources(target["name"])
    if "ends" in target:
        leave_only_ends(copy, target["ends"])
        shutil.copy(ROOT / ENDS_SCRIPT, copy / ENDS_SCRIPT)
    selection = ["-wp-fct", ",".join(target["functions"])] if "functions" in target else []
    selection += target.get("selection", [])
    runs = [selection + (["-wp-smoke-tests"] if smoke else [])]
    if has_lemmas(copy, [target["file"], *target.get("others", [])]) and not smoke:
        runs += [["-wp-prop", "@lemma"]]
    begun = time.monotonic()
    result, ends = None, {}
    for run in runs:
        session = scratch.folder / "session"
        write_cache(session, cache)
        status, log = scratch.run(wp_command(target, session, run), copy, enough)
        one = dict(read_wp(log), status=status, log=log, cache=read_cache(session))
        one["smoke_failed"] += dead_statements(log, copy)
        ends = ends or read_ends(log)
        result = joined(result, one) if result else one
    if "ends" in target:
        result["ends"] = ends
    result["seconds"] = round(time.monotonic() - begun, 1)
    return result


def read_ends(log):
    """What ends.ml says of each function of both packages: its loops, those proved to end, its
    calls. It says so after each prover; the last has all."""
    functions = {}
    for file, name, loops, proved, calls in re.findall(
            r"^ends\t(.*)\t(.*)\t(\d+)\t(\d+)\t(.*)$", log, re.M):
        if file.startswith(PACKAGES):
            functions[f"{file} {name}"] = (int(loops), int(proved), calls.split())
    return functions


def dead_statements(log, copy):
    """What no path leads to, so that a smoke test of it fails unasked: file and statement."""
    places = re.findall(r"^\[wp\] (\S+):(\d+): Warning: Failed smoke-test", log, re.M)
    found = []
    for file, line in sorted(set(places)):
        lines = (copy / file).read_text(encoding="utf-8").splitlines()
        found.append(f"{file}: {lines[int(line) - 1].strip()}")
    return found


def write_cache(session, cache):
    """Where Frama-C looks for it; what it does not use it removes (`-wp-cache cleanup`)."""
    shutil.rmtree(session, ignore_errors=True)
    (session / "cache").mkdir(parents=True)
    shutil.copytree(ROOT / SCRIPTS, session / "script")
    for key, entry in cache.items():
        (session / "cache" / (key + ".json")).write_text(json.dumps(entry), encoding="utf-8")


def read_cache(session):
    return {path.stem: read_entry(path) for path in sorted((session / "cache").glob("*.json"))}


def joined(first, second):
    """Two results of one target as one."""
    provers = dict(first["provers"])
    for name, count in second["provers"].items():
        provers[name] = provers.get(name, 0) + count
    sums = ("proved", "goals", "open", "asked", "smoke_passed", "smoke_failed", "log")
    return dict({key: first[key] + second[key] for key in sums}, provers=provers,
                finished=first["finished"] and second["finished"],
                status=first["status"] or second["status"],
                cache={**first["cache"], **second["cache"]})


def read_entry(path):
    """An answer of the cache; Frama-C writes a whole number of seconds as `1.`, unlike JSON."""
    text = path.read_text(encoding="utf-8")
    return json.loads(re.sub(r"(\d)\.(?=[\s,}])", r"\1.0", text))


def read_wp(log):
    """The first pass counts all goals; each later one what the one before left open."""
    passes = re.findall(r"^\[wp\] Proved goals:\s+(\d+) / (\d+)", log, re.M)
    if not passes:
        nothing = {"proved": 0, "goals": 0, "provers": {}, "open": [], "asked": 0,
                   "smoke_passed": 0, "smoke_failed": []}
        return dict(nothing, finished="[wp] Warning: No goal generated" in log)
    provers = {}
    for name, count in re.findall(r"^  (Qed|CVC4|Z3)[^:]*:\s+(\d+)", log, re.M):
        provers[name.lower()] = provers.get(name.lower(), 0) + int(count)
    last = log[log.rfind("[wp] Running WP plugin"):]
    failed = re.findall(r"Goal (typed_\w+)(?: : (?:Timeout|Unknown|Failed|Stepout)|$)", last, re.M)
    goals = int(passes[0][1])
    open_goals = int(passes[-1][1]) - int(passes[-1][0])
    return {
        "finished": True,
        "proved": goals - open_goals,
        "goals": goals,
        "provers": provers,
        "open": sorted(set(failed)),
        "asked": sum(int(count) for count in re.findall(r"^\[wp\] \[Cache\].*updated:(\d+)",
                                                        log, re.M)),
        "smoke_passed": len(set(re.findall(r"^\[wp\] \[Passed\] (Smoke-test \w+)", log, re.M))),
        "smoke_failed": sorted(set(re.findall(r"^\[wp\] \[Failed\] Smoke-test (\w+)", log, re.M))),
    }
