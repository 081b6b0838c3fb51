#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""The same campaign with AFL++: one afl-fuzz process, and what its statistics say."""
import os
import pathlib
import shutil
import subprocess
import threading
import time

import campaign
import harnesses
import libfuzzer

POLL_S = 0.5
ENOUGH_SEEDS = 2000


def statistics(folder):
    path = folder / "default/fuzzer_stats"
    if not path.exists():
        return {}
    pairs = (line.split(":", 1) for line in path.read_text(encoding="utf-8").splitlines()
             if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


class Run:
    """As libfuzzer.Run."""

    def __init__(self, harness, program, scratch, seeds, findings, limit_s, _seed):
        self.harness, self.program, self.scratch = harness, program, scratch
        self.findings = findings
        self.executions, self.rate, self.coverage, self.corpus = 0, 0, 0, 0
        self.found, self.reason, self.last_new = None, None, time.monotonic()
        self.cpu_seconds, self.is_over = 0.0, False
        self.input = scratch.parent / (scratch.name + ".in")
        self.gather([*seeds, scratch / "default/queue"])
        scratch.mkdir(parents=True, exist_ok=True)
        findings.mkdir(parents=True, exist_ok=True)
        command = ["afl-fuzz", "-V", str(int(limit_s)), "-m", "none", "-i", str(self.input),
                   "-o", str(scratch)]
        if harness.dictionary:
            command += ["-x", str(harnesses.ROOT / "fuzz/mqtt.dict")]
        env = dict(os.environ, AFL_NO_UI="1", AFL_SKIP_CPUFREQ="1", AFL_NO_AFFINITY="1",
                   AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES="1", AFL_BENCH_UNTIL_CRASH="1",
                   ASAN_OPTIONS="abort_on_error=1:detect_leaks=0:symbolize=0")
        self.process = subprocess.Popen([*command, "--", str(program)], env=env,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.reader = threading.Thread(target=self.wait, daemon=True)
        self.reader.start()
        threading.Thread(target=self.watch, daemon=True).start()

    def gather(self, places):
        """afl-fuzz takes one folder, and one file at least; it tries every seed first."""
        shutil.rmtree(self.input, ignore_errors=True)
        self.input.mkdir(parents=True)
        files = [path for place in places if place.is_dir() for path in sorted(place.iterdir())
                 if path.is_file()]
        for number, path in enumerate(files[:ENOUGH_SEEDS]):
            shutil.copy(path, self.input / f"{number:06d}")
        if not files:
            (self.input / "0").write_bytes(bytes(8))

    def watch(self):
        while self.process.returncode is None:
            self.take()
            time.sleep(POLL_S)

    def wait(self):
        self.cpu_seconds = libfuzzer.reap(self.process)
        self.take()
        crashes = self.scratch / "default/crashes"
        for path in sorted(crashes.glob("id*")) if crashes.is_dir() else []:
            reason = libfuzzer.is_finding(self.program, path)
            if reason:
                self.found = self.findings / "afl"
                shutil.copy(path, self.found)
                self.reason = reason
        self.is_over = True

    def take(self):
        now = statistics(self.scratch)
        self.executions = int(now.get("execs_done", self.executions))
        self.rate = int(float(now.get("execs_per_sec", self.rate)))
        corpus = int(now.get("corpus_count", self.corpus))
        if corpus > self.corpus:
            self.last_new = time.monotonic()
        self.corpus = corpus
        self.coverage = int(now.get("edges_found", self.coverage))

    def stop(self):
        libfuzzer.end(self.process)
        self.reader.join(libfuzzer.SLOW_INPUT_S)


class Campaign(campaign.Campaign):
    engine = Run

    def reduce(self, program, file):
        """afl-tmin keeps what the program ends by."""
        smaller = pathlib.Path(str(file) + ".smaller")
        subprocess.run(["afl-tmin", "-m", "none", "-i", str(file), "-o", str(smaller), "--",
                        str(program)], check=False, timeout=60, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env=dict(os.environ, AFL_QUIET="1"))
        if smaller.exists() and libfuzzer.is_finding(program, smaller):
            smaller.replace(file)
        smaller.unlink(missing_ok=True)
