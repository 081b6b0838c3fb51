#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Proves the targets of targets.toml again, and fails if anything is not as recorded.

usage: run.py [--update] [--from-nothing] [--smoke] [--log] [TARGET...]       (default: all)

Without an option it replays: what the committed cache knows is not asked of a prover again, all
else is. Each target prints one line, and the last line says how long it took. The outcome must
equal the record in results/: no alarm, every goal proved, no goal and no reached statement fewer,
none more.

  --update        record the outcome, the cache and the times, if all is proved; runs the smoke
                  tests too if they were recorded for other goals or not yet
  --from-nothing  ignore the cache, ask the provers for everything, then do as --smoke
  --smoke         look for contradictions among the contracts and for code that they make
                  unreachable (WP's smoke tests); what is found must be as recorded, and of a
                  kind that unreached.toml explains
  --log           print all that Frama-C says
"""

import argparse
import fnmatch
import json
import os
import re
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import frama_c

PROOFS = Path(__file__).absolute().parent
RESULTS = PROOFS / "results"
CACHE = PROOFS / "cache"

EVA_OUTCOME = ("alarms", "checks_valid", "checks_open", "functions", "unreached")
WP_OUTCOME = ("goals", "proved")
SMOKE_OUTCOME = ("smoke_passed", "smoke_failed")


def read_toml(name):
    return tomllib.loads((PROOFS / name).read_text(encoding="utf-8"))


def read_targets():
    return read_toml("targets.toml")


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def read_results():
    return {path.stem: read_json(path) for path in sorted(RESULTS.glob("*.json"))}


def read_cache(target):
    return read_json(CACHE / (target["name"] + ".json"))


def outcome(target, result):
    """What is recorded of a result, and compared with the record."""
    keys = EVA_OUTCOME if target["kind"] == "eva" else WP_OUTCOME
    now = {key: result[key] for key in keys}
    if "ends" in target:
        loops = {place: count for place, (count, _, _) in result["ends"].items() if count}
        now.update(functions_seen=len(result["ends"]), loops=loops)
    return now


def kind_of_unreached(place, text, kinds):
    """The kind in unreached.toml that explains why a statement is not reached, or None. A place
    is a file and a function."""
    file, function = place.split()
    for kind in kinds:
        if (fnmatch.fnmatch(file, kind["file"]) and re.fullmatch(kind["text"], text)
                and function in kind.get("functions", [function])):
            return kind
    return None


def recursive(calls):
    """A function that may call itself, directly or not; None if there is none. calls: the names of
    the functions that each one calls."""
    def reached_from(name, seen):
        for other in calls.get(name, ()):
            if other not in seen:
                seen.add(other)
                reached_from(other, seen)
        return seen
    return next((name for name in sorted(calls) if name in reached_from(name, set())), None)


def endless(ends):
    """Why the functions of both packages might not end."""
    files = {place.split(" ")[0] for place in ends}
    for package in frama_c.PACKAGES:
        for path in sorted((frama_c.ROOT / package).rglob("*.c")):
            file = path.relative_to(frama_c.ROOT).as_posix()
            if "amalgamation" not in file and file not in files:
                yield f"{file} is not looked at"
    calls = {}
    for place, (loops, proved, called) in ends.items():
        if proved < loops:
            yield f"{place}: {loops - proved} of {loops} loops have no variant that is proved"
        if "*" in called:
            yield f"{place} calls through a pointer"
        calls.setdefault(place.split(" ")[1], set()).update(called)
    name = recursive(calls)
    if name:
        yield f"{name} may call itself"


def unexplained(result):
    kinds = read_toml("unreached.toml")["kind"]
    return [f"{place}: not reached, and not explained in unreached.toml: {text}"
            for place, texts in result["unreached"].items() for text in texts
            if kind_of_unreached(place, text, kinds) is None]


def unexplained_smoke(failed):
    """Smoke tests that fail for no reason of unreached.toml. One that a prover fails names no file
    and statement, and has no reason."""
    kinds = [kind for kind in read_toml("unreached.toml")["kind"] if "functions" not in kind]
    for name in failed:
        file, _, text = name.partition(": ")
        if not text or kind_of_unreached(f"{file} any", text, kinds) is None:
            yield f"smoke test failed, and not explained in unreached.toml: {name}"


def faults(target, result):
    """Why a result is no proof."""
    if not result["finished"]:
        return ["Frama-C did not finish"]
    missing = r"|.*Missing RTE.*" if target.get("rte", True) else ""
    ignored = re.findall(r"annot-error.*" + missing, result["log"])
    if target["kind"] == "eva":
        ignored += re.findall(r".*Neither code nor specification.*", result["log"])
    found = ["Frama-C says: " + line.strip() for line in ignored]
    if target["kind"] == "eva":
        if result["alarms"] or result["checks_open"]:
            found.append(f"{result['alarms']} alarms, {result['checks_open']} open checks")
        unentered = [name for name, (reached, _) in result["functions"].items()
                     if not reached and name not in target.get("by_contract", [])]
        found += [f"{name} is never reached" for name in unentered]
        entered = result["functions"]
        found += [f"{name} is not analysed" for name in target.get("must_reach", [])
                  if name not in entered]
        found += unexplained(result)
    else:
        if result["proved"] != result["goals"] or not result["goals"]:
            found.append(f"{result['goals'] - result['proved']} goals are open: "
                         + ", ".join(result["open"]))
        found += endless(result["ends"]) if "ends" in target else []
    if result["status"] != 0 and not found:
        found.append(f"Frama-C ended with {result['status']}")
    return found


def summary(target, result):
    if target["kind"] == "eva":
        rows = result["functions"].values()
        reached, total = sum(row[0] for row in rows), sum(row[1] for row in rows)
        return (f"{result['alarms']} alarms, {len(result['functions'])} functions,"
                f" {reached} of {total} statements, {result['checks_valid']} checks")
    provers = ", ".join(f"{name} {count}" for name, count in sorted(result["provers"].items()))
    if "ends" in target:
        provers += f"; {sum(row[0] for row in result['ends'].values())} loops"
    return (f"{result['proved']} of {result['goals']} goals ({provers};"
            f" {result['asked']} answers not in the cache)")


def differences(recorded, now):
    if not recorded:
        return ["nothing is recorded yet"]
    return [f"{key} was {recorded.get(key)}, is {now[key]}" for key in now
            if recorded.get(key) != now[key]]


def prove(scratch, target, cache):
    if target["kind"] == "eva":
        return frama_c.eva(scratch, target)
    return frama_c.wp(scratch, target, cache)


def record(target, entry, cache):
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(entry, indent=1, sort_keys=True)
    text = re.sub(r"\[\s+(\d+),\s+(\d+)\s+\]", r"[\1, \2]", text)
    (RESULTS / (target["name"] + ".json")).write_text(text + "\n", encoding="utf-8")
    if cache is not None:
        CACHE.mkdir(exist_ok=True)
        rows = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in sorted(cache.items())]
        (CACHE / (target["name"] + ".json")).write_text("{\n" + ",\n".join(rows) + "\n}\n",
                                                        encoding="utf-8")


def tell(name, word, said, seconds, found):
    print(f"{'FAILED' if found else word} {name}: {said}, {seconds} s", flush=True)
    for fault in found:
        print(f"    {fault}")


def run_proof(scratch, target, options, recorded):
    """The proof itself: what is to be recorded, the cache, and the faults."""
    cache = {} if options.from_nothing else read_cache(target)
    result = prove(scratch, target, cache)
    now = outcome(target, result)
    found = faults(target, result)
    if not found and not options.update:
        found = differences(recorded, now)
    tell(target["name"], "proved", summary(target, result), result["seconds"], found)
    if options.log or not result["finished"]:
        print(result["log"])
    entry = dict(recorded, **now, provers=result.get("provers", {}))
    if not cache:
        entry["from_nothing_seconds"] = result["seconds"]
    if not result.get("asked"):
        entry["seconds"] = result["seconds"]
    elif options.update and not found:
        entry["seconds"] = prove(scratch, target, result["cache"])["seconds"]
    return entry, result.get("cache"), found


def run_smoke_tests(scratch, target, options, entry, cache):
    """WP's smoke tests: what is to be recorded, and the faults."""
    result = frama_c.wp(scratch, target, cache, smoke=True)
    now = {key: result[key] for key in SMOKE_OUTCOME}
    found = [] if options.update else differences(
        {key: entry.get(key) for key in SMOKE_OUTCOME}, now)
    found += unexplained_smoke(now["smoke_failed"])
    tell(target["name"], "no contradiction in", f"{now['smoke_passed']} smoke tests passed,"
         f" {len(now['smoke_failed'])} found dead code", result["seconds"], found)
    if options.log:
        print(result["log"])
    return dict(entry, **now, smoke_goals=entry["goals"], smoke_seconds=result["seconds"]), found


def run_target(scratch, target, options, recorded):
    """Whether the target has no faults; records it if that is asked for."""
    entry, cache, found = run_proof(scratch, target, options, recorded)
    stale = options.update and entry.get("smoke_goals") != entry.get("goals")
    if target["kind"] == "wp" and not found and (options.from_nothing or options.smoke or stale):
        entry, found = run_smoke_tests(scratch, target, options, entry, cache)
    if options.update and not found:
        record(target, entry, cache)
    return not found


def check_versions(scratch, pinned):
    found = scratch.versions()
    print(", ".join(f"{name} {found[name]}" for name in sorted(found)))
    wrong = [name for name in pinned if found[name] != pinned[name]]
    for name in wrong:
        print(f"run.py: {name} {pinned[name]} is pinned, {found[name]} is installed",
              file=sys.stderr)
    return not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--from-nothing", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--log", action="store_true")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    options = parser.parse_args()
    table = read_targets()
    known = [target["name"] for target in table["target"]]
    unknown = set(options.targets) - set(known)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    chosen = [target for target in table["target"]
              if not options.targets or target["name"] in options.targets]
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as folder:
        scratch = frama_c.Scratch(folder)
        if not check_versions(scratch, table["versions"]):
            return 1
        results = read_results()
        begun = time.monotonic()
        proved = [run_target(scratch, target, options, results.get(target["name"], {}))
                  for target in chosen]
    how = "from nothing" if options.from_nothing else "with the answers of the cache"
    print(f"{sum(proved)} of {len(chosen)} targets {how}: {time.monotonic() - begun:.0f} s;"
          f" as recorded: {recorded_times([target['name'] for target in chosen])}")
    return 0 if all(proved) else 1


def recorded_times(names):
    """How long these targets took when they were recorded."""
    results = read_results()
    sums = {key: sum(results.get(name, {}).get(key, 0) for name in names)
            for key in ("seconds", "from_nothing_seconds", "smoke_seconds")}
    return (f"{sums['seconds']:.0f} s from the cache, {sums['from_nothing_seconds']:.0f} s"
            f" from nothing, {sums['smoke_seconds']:.0f} s for smoke tests")


if __name__ == "__main__":
    sys.exit(main())
