#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""What a campaign is made of: lists that fit the tree, names, seeds, reports."""
import re
import sys
import unittest

import coverage
import harnesses
import known
import libfuzzer
import planted
import report
import seeds

RECORD = {
    "date": "2026-01-02", "commit": "abc1234", "seconds": 60, "cores": 2, "cpu_seconds": 3600,
    "harnesses": [
        {"name": "decode_fuzz", "what": "a | b", "executions": 1000000, "seconds": 10.0,
         "coverage": 5, "corpus": 7,
         "findings": [{"reason": "decode_fuzz: <oh>", "file": "oh-12345678"}]},
        {"name": "topic_fuzz", "what": "c", "executions": 0, "seconds": 0.0, "coverage": 0,
         "corpus": 0, "findings": []},
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


class Reports(unittest.TestCase):
    def test_text(self):
        text = report.as_markdown(RECORD, FILES)
        self.assertIn("1,000,000 executions in 1.00 CPU-hours on 2 cores (60 s); 1 findings.",
                      text)
        self.assertIn("| decode_fuzz | a \\| b | 1,000,000 | 100,000 | 7 | 1 |", text)
        self.assertIn("tools/fuzz replay decode_fuzz oh-12345678", text)
        self.assertIn("| codec | 10 | 20 | 50.0 |", text)

    def test_page(self):
        page = report.as_html(RECORD, FILES)
        self.assertIn("decode_fuzz: &lt;oh&gt;", page)
        self.assertNotIn("<script", page)
        self.assertIn('<td class="number">100.0</td>', page)

    def test_folders(self):
        self.assertEqual(coverage.by_folder(FILES), {"codec": (10, 20), "broker/core": (5, 5)})


if __name__ == "__main__":
    sys.exit(unittest.main())
