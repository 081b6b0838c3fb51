#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Lines, branches and MC/DC of the codec and the state machines, reached by their own unit tests.

usage: mcdc.py [--check | --update] [--misses] [--build-folder DIRECTORY]

Compiles both packages and their tests with clang-19, runs the tests, and prints a table: the
hand-written code of each package, and what is made from the grammars and tables beside it.

  --check         fail if a figure of hand-written code is below its floor in floors.json
  --update        raise the floors to the figures found; a floor never sinks
  --misses        list what of hand-written code is not covered: lines, branches, conditions
  --build-folder  keep objects there and use them again if their sources are older
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).absolute().parent.parent.parent
FLOORS = pathlib.Path(__file__).absolute().parent / "floors.json"
GOOGLETEST = pathlib.Path("/usr/src/googletest/googletest")
PACKAGES = ("codec", "state_machines")
MEASURES = ("lines", "branches", "mcdc")
INCLUDES = ["-I" + str(ROOT), "-I" + str(ROOT / "codec/include"),
            "-isystem", str(GOOGLETEST / "include")]
COVERAGE = ["-fprofile-instr-generate", "-fcoverage-mapping", "-fcoverage-mcdc"]
COMPILE_C = ["clang-19", "-std=c11", "-O0", *COVERAGE, *INCLUDES]
# A decision of a test's own may have more conditions than MC/DC can follow: not our concern.
COMPILE_CXX = ["clang++-19", "-std=c++17", "-O0", "-w", *COVERAGE, *INCLUDES]
COMPILE_GTEST = ["clang++-19", "-std=c++17", "-O0", "-w", "-I" + str(GOOGLETEST), *INCLUDES]
RUN_LIMIT_S = 300


def run(command, **options):
    return subprocess.run([str(word) for word in command], check=True, **options)


def newest(paths):
    return max(path.stat().st_mtime for path in paths)


def name_of(path):
    """A source, as the name of what is made of it."""
    return path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")


class Build:
    """Objects, programs and profiles in one folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.headers = [path for package in PACKAGES
                        for path in (ROOT / package).rglob("*.h")]

    def object_of(self, compiler, source, name, depends):
        target = self.folder / (name + ".o")
        if not target.exists() or target.stat().st_mtime < newest([source, *depends]):
            run([*compiler, "-c", source, "-o", target])
        return target

    def objects(self, package):
        sources = sorted((ROOT / package).glob("*.c")) + sorted((ROOT / package).glob("gen/*.c"))
        return [self.object_of(COMPILE_C, source, name_of(source), self.headers)
                for source in sources if not source.name.endswith("_test.c")]

    def programs(self):
        """One program for each unit test."""
        gtest = [self.object_of(COMPILE_GTEST, GOOGLETEST / "src" / name, name, [])
                 for name in ("gtest-all.cc", "gtest_main.cc")]
        codec = self.objects("codec")
        library = {"codec": codec, "state_machines": self.objects("state_machines") + codec}
        made = []
        for package in PACKAGES:
            for source in sorted((ROOT / package).glob("*_test.cc")):
                name = name_of(source)
                test = self.object_of(COMPILE_CXX, source, name, self.headers)
                program = self.folder / name
                run(["clang++-19", "-fprofile-instr-generate", test, *library[package], *gtest,
                     "-lpthread", "-o", program])
                made.append(program)
        return made

    def profile(self, programs):
        raws = []
        for program in programs:
            raw = self.folder / (program.name + ".profraw")
            run([program, "--gtest_brief=1"], cwd=ROOT, timeout=RUN_LIMIT_S,
                env=dict(os.environ, LLVM_PROFILE_FILE=str(raw)), stdout=sys.stderr)
            raws.append(raw)
        merged = self.folder / "all.profdata"
        run(["llvm-profdata-19", "merge", "-sparse", "-o", merged, *raws])
        return merged

    def report(self):
        programs = self.programs()
        profile = self.profile(programs)
        command = ["llvm-cov-19", "export", programs[0], "-instr-profile", profile]
        for program in programs[1:]:
            command += ["-object", program]
        command += ["-ignore-filename-regex", r"(_test\.cc|test_support\.h|^/usr/.*)$"]
        said = run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return json.loads(said.stdout)["data"][0]["files"]




def path_of(file):
    return pathlib.Path(file["filename"]).relative_to(ROOT).as_posix()


def group_of(name):
    package = name.split("/")[0]
    generated = "/gen/" in name or name.endswith("libella/tables.h")
    return f"{package}, generated" if generated else package


def branches_of(file):
    """place -> [taken when true, taken when false], of all copies of an inline function"""
    found = {}
    for *place, when_true, when_false, _, _, _ in file["branches"]:
        taken = found.setdefault(tuple(place), [False, False])
        taken[0] |= when_true > 0
        taken[1] |= when_false > 0
    return found


def decisions_of(file):
    """place -> for each condition whether it is shown to matter, in any copy of the function"""
    found = {}
    for record in file["mcdc_records"]:
        shown = found.setdefault(tuple(record[:4]), [False] * len(record[-1]))
        found[tuple(record[:4])] = [old or new for old, new in zip(shown, record[-1])]
    return found


def lines_of(file):
    """line -> how often it ran, in all copies of an inline function; the rules are llvm-cov's"""
    found, on_line = {}, {}
    for segment in file["segments"]:
        on_line.setdefault(segment[0], []).append(segment)
    wrapped = None
    for line in range(min(on_line, default=0), max(on_line, default=-1) + 1):
        here = on_line.get(line, [])
        counts = [count for _, _, count, has_count, is_entry, is_gap in here
                  if has_count and is_entry and not is_gap]
        skipped = here and not here[0][3] and here[0][4]
        around = [wrapped[2]] if wrapped and wrapped[3] else []
        if not skipped and around + counts:
            found[line] = max(around + counts)
        wrapped = here[-1] if here else wrapped
    return found


def figures(files):
    """group -> measure -> [covered, all]"""
    found = {}
    for file in files:
        row = found.setdefault(group_of(path_of(file)), {key: [0, 0] for key in MEASURES})
        lines = lines_of(file)
        row["lines"][0] += sum(count > 0 for count in lines.values())
        row["lines"][1] += len(lines)
        for key, places in (("branches", branches_of(file)), ("mcdc", decisions_of(file))):
            row[key][0] += sum(sum(flags) for flags in places.values())
            row[key][1] += sum(len(flags) for flags in places.values())
    return found


def percent(pair):
    return 100.0 * pair[0] / pair[1] if pair[1] else 100.0


def table(found):
    yield f"{'':28}" + "".join(f"{key:>22}" for key in MEASURES)
    for group in sorted(found):
        cells = (f"{pair[0]}/{pair[1]} {percent(pair):.2f} %" for pair in found[group].values())
        yield f"{group:28}" + "".join(f"{cell:>22}" for cell in cells)


def missed_branches(file):
    for place, (when_true, when_false) in branches_of(file).items():
        if not when_true or not when_false:
            yield place, "never false" if when_true else "never true"


def missed_conditions(file):
    for place, flags in decisions_of(file).items():
        for number, shown in enumerate(flags, 1):
            if not shown:
                yield place, f"condition {number} is not shown to matter"


def missed_lines(file):
    for line, count in lines_of(file).items():
        if count == 0:
            yield (line, 1), "never runs"


def misses(files):
    for file in files:
        name = path_of(file)
        if group_of(name) in PACKAGES:
            found = [*missed_lines(file), *missed_branches(file), *missed_conditions(file)]
            for place, what in sorted(found):
                yield f"{name}:{place[0]}:{place[1]}: {what}"


def below(found, floors):
    for package in PACKAGES:
        for key in MEASURES:
            now, floor = round(percent(found[package][key]), 2), floors[package][key]
            if now < floor:
                yield f"{package}: {key} were {floor} %, are {now} %"


def raised(found, floors):
    return {package: {key: max(round(percent(found[package][key]), 2),
                               floors.get(package, {}).get(key, 0.0)) for key in MEASURES}
            for package in PACKAGES}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--build-folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as scratch:
        folder = pathlib.Path(options.build_folder or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        files = Build(folder).report()
    found = figures(files)
    print("\n".join(table(found)))
    if options.misses:
        print("\n".join(misses(files)))
    floors = json.loads(FLOORS.read_text(encoding="utf-8")) if FLOORS.exists() else {}
    if options.update:
        FLOORS.write_text(json.dumps(raised(found, floors), indent=1) + "\n", encoding="utf-8")
    worse = list(below(found, floors)) if options.check else []
    for line in worse:
        print(line)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
