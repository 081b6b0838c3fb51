#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""libella-conformance as people run it, against a fake broker: its files read back, its messages,
and the grid.

usage: program_test.py LIBELLA-CONFORMANCE FAKE_BROKER.py
"""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

PROGRAM, BROKER = (os.path.abspath(path) for path in sys.argv[1:3])

CASES = {
    "v3/3.12_pingreq.case": """
case pong
title "<PINGREQ> & PINGRESP"
cites v3/3.12.4-1
A connect
A > PINGREQ
A < PINGRESP within 200ms
case crash
cites v3/3.3.4-1
A connect
A > PUBLISH topic="~/t" payload="x"
A < close
""",
    "v5/3.1.2_connect.case": """
case good
cites v5/3.1.2-4 v5/3.1.2-6
A connect
case soft
cites v5/3.1.2-6
A connect
A < close within 50ms
lenient: A < nothing 50ms
case needy
cites v5/3.1.2-8
needs acl
A connect
case lost
cites v5/3.1.2-8
given: A > PINGREQ
given: A < CONNACK within 50ms
case raw
cites v5/3.1.2-4
A > raw 10 r* s "MQTT" 05 02 k0 v0 s "x"
A < CONNACK reason=0
case subscribed
cites v5/3.8.4-1
needs qos1
A connect
A subscribe filter="~/t" qos=1
""",
}


class Page(HTMLParser):
    """Ids, links and the balance of the tags of a page."""

    VOID = {"meta", "br", "input", "link", "img"}
    OPTIONAL_END = {"p", "td", "th", "tr"}

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loads, self.open, self.wrong = [], [], [], [], []
        self.text = Path(path).read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in self.VOID | self.OPTIONAL_END:
            self.open.append(tag)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag == "a":
            self.links.append(attrs["href"])
        self.loads += [attrs[name] for name in ("src", "data") if name in attrs]
        if tag == "link":
            self.loads.append(attrs["href"])

    def handle_endtag(self, tag):
        if tag in self.OPTIONAL_END:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append((tag, self.getpos()))


class Fixture(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name)
        for name, text in CASES.items():
            path = self.dir / "cases" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def start(self, *habits):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        broker = subprocess.Popen([BROKER, str(port), *habits])
        self.addCleanup(broker.wait)
        self.addCleanup(broker.kill)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return f"127.0.0.1:{port}"
            time.sleep(0.02)
        self.fail("the fake broker does not start")

    def run_program(self, *words, cases=True):
        first = list(words[:1]) if words[:1] == ("grid",) else []
        words = [*first, "--cases", self.dir / "cases", *words[len(first):]] if cases else words
        return subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False,
                              timeout=100)

    def check_page(self, path):
        page = Page(path)
        self.assertEqual(page.wrong, [], path)
        self.assertEqual(page.open, [], path)
        self.assertEqual(len(page.ids), len(set(page.ids)), f"{path}: an id twice")
        self.assertEqual(page.loads, [], f"{path} loads something")
        self.assertNotIn("@import", page.text)
        self.assertNotIn("url(", page.text)
        return page


class Files(Fixture):
    def setUp(self):
        super().setUp()
        broker = self.start("mute")
        self.done = self.run_program(
            "--broker", broker, *(f"--{kind}={self.dir / kind}"
                                  for kind in ("junit", "json", "tap", "html")))
        self.assertEqual(self.done.returncode, 1, self.done.stderr)

    def test_junit(self):
        tree = ElementTree.parse(self.dir / "junit").getroot()
        cases = {case.get("name"): case for case in tree.iter("testcase")}
        self.assertEqual(set(cases), {"pong", "crash", "good", "soft", "needy", "lost", "raw",
                                      "subscribed"})
        self.assertEqual(cases["pong"].find("failure").get("type"), "fail")
        self.assertIn("PINGREQ", cases["pong"].find("system-out").text)
        self.assertEqual(cases["lost"].find("error").get("type"), "inconclusive")
        self.assertEqual(cases["needy"].find("skipped").get("message"), "needs acl")
        self.assertIsNone(cases["soft"].find("failure"))
        self.assertEqual(len(cases["good"]), 0)
        suite = tree.find("testsuite[@name='v5/3.1.2']")
        self.assertEqual([suite.get(name) for name in ("tests", "errors", "skipped")],
                         ["6", "1", "1"])

    def test_json(self):
        result = json.loads((self.dir / "json").read_text())
        self.assertEqual(result["totals"], {"pass": 4, "undefined": 0, "lenient": 1,
                                            "not supported": 1, "inconclusive": 1, "fail": 1})
        self.assertEqual(result["statements"]["v5/3.1.2-6"], "lenient")
        self.assertEqual(result["statements"]["v5/3.1.2-8"], "inconclusive")
        pong = next(case for case in result["cases"] if case["case"] == "v3/3.12/pong")
        self.assertEqual([entry["line"].split()[0] for entry in pong["log"]],
                         ["connection", "CONNECT", "CONNACK", "PINGREQ"])
        self.assertEqual(pong["log"][-1]["bytes"], "c0 00")

    def test_tap(self):
        lines = (self.dir / "tap").read_text().splitlines()
        self.assertEqual(lines[:2], ["TAP version 14", "1..8"])
        points = [line for line in lines if re.match(r"(not )?ok \d+ - ", line)]
        self.assertEqual([int(re.search(r"\d+", line)[0]) for line in points],
                         list(range(1, 9)))
        self.assertIn("not ok 1 - v3/3.12/pong (fail)", points)
        self.assertIn("ok 4 - v5/3.1.2/soft (lenient)", points)
        self.assertIn("ok 5 - v5/3.1.2/needy # SKIP needs acl", points)
        begin = lines.index("  ---")
        block = lines[begin + 1:lines.index("  ...")]
        self.assertIn('  cites: ["v3/3.12.4-1"]', block)
        self.assertIn("    expected: A < PINGRESP within 200ms", block)
        for line in block:
            self.assertTrue(line.startswith("  "), line)

    def test_html(self):
        page = self.check_page(self.dir / "html")
        for address in ("v3/3.12/pong", "v5/3.1.2/good", "s-v5/3.1.2-4"):
            self.assertIn(address, page.ids)
        for link in page.links:
            self.assertIn(link[1:], page.ids)
        self.assertIn("&lt;PINGREQ&gt; &amp; PINGRESP", page.text)
        self.assertIn("c0 00", page.text, "the log of the failure")
        good = page.text[page.text.index('id="v5/3.1.2/good"'):]
        self.assertIn("CONNACK", good[:good.index("</details>")], "the log of what passed")
        self.assertIn("not supported", page.text)
        self.assertIn("PINGREQ is answered by PINGRESP", page.text, "what the statement says")

    def test_tree(self):
        self.assertIn("FAIL          pong", self.done.stdout)
        self.assertIn("8 cases: 4 pass, 1 lenient, 1 not supported, 1 inconclusive, 1 fail",
                      self.done.stdout)


class Binary(unittest.TestCase):
    def test_openssl_is_all_it_needs(self):
        out = subprocess.run(["readelf", "-d", PROGRAM], capture_output=True, text=True,
                             check=True).stdout
        needed = set(re.findall(r"\(NEEDED\).*\[([a-z]+)", out))
        sanitizers = {"libasan", "libubsan", "libtsan"}
        self.assertIn("libssl", needed)
        self.assertLessEqual(needed, {"libssl", "libcrypto", "libc", "libm", "ld"} | sanitizers)


class CommandLine(Fixture):
    def test_wrong_words(self):
        for words, message in [
                ([], "which broker?"), (["--broker"], "needs a value"),
                (["--broker", "a:b:c"], "expected HOST:PORT"), (["--needs", "x"], "--needs: 'x'"),
                (["--lacks", "acl"], "--lacks: 'acl'"), (["--tls=yes"], "takes no value"),
                (["--jobs", "65"], "1 to 64"), (["--timeout", "0"], "1 to 600000"),
                (["--broker", "h", "--insecure"], "certificates are for --tls"),
                (["--broker", "h", "--tls", "--key", "k"], "--cert"),
                (["--ws-path", "mqtt"], "expected a path"), (["--version", "2"], "expected 3.1"),
                (["--out", "x"], "unknown option --out"), (["--nonsense"], "unknown option"),
                (["grid"], "which brokers?"), (["grid", "--broker", "x"], "unknown option"),
                (["grid", "--set", "x", "a.toml"], "NAME=VALUE"),
                (["--list", "no_such_case"], "no case is named"),
                (["--broker", "h", "--tls", "--cafile", "/nonexistent"], "/nonexistent: ")]:
            done = self.run_program(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(message, done.stderr, words)

    def test_nobody_at_the_address(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        done = self.run_program("--broker", f"127.0.0.1:{port}")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no connection to the broker", done.stderr)

    def test_a_file_that_cannot_be_written(self):
        done = self.run_program("--broker", self.start(), "--tap", "/proc/none/x", "good")
        self.assertEqual(done.returncode, 2)
        self.assertIn("/proc/none/x can't be written", done.stderr)

    def test_help_names_every_option_once(self):
        help_text = self.run_program("--help", cases=False).stdout
        options = re.findall(r"^  (--[a-z-]+)", help_text, re.M)
        options.remove("--json")  # of one broker and of the grid
        self.assertEqual(sorted(options), sorted(set(options)))
        for name in ("--tls", "--ws", "--tap", "--html", "--user", "--set"):
            self.assertIn(name, options)

    def test_list(self):
        done = self.run_program("--list", "v3")
        self.assertEqual(done.returncode, 0)
        self.assertIn("v3/3.12/pong  3.1.1 v3/3.12.4-1", done.stdout)

    def test_strict(self):
        broker = self.start()
        self.assertEqual(self.run_program("--broker", broker, "soft").returncode, 0)
        self.assertEqual(self.run_program("--broker", broker, "soft", "--strict").returncode, 1)

    def test_credentials(self):
        broker = self.start("user")
        words = ("--broker", broker, "good", "raw", "subscribed")
        without = self.run_program(*words)
        self.assertEqual(without.returncode, 1)
        self.assertIn("2 inconclusive, 1 fail", without.stdout)
        done = self.run_program(*words, "--user", "ella", "--password", "secret")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("2 pass, 1 not supported", done.stdout)
        self.assertIn("CONNECT is written as bytes", done.stdout)

    def test_lacks(self):
        done = self.run_program("--broker", self.start(), "--lacks", "qos1", "subscribed")
        self.assertIn("(needs qos1, which the broker lacks)", done.stdout)


class Grid(Fixture):
    def describe(self, name, habits, more="", head=""):
        path = self.dir / f"{name}.toml"
        habits = ", ".join(f'"{habit}"' for habit in habits)
        path.write_text(f"""# a broker
name = "{name}"
title = "{name} <b>"
versions = ["3.1.1", "5.0"]
version_command = ["@broker@", "--version"]
{head}
[setup.plain]
command = ["@broker@", "@port@", {habits}]
{more}""")
        return path

    def run_grid(self, *words):
        return self.run_program("grid", "--set", f"broker={BROKER}", "--out", self.dir / "out",
                                *words)

    def check_links(self):
        pages = {path.name: self.check_page(path) for path in (self.dir / "out").glob("*.html")}
        for name, page in pages.items():
            for link in page.links:
                file, _, anchor = link.partition("#")
                self.assertIn(file or name, pages, link)
                if anchor:
                    self.assertIn(anchor, pages[file or name].ids, f"{name}: {link}")
        return pages

    def test_two_brokers(self):
        polite = self.describe("polite", ["late"], 'ready_line = "now it is ready"\n')
        mute = self.describe("mute", ["mute"], "[remarks]\n"
                             '"v3/3.12/pong" = "It is <mute>."\n')
        done = self.run_grid(polite, mute, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        pages = self.check_links()
        self.assertEqual(set(pages), {"index.html", "polite.html", "mute.html"})
        index = pages["index.html"].text
        self.assertIn("fake broker 1.2.3", index)
        self.assertIn('<a href="mute.html#v3/3.12/pong"', index)
        row = re.search(r'<tr class="([a-z ]*)"><td class=id>v3/3.12.4-1.*\n?.*</tr>', index)
        self.assertNotIn("same", row[1].split())
        self.assertIn("same", re.search(r'<tr class="([a-z ]*)"><td class=id>v5/3.1.2-6',
                                        index)[1].split())
        self.assertIn("It is &lt;mute&gt;.", pages["mute.html"].text)
        summary = (self.dir / "out" / "README.md").read_text()
        self.assertIn("v3/3.12/pong", summary)
        self.assertIn("It is \\<mute\\>.", summary)
        result = json.loads((self.dir / "out" / "mute.json").read_text())
        self.assertEqual(result["totals"]["fail"], 1)

    def test_setups_and_versions(self):
        path = self.describe("some", [], """
[setup.rules]
needs = ["acl"]
command = ["@dir@/start", "@port@"]
[setup.rules.files]
start = '''
#!/bin/sh
exec @broker@ "$@"
'''
""".replace("'''\n#!", "'''#!"), 'lacks = ["qos1"]')
        path.write_text(path.read_text().replace('"@dir@/start"', '"sh", "@dir@/start"'))
        self.assertEqual(self.run_grid(path, "--json").returncode, 0)
        result = json.loads((self.dir / "out" / "some.json").read_text())
        verdicts = {case["case"]: case["verdict"] for case in result["cases"]}
        self.assertEqual(verdicts["v5/3.1.2/needy"], "pass")
        self.assertEqual(verdicts["v5/3.1.2/subscribed"], "not supported")
        path.write_text(path.read_text().replace('["3.1.1", "5.0"]', '["3.1.1"]'))
        self.assertEqual(self.run_grid(path, "--json").returncode, 0)
        result = json.loads((self.dir / "out" / "some.json").read_text())
        good = next(case for case in result["cases"] if case["case"] == "v5/3.1.2/good")
        self.assertEqual(good["reason"], "does not speak 5.0")

    def test_a_broker_that_ends_is_started_again(self):
        for habits in (["crash"], ["crash", "lingers"]):
            path = self.describe("weak", habits)
            done = self.run_grid(path, "--json", "--jobs", "1")
            self.assertEqual(done.returncode, 0, done.stderr)
            result = json.loads((self.dir / "out" / "weak.json").read_text())
            cases = {case["case"]: case for case in result["cases"]}
            crash = cases["v3/3.12/crash"]
            self.assertEqual(crash["verdict"], "fail", habits)
            self.assertIn("the broker ended (exit status 3)", crash["reason"])
            self.assertEqual(cases["v5/3.1.2/good"]["verdict"], "pass", habits)
            self.assertIn("ended by itself during v3/3.12/crash",
                          (self.dir / "out" / "index.html").read_text())

    def test_errors(self):
        broken = self.dir / "broken.toml"
        for text, message in [
                ("name = 5\n", ":1: name: expected a string"),
                ('name = "x"\nversions = ["7"]\n', ":2: versions: expected 3.1"),
                ('name = "x"\n\nname = "y"\n', ":3: the key name is there already, in line 1"),
                ('name = "x"\n', ":1: versions is missing"),
                ("[setup.a]\nneeds = ['acl', 'x']\n", ":2: needs: 'x'")]:
            broken.write_text(text)
            done = self.run_grid(broken)
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"broken.toml{message}", done.stderr)
        done = self.run_grid(self.dir / "none.toml")
        self.assertIn("none.toml:1: can't be read", done.stderr)
        path = self.describe("same", [])
        self.assertIn("another broker with the name same", self.run_grid(path, path).stderr)
        path = self.describe("odd", [], '[remarks]\n"v3/9/none" = "x"\n')
        self.assertIn("no such case", self.run_grid(path).stderr)

    def test_brokers_that_do_not_start(self):
        path = self.describe("none", [])
        path.write_text(path.read_text().replace('["@broker@", "@port@", ]',
                                                 '["/nonexistent/broker"]'))
        done = self.run_grid(path)
        self.assertEqual(done.returncode, 2)
        self.assertIn("/nonexistent/broker: No such file", done.stderr)
        path.write_text(path.read_text().replace('["/nonexistent/broker"]',
                                                 '["sh", "-c", "echo out of luck; exit 4"]'))
        done = self.run_grid(path)
        self.assertIn("ended (exit status 4); it said:\nout of luck", done.stderr)
        path.write_text(path.read_text().replace("exit 4", "exec sleep 60") + "start_s = 1\n")
        begun = time.monotonic()
        self.assertIn("not ready in time", self.run_grid(path).stderr)
        self.assertLess(time.monotonic() - begun, 10)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
