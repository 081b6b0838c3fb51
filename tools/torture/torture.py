#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Kills a broker at random moments under load, starts it again, and counts what was lost.

usage: torture.py --broker PROGRAM [OPTION]...
  --broker PROGRAM     libellad, or mosquitto for comparison
  --cycles N           how often it is killed; 10
  --config LINE        one more line of mosquitto.conf; may be repeated
  --power-cut LIBRARY  preload this library (powercut.c) and drop after each kill what was not
                       synced: bytes behind the last sync of a file, names behind the last sync of
                       their directory. It makes each sync 5 ms slower, so that there is something
                       to lose
  --seconds S          it lives up to so long between two kills; 1
  --publishers N       8
  --seed N             of the moments; 1
  --label TEXT         how the row of the table is called
  --expect-loss        print, and exit 0 whatever is lost
  --keep DIRECTORY     work there, and leave it

All publishers and subscribers keep their sessions, and mosquitto_sub is one of the subscribers.
Exits 1 if an acknowledged message did not arrive, one of QoS 2 arrived twice, a session is gone,
or a retained message is older than the last acknowledged one.
"""

import argparse
import collections
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mqtt_client
import power
import wiretap

WINDOW = 10
START_S = 120
QUIET_S = 30  # nothing comes for so long: nothing more will
JUDGE_S = 5
DRAIN_S = 600
FILTERS = ["t/#", "r/#"]


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Broker:
    def __init__(self, options, folder, port):
        self.options, self.folder, self.port = options, Path(folder), port
        self.data = self.folder / "data"
        self.data.mkdir(exist_ok=True)
        self.data.chmod(0o700)
        self.log = open(self.folder / "broker.log", "ab")
        self.config = self.folder / "broker.conf"
        user = "user root\n" if os.geteuid() == 0 else ""
        self.config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n{user}"
                               f"persistence true\npersistence_location {self.data}/\n"
                               "max_queued_messages 0\nmax_inflight_messages 100\n"
                               + "".join(line + "\n" for line in options.config))
        self.process = None
        written = self.data if Path(options.broker).name == "mosquitto" else self.data / "journal"
        written.mkdir(exist_ok=True, mode=0o700)
        self.power = power.Power(options.power_cut, self.folder, written)
        self.start_ms = []

    def start(self, waits=True):
        begun = time.monotonic()
        self.process = subprocess.Popen([self.options.broker, "-c", str(self.config)],
                                        stdout=self.log, stderr=self.log,
                                        env=self.power.environment())
        if not waits:
            return
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > begun + START_S:
                raise SystemExit("torture: the broker does not start:\n" + self.tail())
            time.sleep(0.002)
        self.start_ms.append((time.monotonic() - begun) * 1000)

    def answers(self):
        """Whether CONNECT is answered: listening is not enough, it may still recover."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), START_S) as sock:
                sock.sendall(b"\x10\x11\x00\x04MQTT\x04\x02\x00\x0a\x00\x05ready")
                return sock.recv(4)[:1] == b"\x20"
        except OSError:
            return False

    def tail(self):
        return "".join((self.folder / "broker.log").read_text(errors="replace")
                       .splitlines(True)[-20:])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return self.power.cut()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


class MosquittoSub:
    """The independent subscriber."""

    def __init__(self, folder, port):
        self.path = Path(folder) / "mosquitto_sub.out"
        self.output = open(self.path, "wb")
        command = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-c", "-i", "independent",
                   "-q", "2", "-t", FILTERS[0], "-t", FILTERS[1]]
        self.process = subprocess.Popen(["stdbuf", "-oL", *command], stdout=self.output,
                                        stderr=subprocess.DEVNULL)

    def lines(self):
        return self.path.read_text(errors="replace").splitlines()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.output.close()


class Torture:
    def __init__(self, options, folder):
        self.options = options
        self.luck = random.Random(options.seed)
        self.broker = Broker(options, folder, free_port())
        self.world = mqtt_client.World(self.broker.port)
        self.publishers = [mqtt_client.Publisher(self.world, f"p{i}", WINDOW)
                           for i in range(options.publishers)]
        self.awake = mqtt_client.Subscriber(self.world, "awake", FILTERS)
        self.asleep = mqtt_client.Subscriber(self.world, "asleep", FILTERS)
        self.world.clients = [self.awake, self.asleep, *self.publishers]
        self.folder = folder
        self.dropped = 0

    def prepare(self):
        self.broker.start()
        self.wiretap = wiretap.Wiretap(self.broker.port)
        self.independent = MosquittoSub(self.folder, self.wiretap.port)
        ready = self.world.run(START_S, lambda: self.awake.is_subscribed and
                               self.asleep.is_subscribed)
        if not ready:
            raise SystemExit("torture: no SUBACK")
        # mosquitto_sub says nothing when it has subscribed: ask with messages until one arrives.
        probe = mqtt_client.Publisher(self.world, "probe", 1)
        self.world.clients.append(probe)
        probe.publishes = True
        if not self.world.run(START_S, lambda: "probe" in self.independent.path.read_text()):
            raise SystemExit("torture: mosquitto_sub does not get what is published")
        probe.publishes = False
        self.world.run(START_S, lambda: not probe.outgoing)
        probe.leave()
        self.world.clients.remove(probe)
        self.asleep.leave()

    def run(self):
        self.prepare()
        for publisher in self.publishers:
            publisher.publishes = True
        begun = time.monotonic()
        for cycle in range(self.options.cycles):
            self.world.run(self.luck.uniform(0.05, self.options.seconds))
            self.dropped += self.broker.kill()
            if self.luck.random() < 0.1:  # and again, while it recovers
                self.broker.start(waits=False)
                time.sleep(self.luck.uniform(0, 0.2))
                self.dropped += self.broker.kill()
            self.broker.start()
            if sys.stderr.isatty() or cycle % 20 == 19:
                print(f"cycle {cycle + 1} of {self.options.cycles},"
                      f" {self.acknowledged()} acknowledged", file=sys.stderr)
        self.world.run(1.0)
        self.seconds = time.monotonic() - begun
        self.drain()

    def acknowledged(self):
        return sum(len(publisher.acknowledged) for publisher in self.publishers)

    def drain(self):
        """Faults have stopped: everybody reads to the end."""
        for publisher in self.publishers:
            publisher.publishes = False
        self.world.run(DRAIN_S, lambda: not any(p.outgoing for p in self.publishers))
        self.asleep.is_wanted = True
        self.asleep.last_at = time.monotonic()
        readers = [self.awake, self.asleep]
        count = self.acknowledged()
        self.world.run(DRAIN_S, lambda: all(len(reader.received) >= count or
                                            time.monotonic() > reader.last_at + QUIET_S
                                            for reader in readers))
        lines, since = -1, time.monotonic()
        while lines < count and time.monotonic() < since + QUIET_S:
            if lines != len(self.independent.lines()):
                lines, since = len(self.independent.lines()), time.monotonic()
            self.world.run(1)
        self.judge = mqtt_client.Subscriber(self.world, "judge", ["r/#"], clean=True)
        self.world.clients.append(self.judge)
        self.world.run(JUDGE_S)
        self.independent.stop()
        self.wiretap.stop()
        self.broker.stop()

    def verdict(self):
        sent = [payload for publisher in self.publishers for payload in publisher.acknowledged]
        received = {"awake": self.awake.received, "asleep": self.asleep.received}
        received["mosquitto_sub"] = collections.Counter(self.independent.lines())
        result = {"acknowledged": len(sent)}
        # What was said to mosquitto_sub, which counts, and what it shows, which does not.
        received["wire"] = self.wiretap.received
        ours = ("awake", "asleep", "wire")
        result["lost"] = sum(payload not in received[name] for name in ours for payload in sent)
        result["lost_mosquitto_sub"] = sum(payload not in received["mosquitto_sub"]
                                           for payload in sent)
        result["twice"] = sum(self.twice(received[name]) for name in ours)
        result["twice_mosquitto_sub"] = self.twice(received["mosquitto_sub"])
        result["unexplained"] = sum((self.wiretap.shown - received["mosquitto_sub"]).values())
        result["unexplained"] += sum((received["mosquitto_sub"] - self.wiretap.shown).values())
        result["sessions"] = sum(client.sessions_lost for client in self.world.clients)
        result["stale"] = 0
        for publisher in self.publishers:
            seen = [int(payload.split()[1]) for payload in self.judge.received
                    if payload.startswith(publisher.name + " ")]
            result["stale"] += publisher.retained > max(seen, default=0)
        return result

    @staticmethod
    def twice(counts):
        return sum(count - 1 for payload, count in counts.items()
                   if count > 1 and re.match(r"p\d+ \d+ q2$", payload))

    def print(self, result):
        latencies = sorted(value for p in self.publishers for value in p.latencies)
        starts = self.broker.start_ms[1:] or [0]
        print(f"mosquitto_sub: {self.wiretap.repeated} repetitions of QoS 2 after a reconnect;"
              f" {result['unexplained']} messages more or fewer than libmosquitto's double"
              " bookkeeping of them makes (tools/torture/wiretap.py)")
        print("| broker | kills | acknowledged | lost acknowledged (sent / shown by"
              " mosquitto_sub) | QoS 2 twice (the same) | sessions lost | stale retained |"
              " bytes dropped |"
              " acknowledged/s | median ack ms | restart ms median / max |")
        print("|---|---|---|---|---|---|---|---|---|---|---|")
        print(f"| {self.options.label or Path(self.options.broker).name} | {self.options.cycles} |"
              f" {result['acknowledged']} | {result['lost']} / {result['lost_mosquitto_sub']} |"
              f" {result['twice']} / {result['twice_mosquitto_sub']} |"
              f" {result['sessions']} | {result['stale']} | {self.dropped} |"
              f" {result['acknowledged'] / self.seconds:.0f} |"
              f" {statistics.median(latencies or [0]) * 1000:.1f} |"
              f" {statistics.median(starts):.0f} / {max(starts):.0f} |")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--broker", required=True, help="libellad or mosquitto")
    parser.add_argument("--cycles", type=int, default=10)
    parser.add_argument("--config", action="append", default=[], metavar="LINE")
    parser.add_argument("--power-cut", metavar="LIBRARY")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--publishers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--label")
    parser.add_argument("--expect-loss", action="store_true")
    parser.add_argument("--keep", metavar="DIRECTORY")
    return parser.parse_args()


def main():
    options = parse()
    folder = options.keep or tempfile.mkdtemp(prefix="torture-", dir=os.environ.get("TEST_TMPDIR"))
    Path(folder).mkdir(exist_ok=True)
    torture = Torture(options, folder)
    try:
        torture.run()
        result = torture.verdict()
        torture.print(result)
    finally:
        if torture.broker.process is not None and torture.broker.process.poll() is None:
            torture.broker.process.kill()
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if result["acknowledged"] < 10 * options.cycles:
        print(f"torture: only {result['acknowledged']} messages were acknowledged")
        return 1
    bad = result["lost"] or result["twice"] or result["sessions"] or result["stale"]
    return 0 if options.expect_loss or not bad else 1


if __name__ == "__main__":
    sys.exit(main())
