#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Proves the targets of targets.toml again, and fails if anything is not as recorded.

usage: run.py [--update | --from-nothing] [--smoke] [--log] [TARGET...]     (default: all)

Without an option it replays: what the committed cache knows is not asked of a prover again, all
else is. Each target prints one line. The outcome must equal the one in results.json: no alarm,
every goal proved, no goal and no reached statement fewer, none more.

  --update        record the outcome and the cache, if all is proved
  --from-nothing  ignore the cache and ask the provers for everything
  --smoke         also look for contradictions among the contracts (WP's smoke tests)
  --log           print all that Frama-C says
"""

import argparse
import json
import os
import re
import sys
import tempfile
import tomllib
from pathlib import Path

import frama_c

PROOFS = Path(__file__).absolute().parent
RESULTS = PROOFS / "results.json"
CACHE = PROOFS / "cache"


def read_targets():
    return tomllib.loads((PROOFS / "targets.toml").read_text(encoding="utf-8"))


def read_results():
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}


def outcome(target, result):
    """What is recorded of a result, and compared with the record."""
    if target["kind"] == "eva":
        keys = ("alarms", "checks_valid", "checks_open", "functions")
    else:
        keys = ("goals", "proved")
    return {key: result[key] for key in keys}


def faults(target, result):
    """Why a result is no proof."""
    if not result["finished"]:
        return ["Frama-C did not finish"]
    ignored = re.findall(r"annot-error.*|.*Missing RTE.*", result["log"])
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
    else:
        if result["proved"] != result["goals"] or not result["goals"]:
            found.append(f"{result['goals'] - result['proved']} goals are open: "
                         + ", ".join(result["open"]))
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
    return f"{result['proved']} of {result['goals']} goals ({provers})"


def differences(recorded, now):
    if recorded is None:
        return ["nothing is recorded yet"]
    return [f"{key} was {recorded.get(key)}, is {now[key]}" for key in now
            if recorded.get(key) != now[key]]


def prove(scratch, target, options):
    if target["kind"] == "eva":
        return frama_c.eva(scratch, target)
    mode = "none" if options.from_nothing else "update" if options.update else "replay"
    return frama_c.wp(scratch, target, CACHE / (target["name"] + ".json"), mode, options.smoke)


def record(target, result):
    results = read_results()
    entry = outcome(target, result)
    entry["provers"] = result.get("provers", {})
    entry["seconds"] = result["seconds"]
    results[target["name"]] = entry
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    if "cache" in result:
        CACHE.mkdir(exist_ok=True)
        path = CACHE / (target["name"] + ".json")
        rows = [f"{json.dumps(key)}: {json.dumps(value)}"
                for key, value in sorted(result["cache"].items())]
        path.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


def run_target(scratch, target, options, results):
    """Prints one line, and the faults below it; whether there are none."""
    result = prove(scratch, target, options)
    found = faults(target, result)
    if not found and not options.update and not options.smoke:
        found = differences(results.get(target["name"]), outcome(target, result))
    word = "FAILED" if found else "proved"
    print(f"{word} {target['name']}: {summary(target, result)}, {result['seconds']} s",
          flush=True)
    for fault in found:
        print(f"    {fault}")
    if options.log or not result["finished"]:
        print(result["log"])
    if options.update and not found:
        record(target, result)
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
        proved = [run_target(scratch, target, options, results) for target in chosen]
    return 0 if all(proved) else 1


if __name__ == "__main__":
    sys.exit(main())
