#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""libella-load as people use it: against libellad, where nothing may be amiss, and against brokers
with planted faults, each of which it must see and count.

usage: load_test.py LIBELLA-LOAD LIBELLAD LIBELLA.TOML
"""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import unittest

TOOL, BROKER, DESCRIPTION = (os.path.realpath(path) for path in sys.argv[1:4])
FAULTY = str(pathlib.Path(__file__).resolve().parent / "faulty_broker.py")
SHORT = ["--seconds=1", "--warm-up=0", "--json"]


def load(*arguments):
    return subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True,
                          timeout=240, check=False)


def figures(done):
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise AssertionError(f"no report: {done.stdout}{done.stderr}") from None
    return {key: each["value"] for key, each in found["figures"].items()}


class Options(unittest.TestCase):
    def test_help(self):
        done = load("--help")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr, "")
        for word in ("pairs", "fan-out", "fan-in", "--pid", "--json", "--remote"):
            self.assertIn(word, done.stdout)

    def test_what_is_wrong_is_said(self):
        for words, message in [
            ([], "which mode?"),
            (["sideways"], "no mode is named 'sideways'"),
            (["pairs", "rate"], "one mode"),
            (["pairs", "--qos=3"], "--qos: expected a number, 0 to 2, not '3'"),
            (["pairs", "--qos"], "--qos needs a value"),
            (["pairs", "--fast"], "unknown option --fast"),
            (["pairs", "--payload=15"], "--payload: expected a number, 16 to"),
            (["pairs", "--window=0"], "--window: expected a number, 1 to"),
            (["pairs", "--publishers=3", "--subscribers=4"], "as many subscribers"),
            (["pairs", "--broker=1883"], "--broker: expected HOST:PORT"),
            (["pairs", "--protocol=4"], "--protocol: expected 3.1.1 or 5.0"),
            (["pairs", "--broker=192.0.2.1:1883"], "only with --remote"),
            (["pairs", "--sleep"], "--sleep is for a rate"),
        ]:
            done = load(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(message, done.stderr)

    def test_no_broker(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        done = load("pairs", f"--broker=127.0.0.1:{port}", *SHORT)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Connection refused", done.stderr)

    def test_silence_ends(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            done = load("pairs", f"--broker=127.0.0.1:{port}", "--connect-timeout=1", *SHORT)
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing came from the broker", done.stderr)


class Libellad(unittest.TestCase):
    more = "allow_anonymous true\n"

    @classmethod
    def setUpClass(cls):
        with socket.create_server(("127.0.0.1", 0)) as free:
            cls.port = free.getsockname()[1]
        cls.folder = tempfile.TemporaryDirectory()
        cls.here = pathlib.Path(cls.folder.name)
        cls.prepare()
        configuration = cls.here / "libellad.conf"
        configuration.write_text(f"listener {cls.port} 127.0.0.1\n{cls.more}")
        cls.broker = subprocess.Popen([BROKER, "-c", configuration], stderr=subprocess.DEVNULL)
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", cls.port)).close()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("libellad does not listen")

    @classmethod
    def prepare(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        cls.broker.terminate()
        cls.broker.wait()
        cls.folder.cleanup()

    def run_mode(self, *arguments):
        done = load(*arguments, f"--broker=127.0.0.1:{self.port}", f"--pid={self.broker.pid}",
                    *SHORT, "--loss-timeout=60", "--connect-timeout=60")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return figures(done)

    def clean(self, found):
        for key in ("lost", "repeated", "out_of_order", "refused", "foreign"):
            self.assertEqual(found[key], 0, key)
        self.assertGreater(found["delivered_in_all"], 0)

    def stored(self, found):
        for key in ("lost", "repeated", "out_of_order", "foreign"):
            self.assertEqual(found[key], 0, key)


class Modes(Libellad):
    def test_pairs(self):
        for version in ("3.1.1", "5.0"):
            for qos in (0, 1, 2):
                with self.subTest(version=version, qos=qos):
                    found = self.run_mode("pairs", "--publishers=10", f"--qos={qos}",
                                          f"--protocol={version}")
                    self.clean(found)
                    self.assertGreater(found["broker_cpu_per_delivery"], 0)
                    self.assertGreater(found["broker_rss_end"], 0)
                    self.assertGreaterEqual(found["latency_max"], found["latency_p50"])

    def test_fan_out_and_in(self):
        for qos in (0, 1, 2):
            with self.subTest(qos=qos):
                self.clean(self.run_mode("fan-out", "--subscribers=20", f"--qos={qos}"))
                self.clean(self.run_mode("fan-in", "--publishers=20", f"--qos={qos}"))
        self.clean(self.run_mode("pairs", "--publishers=20", "--lasting", "--qos=1"))
        self.clean(self.run_mode("fan-in", "--publishers=20", "--subscribers=3", "--shared",
                                 "--qos=1"))

    def test_routing(self):
        for qos, version in ((0, "3.1.1"), (1, "5.0")):
            found = self.run_mode("routing", "--count=3000", "--subscribers=30", f"--qos={qos}",
                                  f"--protocol={version}")
            self.clean(found)
            self.assertGreater(found["delivered"], found["published"] * 1.5)

    def test_large_messages(self):
        self.clean(self.run_mode("pairs", "--publishers=2", "--payload=1000000", "--window=2"))

    def test_rate_is_kept(self):
        found = self.run_mode("rate", "--publishers=10", "--rate=500", "--seconds=2")
        self.clean(found)
        self.assertLess(found["published"], 700)
        self.assertGreaterEqual(found["delivered_in_all"], 250)
        self.assertGreaterEqual(found["send_late_max"], found["send_late_p50"])

    def test_a_rate_is_polled_for_unless_asked_to_sleep(self):
        # Of 200 or more. A starved process comes to less, and who polls may wait for a page.
        few, some = 2, 20
        rate = ["rate", "--publishers=2", "--rate=200"]
        self.assertGreater(self.run_mode(*rate, "--sleep")["own_sleeps"], few)
        before = os.sched_getaffinity(0)
        if len(before) > 1:
            self.assertLess(self.run_mode(*rate)["own_sleeps"], some)
        os.sched_setaffinity(0, [min(before)])  # children have it, too
        try:
            self.assertGreater(self.run_mode(*rate)["own_sleeps"], few)
        finally:
            os.sched_setaffinity(0, before)

    def test_suite_by_name(self):
        found = self.run_mode("omb-fan-out-basic", "--subscribers=50", "--rate=20")
        self.clean(found)
        self.assertEqual((found["qos"], found["payload"]), (1, 16))

    def test_idle(self):
        found = self.run_mode("idle", "--clients=300")
        self.assertEqual(found["clients"], 300)
        self.assertGreater(found["broker_cpu_per_connect"], 0)
        self.assertIn("broker_rss_per_client", found)


    def test_churn(self):
        found = self.run_mode("churn", "--clients=10")
        self.assertGreater(found["connected"], 0)
        self.assertGreater(found["broker_cpu_per_connection"], 0)

    def test_subscriptions(self):
        found = self.run_mode("subscriptions", "--count=20000", "--clients=7")
        self.assertGreater(found["broker_rss_per_subscription"], 10)

    def test_retained(self):
        for version in ("3.1.1", "5.0"):
            found = self.run_mode("retained", "--count=2000", f"--protocol={version}")
            self.stored(found)
            self.assertGreater(found["replayed_per_second"], 0)

    def test_queue(self):
        for more in ([], ["--own"], ["--protocol=5.0"]):
            self.stored(self.run_mode("queue", "--clients=8", "--count=100", *more))


class ShortQueues(Libellad):
    more = "allow_anonymous true\nmax_queued_messages 50\nmax_inflight_messages 20\n"

    def test_what_is_dropped_is_missed(self):
        done = load("queue", "--clients=4", "--count=100", f"--broker=127.0.0.1:{self.port}",
                    "--loss-timeout=2", "--json")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(figures(done)["lost"] % 4, 0)
        self.assertGreaterEqual(figures(done)["lost"], 4 * 30)
        self.assertLessEqual(figures(done)["lost"], 4 * 50)


class Secured(Libellad):
    @classmethod
    def prepare(cls):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-keyout", cls.here / "key.pem", "-out",
                        cls.here / "cert.pem"], check=True, capture_output=True)
        cls.more = (f"certfile {cls.here}/cert.pem\nkeyfile {cls.here}/key.pem\n"
                    "allow_anonymous true\n")

    def test_handshakes(self):
        found = self.run_mode("handshakes", "--clients=5", f"--cafile={self.here}/cert.pem")
        self.assertGreater(found["connected"], 0)
        self.assertGreater(found["broker_cpu_per_connection"], 0)
        self.run_mode("churn", "--tls", "--clients=5", "--insecure")

    def test_a_stranger_is_refused(self):
        other = self.here / "other.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=other",
                        "-keyout", self.here / "other.key", "-out", other], check=True,
                       capture_output=True)
        done = load("handshakes", f"--cafile={other}", f"--broker=127.0.0.1:{self.port}", *SHORT)
        self.assertEqual(done.returncode, 1)
        self.assertIn("certificate verify failed", done.stderr)


class Compare(unittest.TestCase):
    def test_a_broker_is_as_good_as_itself(self):
        done = load("compare", f"--a={DESCRIPTION}", f"--b={DESCRIPTION}", "--runs=2",
                    f"--set=libellad={BROKER}", "pairs", "--publishers=10", *SHORT)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        found = figures(done)
        self.assertGreater(found["broker_cpu_per_delivery.a"], 0)
        self.assertGreater(found["broker_cpu_per_delivery.ratio"], 0.05)
        self.assertLess(found["broker_cpu_per_delivery.ratio"], 20)
        self.assertIn("A: libellad", done.stdout)

    def test_by_command_line_and_at_fault(self):
        done = load("compare", "--runs=1", "pairs", *SHORT, f"--a={DESCRIPTION}",
                    "--b=false @port@", f"--set=libellad={BROKER}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("does not listen", done.stderr)
        done = load("compare", "pairs", "--a=libellad")
        self.assertEqual(done.returncode, 2)
        self.assertIn("give --a and --b", done.stderr)


class Table(unittest.TestCase):
    def test_a_table_of_two_rows(self):
        with tempfile.TemporaryDirectory() as folder:
            plan = pathlib.Path(folder) / "table.toml"
            plan.write_text(f"""[broker.libella]
description = "{DESCRIPTION}"
[broker.floor]
[broker.absent]
command = "false @port@"
[row.pairs]
title = "a few pairs"
mode = ["pairs", "--publishers=5"]
aim = "2"
also = "latency_p99"
without = ["absent"]
[row.churn]
mode = ["churn", "--clients=5"]
figure = "broker_cpu_per_connection"
""")
            done = load("table", plan, "--runs=2", "--seconds=1", "--warm-up=0",
                        f"--set=libellad={BROKER}")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)  # one broker was absent
        self.assertIn("- churn, absent: false does not listen", done.stdout)
        rows = [[cell.strip() for cell in line.strip("|\n").split("|")]
                for line in done.stdout.splitlines() if line.startswith("| ")]
        self.assertEqual([row[0] for row in rows],
                         ["mode", "a few pairs", "a few pairs, latency_p99", "churn"])
        self.assertEqual(rows[0][4:], ["floor / floor", "libella", "floor", "absent"])
        for row in rows[1:]:
            self.assertGreater(float(row[5]), 0)
            self.assertGreater(float(row[6]), 0)
            self.assertEqual(row[7], "-")
        self.assertEqual(rows[1][1], "2")

    def test_what_is_wrong_is_said(self):
        self.assertIn("a table of which FILE?", load("table").stderr)
        done = load("table", "/nowhere/table.toml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("can't read /nowhere/table.toml", done.stderr)


class Floor(unittest.TestCase):
    def test_the_relay_carries_everything(self):
        for qos in (0, 1, 2):
            for mode in (["pairs", "--publishers=10"], ["fan-out", "--subscribers=10"],
                         ["fan-in", "--publishers=10"]):
                for version in ("3.1.1", "5.0"):
                    done = load(*mode, "--floor", f"--qos={qos}", f"--protocol={version}", *SHORT)
                    self.assertEqual(done.returncode, 0, (mode, qos, done.stdout, done.stderr))
                    self.assertGreater(figures(done)["delivered_in_all"], 0)
                    self.assertGreater(figures(done)["broker_cpu_per_delivery"], 0)

    def test_at_a_rate(self):
        for qos in (0, 1):
            done = load("rate", "--publishers=10", "--rate=500", "--floor", f"--qos={qos}", *SHORT)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertGreaterEqual(figures(done)["delivered_in_all"], 250)

    def test_connections(self):
        for version in ("3.1.1", "5.0"):
            done = load("churn", "--clients=10", "--floor", f"--protocol={version}", *SHORT)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertGreater(figures(done)["connected"], 10)
            self.assertGreater(figures(done)["broker_cpu_per_connection"], 0)

    def test_large_messages(self):
        for qos in (0, 1):
            done = load("pairs", "--publishers=2", "--payload=1000000", "--window=4", "--floor",
                        f"--qos={qos}", *SHORT)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertGreater(figures(done)["delivered_in_all"], 0)

    def test_there_is_none_for_what_must_be_decided(self):
        for mode in (["routing"], ["retained"], ["idle"], ["fan-out", "--publishers=2"],
                     ["handshakes", "--insecure"]):
            done = load(*mode, "--floor")
            self.assertEqual(done.returncode, 1)
            self.assertIn("floor", done.stderr)


class Faults(unittest.TestCase):
    """What the broker says it did is what must be found, to the last message."""

    def run_against(self, fault, every, *arguments):
        with subprocess.Popen([sys.executable, FAULTY, fault, str(every)], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as broker:
            port = int(broker.stdout.readline())
            done = load(*arguments, f"--broker=127.0.0.1:{port}", "--loss-timeout=2", *SHORT)
            broker.stdin.close()
            planted = int(broker.stdout.readline())
        return done, figures(done), planted

    def test_none(self):
        for arguments in (["pairs", "--publishers=5"], ["fan-in", "--publishers=5", "--qos=1"],
                          ["fan-out", "--subscribers=5"]):
            done, found, _ = self.run_against("none", 1, *arguments)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(found["lost"] + found["repeated"] + found["out_of_order"], 0)

    def expect(self, fault, key, *arguments):
        done, found, planted = self.run_against(fault, 97, *arguments)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertGreater(planted, 0)
        self.assertEqual(found[key], planted, done.stdout)
        for other in ("lost", "repeated", "out_of_order", "foreign"):
            if other != key and not (fault == "spoil" and other == "lost"):
                self.assertEqual(found[other], 0, other)
        return found

    def test_lost(self):
        found = self.expect("lose", "lost", "pairs", "--publishers=5")
        self.assertGreater(found["given_up"], 0)
        self.expect("lose", "lost", "fan-out", "--subscribers=5", "--qos=1")

    def test_repeated(self):
        self.expect("repeat", "repeated", "pairs", "--publishers=5")
        self.expect("repeat", "repeated", "fan-in", "--publishers=5", "--qos=1")

    def test_out_of_order(self):
        # Two of one publisher change places if one subscriber has one publisher.
        done, found, planted = self.run_against("reorder", 97, "pairs", "--publishers=3")
        self.assertEqual(done.returncode, 1)
        self.assertGreater(found["out_of_order"], 0)
        # The last one that was held back may never have had a successor.
        self.assertLessEqual(found["out_of_order"], planted)
        self.assertGreaterEqual(found["out_of_order"] + found["lost"], planted - 3)
        self.assertEqual(found["repeated"], 0)

    def test_spoiled(self):
        found = self.expect("spoil", "foreign", "pairs", "--publishers=5")
        self.assertEqual(found["lost"], found["foreign"])

    def test_misrouted(self):
        done, found, planted = self.run_against("misroute", 97, "pairs", "--publishers=5")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(found["foreign"], planted)
        self.assertEqual(found["lost"], planted)

    def test_never_acknowledged(self):
        done, found, planted = self.run_against("silent", 97, "pairs", "--publishers=5",
                                                "--qos=1")
        self.assertEqual(done.returncode, 1)
        self.assertGreater(planted, 0)
        self.assertGreaterEqual(found["never_completed"], planted)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
