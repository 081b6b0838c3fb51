#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""One libFuzzer process and what it says while it runs; minimising of corpora and findings."""
import hashlib
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

STATUS = re.compile(r"^#(\d+)\s+(\w+)\s+cov: (\d+) ft: (\d+) corp: (\d+)/\S+.*exec/s: (\d+)")
FOUND = re.compile(r"Test unit written to (\S+)")
# What a finding is, in one line: our own words, the sanitizer's, or libFuzzer's.
REASONS = [re.compile(r"^(?:\w+_fuzz|promise broken|codec|topics): .+"),
           re.compile(r"ERROR: AddressSanitizer: (.+?) on"),
           re.compile(r"runtime error: .+"),
           re.compile(r"ERROR: libFuzzer: .+"),
           re.compile(r"Assertion .+ failed")]
MEMORY_LIMIT_MB = 2048
SLOW_INPUT_S = 20


def reason_of(text):
    for reason in REASONS:
        found = re.search(reason.pattern, text, re.MULTILINE)
        if found:
            return found.group(0).strip()
    return "ended without a word"


def environment():
    return dict(os.environ, ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:symbolize=1:"
                             "malloc_context_size=3:quarantine_size_mb=32",
                UBSAN_OPTIONS="print_stacktrace=1")


def reap(process):
    """Waits for its end; returns the processor time that it and its children used, in seconds."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def cpu_seconds_so_far(process):
    """Of one that may still run; 0 if it is over."""
    try:
        text = pathlib.Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    user, system = text.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def end(process):
    """Asks it to end; whoever reaps it sees that it does. (Popen.terminate would reap it.)"""
    if process.returncode is None:
        os.kill(process.pid, signal.SIGTERM)


class Run:
    """A harness that hunts for a while. Read the members; they change until is_over, when
    cpu_seconds is known."""

    def __init__(self, harness, program, scratch, seeds, findings, limit_s, seed):
        self.harness, self.findings = harness, findings
        self.executions, self.rate, self.coverage, self.corpus = 0, 0, 0, 0
        self.found, self.reason, self.last_new = None, None, time.monotonic()
        self.cpu_seconds, self.is_over, self.text = 0.0, False, []
        scratch.mkdir(parents=True, exist_ok=True)
        findings.mkdir(parents=True, exist_ok=True)
        command = [str(program), str(scratch), *[str(folder) for folder in seeds],
                   f"-max_total_time={int(limit_s)}", f"-max_len={harness.length_max}",
                   f"-artifact_prefix={findings}/", f"-rss_limit_mb={MEMORY_LIMIT_MB}",
                   f"-timeout={SLOW_INPUT_S}", f"-seed={seed}", "-entropic=0",
                   "-print_final_stats=1"]
        if harness.dictionary:
            command.append(f"-dict={pathlib.Path(__file__).resolve().parent.parent}/mqtt.dict")
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        text=True, errors="replace", env=environment())
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            status = STATUS.match(line)
            if status:
                self.take(status)
                continue
            self.text = self.text[-400:] + [line]
            written = FOUND.search(line)
            if written:
                self.found = pathlib.Path(written.group(1))
        self.cpu_seconds = reap(self.process)
        if self.process.returncode not in (0, -15) or self.found:
            self.reason = reason_of("".join(self.text))
        self.is_over = True

    def take(self, status):
        number, kind, coverage, _, corpus, rate = status.groups()
        self.executions, self.rate = int(number), int(rate)
        if int(coverage) > self.coverage or kind == "NEW":
            self.last_new = time.monotonic()
        self.coverage, self.corpus = int(coverage), int(corpus)

    def stop(self):
        end(self.process)
        self.reader.join(SLOW_INPUT_S)


def merge(program, into, sources):
    """Adds to the folder the fewest inputs of the sources that reach what it does not reach. How
    often a place is reached does not count: what is committed stays small."""
    into.mkdir(parents=True, exist_ok=True)
    subprocess.run([str(program), "-merge=1", "-use_counters=0", str(into),
                    *[str(source) for source in sources]],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env=environment())


def reduce(program, file, limit_s=30):
    """The input made smaller as long as it stays a finding, in its place."""
    smaller = file.with_suffix(".smaller")
    subprocess.run([str(program), "-minimize_crash=1", f"-max_total_time={limit_s}",
                    f"-exact_artifact_path={smaller}", str(file)], check=False,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
    if smaller.exists():
        if is_finding(program, smaller):
            smaller.replace(file)
        smaller.unlink(missing_ok=True)


def is_finding(program, file):
    """Why the program ends over the file; None if it does not."""
    try:
        done = subprocess.run([str(program), str(file)], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, errors="replace", check=False,
                              timeout=3 * SLOW_INPUT_S, env=environment())
    except subprocess.TimeoutExpired:
        return "does not end"
    return reason_of(done.stderr) if done.returncode else None


def name_of(reason, content):
    """What it was, and which bytes: null_topic_is_taken-1a2b3c4d"""
    words = re.sub(r"[^a-z0-9]+", "_", re.sub(r"0x[0-9a-f]+", "", reason.lower())).strip("_")
    return f"{words[:60].strip('_')}-{hashlib.sha256(content).hexdigest()[:8]}"
