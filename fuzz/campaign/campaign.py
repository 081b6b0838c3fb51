#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""A campaign: all harnesses by turns on so many cores for so long, with what they do shown."""
import dataclasses
import datetime
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

import harnesses
import libfuzzer

TURN_S = 120  # a harness hunts so long before another one may have its core
TICK_S = 1.0
RECORD = "campaign.json"
PLAIN_TICK_S = 60.0  # where the output is no terminal


@dataclasses.dataclass
class Ledger:
    """What a harness has done in this campaign so far."""
    harness: object
    seconds: float = 0.0  # of the clock, for its turns
    cpu_seconds: float = 0.0  # of a processor, that its programs used
    executions: int = 0
    rate: int = 0
    coverage: int = 0
    corpus: int = 0
    last_new: float = 0.0
    findings: list = dataclasses.field(default_factory=list)
    run: object = None
    slot: float = 0.0


class Campaign:
    engine = libfuzzer.Run

    def __init__(self, chosen, programs, options):
        self.folder, self.limit_s, self.cores = options.out, options.time, options.cores
        self.programs = programs
        self.ledgers = [Ledger(harness) for harness in chosen]
        self.earlier = parts_of(self.folder)
        self.date, self.commit = datetime.date.today().isoformat(), commit_of_checkout()
        self.begun = time.monotonic()
        self.chosen_seed = options.seed
        self.seed = int(time.time())
        self.stopped = False
        self.reducers = []
        self.shown_lines = 0

    # ---- Scheduling ----

    def left_s(self):
        return max(0.0, self.limit_s - (time.monotonic() - self.begun))

    def start(self, ledger):
        name = ledger.harness.name
        share = self.limit_s * self.cores / len(self.ledgers)
        turn = self.left_s() if len(self.ledgers) <= self.cores else min(TURN_S, share)
        self.seed += 1
        ledger.slot = time.monotonic()
        ledger.run = self.engine(ledger.harness, self.programs[name],
                                   self.folder / "corpus" / name,
                                   [ledger.harness.corpus, self.folder / "seeds" / name],
                                   self.folder / "findings" / name / "new",
                                   max(1.0, min(turn, self.left_s())),
                                 self.chosen_seed or self.seed)

    def finish(self, ledger):
        run, ledger.run = ledger.run, None
        ledger.executions += run.executions
        ledger.seconds += time.monotonic() - ledger.slot
        ledger.cpu_seconds += run.cpu_seconds
        ledger.coverage = max(ledger.coverage, run.coverage)
        ledger.corpus = max(ledger.corpus, run.corpus)
        if run.found and run.found.exists():
            self.keep_finding(ledger, run)
        self.save()

    def reduce(self, program, file):
        libfuzzer.reduce(program, file)

    def keep_finding(self, ledger, run):
        """Made small the first time, while the others go on; the same again is only kept. One
        that never ends stays as it is: trying would not end either."""
        is_new = all(run.reason != reason for reason, _ in ledger.findings)
        never_ends = run.found.name.startswith("timeout-")
        kept = named(run.reason, run.found, run.found.parent.parent)
        if not is_new:
            return
        ledger.findings.append((run.reason, str(kept)))
        if not never_ends:
            reducer = threading.Thread(target=self.make_small, args=(ledger, run.reason, kept))
            self.reducers.append(reducer)
            reducer.start()

    def make_small(self, ledger, reason, file):
        self.reduce(self.programs[ledger.harness.name], file)
        place = ledger.findings.index((reason, str(file)))
        ledger.findings[place] = (reason, str(named(reason, file, file.parent)))

    def run(self):
        signal.signal(signal.SIGINT, self.on_interrupt)
        signal.signal(signal.SIGTERM, self.on_interrupt)
        last_shown = 0.0
        while not self.is_over():
            running = [ledger for ledger in self.ledgers if ledger.run]
            for ledger in running:
                if ledger.run.is_over:
                    self.finish(ledger)
            running = [ledger for ledger in self.ledgers if ledger.run]
            idle = sorted((ledger for ledger in self.ledgers if not ledger.run),
                          key=lambda ledger: ledger.seconds)
            for ledger in idle[:self.cores - len(running)]:
                if self.left_s() > 1.0 and not self.stopped:
                    self.start(ledger)
            tick = TICK_S if sys.stderr.isatty() else PLAIN_TICK_S
            if time.monotonic() - last_shown >= tick:
                last_shown = time.monotonic()
                self.show()
            time.sleep(0.2)
        for reducer in self.reducers:
            reducer.join()
        self.show()

    def is_over(self):
        running = [ledger for ledger in self.ledgers if ledger.run]
        if self.stopped:
            for ledger in running:
                ledger.run.stop()
                self.finish(ledger)
            return True
        return self.left_s() <= 1.0 and not running

    def on_interrupt(self, *_):
        self.stopped = True

    # ---- Showing ----

    def rows(self):
        now = time.monotonic()
        for ledger in self.ledgers:
            run = ledger.run
            executions = ledger.executions + (run.executions if run else 0)
            rate = (run.rate if run else
                    ledger.executions / ledger.cpu_seconds if ledger.cpu_seconds else 0)
            coverage = max(ledger.coverage, run.coverage if run else 0)
            corpus = max(ledger.corpus, run.corpus if run else 0)
            fresh = f"{now - run.last_new:.0f} s ago" if run else "waits"
            yield (ledger.harness.name, f"{executions:,}", f"{rate:,.0f}", f"{coverage:,}",
                   f"{corpus:,}", fresh, str(len(ledger.findings)))

    def show(self):
        head = ("harness", "executions", "per second", "coverage", "corpus", "last new",
                "findings")
        rows = [head, *self.rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        lines = ["  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                           for i, (cell, width) in enumerate(zip(row, widths))) for row in rows]
        left = str(datetime.timedelta(seconds=int(self.left_s())))
        lines.append(f"{left} left; Ctrl-C ends it and writes the report")
        if sys.stderr.isatty() and self.shown_lines:
            sys.stderr.write(f"\x1b[{self.shown_lines}A\x1b[J")
        self.shown_lines = len(lines)
        print("\n".join(lines), file=sys.stderr, flush=True)

    # ---- The record ----

    def record(self):
        """This run of tools/fuzz: one part of the campaign."""
        return {
            "date": self.date,
            "commit": self.commit,
            "seconds": round(time.monotonic() - self.begun),
            "cores": self.cores,
            "harnesses": [{
                "name": ledger.harness.name, "what": ledger.harness.what,
                "executions": ledger.executions, "cpu_seconds": round(ledger.cpu_seconds, 1),
                "coverage": ledger.coverage, "corpus": ledger.corpus,
                "findings": [{"reason": reason, "file": pathlib.Path(file).name}
                             for reason, file in ledger.findings],
            } for ledger in self.ledgers],
        }

    def save(self):
        """After every turn, so that whatever ends the campaign takes little. Returns all its
        parts, of which a report is made."""
        parts = [*self.earlier, self.record()]
        path = self.folder / RECORD
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps({"parts": parts}, indent=1) + "\n", encoding="utf-8")
        fresh.replace(path)
        return parts


def parts_of(folder):
    """The parts of a campaign that the folder has already."""
    path = folder / RECORD
    if not path.exists():
        return []
    return json.loads(path.read_text(encoding="utf-8"))["parts"]


def named(reason, file, folder):
    """Moves the file to the folder, under the name of a finding with its content."""
    kept = folder / libfuzzer.name_of(reason, file.read_bytes())
    file.replace(kept)
    return kept


def commit_of_checkout():
    said = subprocess.run(["git", "describe", "--always", "--dirty", "--exclude=*"],
                          cwd=harnesses.ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=False)
    return said.stdout.strip() or "unknown"


def prepare(folder, fresh):
    if fresh and folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
