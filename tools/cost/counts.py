# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Instructions of runs: counted by callgrind, kept in a file, compared.

Only what our own code executes counts: not libc, whose memcpy depends on the processor, and not
the driver, which is C++ while the product is C.
"""
import dataclasses
import os
import pathlib
import re
import subprocess
import tempfile
import tomllib

ALLOWED = 1.05  # times what is in the file
SHOWN_FUNCTIONS = 8


@dataclasses.dataclass
class Run:
    name: str
    operations: int
    unit: str
    functions: dict  # name -> instructions

    def each(self):
        """Instructions of one operation, as the file has them."""
        return round(sum(self.functions.values()) / self.operations, 1)

    def top(self):
        costs = sorted(self.functions.items(), key=lambda item: -item[1])[:SHOWN_FUNCTIONS]
        return [f"    {count / self.operations:10.1f}  {name}" for name, count in costs]


def functions_of(profile, program):
    """What each C function of the program itself executed, of a profile's text."""
    found = {}
    ours, function, is_call = False, "", False
    for line in profile.splitlines():
        key, _, value = line.partition("=")
        if key == "ob":
            ours = os.path.basename(value) == program
        elif key == "fn":
            function = value
        elif key == "calls":
            is_call = True
        elif re.match(r"[0-9+*-]", line):
            if ours and not is_call and "(" not in function:
                found[function] = found.get(function, 0) + int(line.split()[1])
            is_call = False
    return found


def count(program):
    """Runs it under callgrind: the compiler it was built with, and its runs."""
    with tempfile.TemporaryDirectory() as folder:
        profile = pathlib.Path(folder) / "profile"
        done = subprocess.run(
            ["valgrind", "--command-line-only=yes", "--tool=callgrind",
             f"--callgrind-out-file={profile}",
             "--toggle-collect=cost_measured", "--dump-after=cost_measured", "--dump-line=no",
             "--compress-strings=no", "--compress-pos=no", os.path.realpath(program)],
            capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"cost: {program} failed under valgrind:\n{done.stderr}")
        (_, compiler), *lines = [line.split("\t") for line in done.stdout.splitlines()]
        runs = []
        for number, (name, operations, unit) in enumerate(lines, 1):
            text = pathlib.Path(f"{profile}.{number}").read_text(encoding="utf-8")
            functions = functions_of(text, os.path.basename(os.path.realpath(program)))
            runs.append(Run(name, int(operations), unit, functions))
        return compiler, runs


def compare(before, compiler, runs):
    """What is wrong, in lines; and what is worth a line beside that."""
    wrong, notes = [], []
    known = before["instructions"]
    for run in runs:
        each, old = run.each(), known.get(run.name)
        if old is None:
            wrong.append(f"{run.name} is not in the file")
            continue
        change = f"{run.name}: {each} instructions for each {run.unit}, {old} in the file, " \
                 f"{(each / old - 1) * 100:+.1f} %"
        if each > old * ALLOWED:
            wrong += [f"{change}, {(ALLOWED - 1) * 100:+.0f} % is allowed; most of them:",
                      *run.top()]
        elif each < old / ALLOWED:
            notes.append(f"{change}: the file could follow")
    wrong += [f"{name} is in the file, but no run has this name"
              for name in known if name not in {run.name for run in runs}]
    if wrong and compiler != before["compiler"]:
        wrong.insert(0, f"the file is of the compiler {before['compiler']}, this is {compiler}: "
                        "that alone may be the reason")
    return wrong, notes


def read(path):
    return tomllib.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def write(path, compiler, runs):
    """Everything behind the first empty line is made anew."""
    path = pathlib.Path(os.path.realpath(path))
    head = path.read_text(encoding="utf-8").split("\n\n", 1)[0]
    lines = [f"{run.name} = {run.each()} # {run.unit}" for run in runs]
    path.write_text("\n".join([head, "", f'compiler = "{compiler}"', "", "[instructions]", *lines,
                               ""]), encoding="utf-8")
