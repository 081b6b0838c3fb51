#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""What a campaign is made of: lists that fit the tree, names, seeds, reports."""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import campaign
import coverage
import harnesses
import known
import libfuzzer
import planted
import report
import seeds

PART = {
    "date": "2026-01-02", "commit": "abc1234", "seconds": 60, "cores": 2,
    "harnesses": [
        {"name": "decode_fuzz", "what": "a | b", "executions": 1000000, "cpu_seconds": 10.0,
         "coverage": 5, "corpus": 7,
         "findings": [{"reason": "decode_fuzz: <oh>", "file": "oh-12345678"}]},
        {"name": "topic_fuzz", "what": "c", "executions": 0, "cpu_seconds": 0.0, "coverage": 0,
         "corpus": 0, "findings": []},
    ],
}
LATER = {
    "date": "2026-01-03", "commit": "def5678", "seconds": 3600, "cores": 1,
    "harnesses": [
        {"name": "decode_fuzz", "what": "a | b", "executions": 500000, "cpu_seconds": 3590.0,
         "coverage": 6, "corpus": 8, "findings": []},
    ],
}
FILES = {"codec/a.c": (9, 10), "codec/b.c": (1, 10), "broker/core/c.c": (5, 5)}


class Lists(unittest.TestCase):
    def test_every_harness_is_a_file_and_every_file_a_harness(self):
        listed = {harness.name for harness in harnesses.load()}
        there = {path.stem for path in (harnesses.ROOT / "fuzz").glob("*_fuzz.cc")}
        self.assertEqual(listed, there)

    def test_every_corpus_has_inputs(self):
        for harness in harnesses.load():
            self.assertTrue(any(harness.corpus.iterdir()), harness.name)

    def test_an_unknown_harness_is_refused_with_those_there_are(self):
        with self.assertRaises(SystemExit) as refused:
            harnesses.load(["no_such_fuzz"])
        self.assertIn("there are decode_fuzz", str(refused.exception))

    def test_planted_faults_fit_the_code(self):
        faults = planted.load()
        self.assertEqual(planted.check(faults), [])
        self.assertGreaterEqual(len(faults), 10)
        self.assertEqual(len({fault["name"] for fault in faults}), len(faults))
        for fault in faults:
            harnesses.load([fault["harness"]])
            self.assertNotEqual(fault["old"], fault["new"])


class KnownFaults(unittest.TestCase):
    def test_each_is_an_input_as_it_is_told(self):
        folder = harnesses.ROOT / "fuzz/corpus/packets"
        there = {path.name: path.read_bytes() for path in folder.glob("known-*")}
        self.assertEqual(there, known.inputs(), "tools/fuzz known writes them")
        self.assertGreaterEqual(len(there), 20)

    def test_packets_are_as_long_as_they_say(self):
        on_purpose = {"first_packet_is_huge_and_no_connect", "variable_byte_integer_of_five_bytes",
                      "connect_that_announces_much_and_sends_little",
                      "packet_shorter_than_its_remaining_length"}
        for fault in known.load():
            for event in fault["events"]:
                if " > " not in event or fault["name"] in on_purpose:
                    continue
                content = known.content_of(event.split(" > ")[1])
                length, shift, at = 0, 0, 1
                while True:
                    length |= (content[at] & 127) << shift
                    shift, at = shift + 7, at + 1
                    if content[at - 1] < 128:
                        break
                self.assertEqual(len(content) - at, length, f"{fault['name']}: {event[:60]}")

    def test_what_is_no_byte_is_refused(self):
        with self.assertRaises(ValueError):
            known.content_of("10 0g")


class Words(unittest.TestCase):
    def test_reasons(self):
        self.assertEqual(libfuzzer.reason_of("x\ntopic_fuzz: another opinion on a name\ny"),
                         "topic_fuzz: another opinion on a name")
        self.assertEqual(libfuzzer.reason_of("==1==ERROR: AddressSanitizer: heap-use-after-free "
                                             "on address 0x1"),
                         "ERROR: AddressSanitizer: heap-use-after-free on")
        self.assertEqual(libfuzzer.reason_of("nothing"), "ended without a word")

    def test_names_say_what_it_was_and_differ_by_content(self):
        one = libfuzzer.name_of("decode_fuzz: oh no, 0xdead!", b"1")
        self.assertTrue(re.fullmatch(r"decode_fuzz_oh_no-[0-9a-f]{8}", one), one)
        self.assertNotEqual(one, libfuzzer.name_of("decode_fuzz: oh no, 0xdead!", b"2"))

    def test_status_lines(self):
        line = "#524288\tNEW    cov: 942 ft: 3000 corp: 801/32Kb lim: 64 exec/s: 62840 rss: 99Mb"
        self.assertEqual(libfuzzer.STATUS.match(line).groups(),
                         ("524288", "NEW", "942", "3000", "801", "62840"))


class Seeds(unittest.TestCase):
    def test_golden_packets_are_read_with_text_in_quotes(self):
        packets = list(seeds.golden_packets())
        self.assertGreater(len(packets), 300)
        self.assertTrue(any(b"MQTT" in packet for _, packet in packets))
        self.assertTrue(any(choice == 3 | 4 for choice, _ in packets))

    def test_comments_are_not_bytes(self):
        self.assertEqual(seeds.without_comment("10 # 20 '30'"), "10 ")
        self.assertEqual(seeds.without_comment("'#' 10 # 20"), "'#' 10 ")


class Time(unittest.TestCase):
    """CPU-hours are what the programs used of a processor, whatever the clock says."""

    def used_by(self, text):
        process = subprocess.Popen([sys.executable, "-c", text])
        used = libfuzzer.reap(process)
        self.assertEqual(process.returncode, 0)
        return used

    def test_who_sleeps_uses_nothing(self):
        idle = self.used_by("import time; time.sleep(2)")
        self.assertLess(idle, 1.5)

    def test_who_works_uses_what_he_says(self):
        busy = self.used_by("import time\nwhile time.process_time() < 0.5: pass")
        self.assertGreaterEqual(busy, 0.5)

    def test_it_is_known_while_one_works(self):
        process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        while libfuzzer.cpu_seconds_so_far(process) < 0.2:
            time.sleep(0.05)
        libfuzzer.end(process)
        self.assertGreaterEqual(libfuzzer.reap(process), 0.2)
        self.assertEqual(libfuzzer.cpu_seconds_so_far(process), 0.0)

    def test_children_count(self):
        work = "import time\nwhile time.process_time() < 0.5: pass"
        self.assertGreaterEqual(self.used_by(
            f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"), 0.5)


class Parts(unittest.TestCase):
    """A campaign goes on where it was."""

    def campaign(self, folder):
        options = argparse.Namespace(out=pathlib.Path(folder), time=1, cores=1, seed=1)
        return campaign.Campaign(harnesses.load(["decode_fuzz"]), {}, options)

    def test_a_run_is_one_more_part_and_not_one_for_each_time_it_is_saved(self):
        with tempfile.TemporaryDirectory() as folder:
            first = self.campaign(folder)
            first.ledgers[0].executions = 5
            first.save()
            self.assertEqual(len(first.save()), 1)
            second = self.campaign(folder)
            second.ledgers[0].executions = 7
            second.save()
            parts = campaign.parts_of(pathlib.Path(folder))
            self.assertEqual([report.executions(part) for part in parts], [5, 7])

    def test_fresh_forgets_them(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "out"
            campaign.prepare(out, False)
            self.campaign(out).save()
            campaign.prepare(out, True)
            self.assertEqual(campaign.parts_of(out), [])


class Findings(unittest.TestCase):
    """One is reduced while the campaign goes on."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        options = argparse.Namespace(out=self.folder, time=1, cores=1, seed=1)
        [harness] = harnesses.load(["decode_fuzz"])
        self.hunt = campaign.Campaign([harness], {"decode_fuzz": None}, options)
        self.may_go = threading.Event()
        self.hunt.reduce = self.reduce

    def reduce(self, _, file):
        self.may_go.wait()
        file.write_bytes(b"small")

    def find(self, name, reason, content):
        new = self.folder / "new"
        new.mkdir(exist_ok=True)
        (new / name).write_bytes(content)
        self.hunt.keep_finding(self.hunt.ledgers[0],
                               argparse.Namespace(reason=reason, found=new / name))

    def kept(self):
        return [(reason, pathlib.Path(file).read_bytes())
                for reason, file in self.hunt.ledgers[0].findings]

    def test_nobody_waits_for_it(self):
        self.find("crash-1", "oh", b"large and long")
        self.assertEqual(self.kept(), [("oh", b"large and long")])
        self.may_go.set()
        self.hunt.reducers[0].join()
        self.assertEqual(self.kept(), [("oh", b"small")])
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()),
                         ["new", libfuzzer.name_of("oh", b"small")])

    def test_the_same_again_is_kept_as_it_is(self):
        self.may_go.set()
        self.find("crash-1", "oh", b"one")
        self.hunt.reducers[0].join()
        self.find("crash-2", "oh", b"two")
        self.assertEqual(len(self.hunt.reducers), 1)
        self.assertEqual(self.kept(), [("oh", b"small")])
        self.assertTrue((self.folder / libfuzzer.name_of("oh", b"two")).exists())

    def test_what_never_ends_is_not_tried(self):
        self.find("timeout-1", "slow", b"for ever")
        self.assertEqual(self.hunt.reducers, [])
        self.assertEqual(self.kept(), [("slow", b"for ever")])


class Coverage(unittest.TestCase):
    def test_a_line_counts_what_is_entered_there_or_lasts_from_before(self):
        segments = [[1, 1, 7, True, True, False], [3, 5, 0, True, True, False],
                    [4, 2, 7, True, False, False], [6, 2, 0, False, False, False]]
        self.assertEqual(coverage.lines_of(segments), {1: 7, 2: 7, 3: 7, 4: 0, 5: 7, 6: 7})

    def test_a_gap_is_not_the_line_that_code_enters_behind_it(self):
        segments = [[1, 1, 9, True, True, False], [2, 6, 0, True, False, True],
                    [4, 5, 9, True, False, False], [6, 2, 0, False, False, False]]
        counts = coverage.lines_of(segments)
        self.assertEqual((counts[3], counts[4], counts[5]), (0, 9, 9))

    def test_what_was_not_run_stays_so(self):
        segments = [[1, 1, 9, True, True, False], [2, 6, 0, True, False, True],
                    [3, 5, 0, True, True, False], [4, 6, 0, False, False, False]]
        self.assertEqual(coverage.lines_of(segments)[3], 0)

    def test_what_the_preprocessor_leaves_out_is_no_line(self):
        segments = [[1, 1, 9, True, True, False], [2, 1, 0, False, True, False],
                    [4, 1, 9, True, False, False], [5, 2, 0, False, False, False]]
        self.assertEqual(sorted(coverage.lines_of(segments)), [1, 5])


class Reports(unittest.TestCase):
    def test_text(self):
        text = report.as_markdown([PART, LATER], FILES)
        self.assertIn("2026-01-02 to 2026-01-03: 1,500,000 executions in 1.00 CPU-hours; "
                      "1 finding.", text)
        self.assertIn("| 2026-01-02 | abc1234 | 0.00 | 2 | 60 s | 1,000,000 | 1 |", text)
        self.assertIn("| decode_fuzz | a \\| b | 1,500,000 | 3,600 | 417 | 8 | 1 |", text)
        self.assertIn("| decode_fuzz | abc1234 | decode_fuzz: <oh> |", text)
        self.assertIn("tools/fuzz replay decode_fuzz oh-12345678", text)
        self.assertIn("| codec | 10 | 20 | 50.0 |", text)

    def test_one_part_has_one_date(self):
        self.assertTrue(report.summary([LATER]).startswith("2026-01-03: 500,000 executions"))

    def test_page(self):
        page = report.as_html([PART], FILES)
        self.assertIn("decode_fuzz: &lt;oh&gt;", page)
        self.assertNotIn("<script", page)
        self.assertIn('<td class="number">100.0</td>', page)

    def test_folders(self):
        self.assertEqual(coverage.by_folder(FILES), {"codec": (10, 20), "broker/core": (5, 5)})


if __name__ == "__main__":
    sys.exit(unittest.main())
